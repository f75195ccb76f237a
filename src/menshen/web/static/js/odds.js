// Rates as people read them, and on a line from "every other stranger" to "one in a million".

import { el, svg } from "./dom.js";
import { language, say } from "./words.js";

const WIDEST = 640;
const MARGIN = 12;
const MOST = Math.log10(0.5);
const LEAST = -6;
const TICKS = [-1, -2, -3, -4, -5, -6];

/** Say a rate: "1 in 41,000". */
export function odds(rate) {
  if (rate > 0.7) return say("odds_most");
  if (rate >= 0.4) return say("odds_half");
  const inverse = Math.min(1 / rate, 10 ** -LEAST); // finer claims no table here can carry
  const digits = Math.max(0, Math.floor(Math.log10(inverse)) - 1);
  const round = Math.round(inverse / 10 ** digits) * 10 ** digits;
  return say("odds", { n: round.toLocaleString(language() === "zh" ? "zh-CN" : "en-GB") });
}

/** Return the line, with this pair's rate and the policy's on it, for so many pixels of room. */
export function scale({ fmr_bound: pair, fmr_policy: policy }, room) {
  const width = Math.min(WIDEST, room);
  const place = (rate) => {
    const power = Math.min(MOST, Math.max(LEAST, Math.log10(rate)));
    return MARGIN + ((MOST - power) / (MOST - LEAST)) * (width - 2 * MARGIN);
  };
  const text = (x, y, words, kind = "") => {
    const anchor = x < width / 3 ? "start" : x > (width * 2) / 3 ? "end" : "middle";
    const shift = { start: -MARGIN + 4, middle: 0, end: MARGIN - 4 }[anchor];
    return svg("text", { x: x + shift, y, class: kind, "text-anchor": anchor }, words);
  };
  const [you, bound] = [place(pair), place(policy)];
  const [yours, allowed] = [`${say("scale_you")}: ${odds(pair)}`, `${say("scale_policy")}: ${odds(policy)}`];
  const drawing = svg(
    "svg",
    { viewBox: `0 0 ${width} 96`, role: "img", "aria-label": `${yours}. ${allowed}.` },
    svg("line", { class: "axis", x1: MARGIN, x2: width - MARGIN, y1: 42, y2: 42 }),
    ...TICKS.map((power) => place(10 ** power)).map((x) => svg("line", { class: "tick", x1: x, x2: x, y1: 38, y2: 46 })),
    text(place(0.5), 65, say("scale_from")),
    text(place(1e-6), 65, say("scale_to")),
    svg("line", { class: "bound", x1: bound, x2: bound, y1: 24, y2: 72 }),
    text(bound, 88, allowed),
    svg("circle", { class: "you", cx: you, cy: 42, r: 9 }),
    text(you, 18, yours, "strong"),
  );
  return el("div", { class: "odds" }, el("h3", {}, say("scale_title")), drawing);
}
