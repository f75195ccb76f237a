// Rates as people read them, and on a line from "every other stranger" to "one in a million".

import { el, svg } from "./dom.js";
import { language, say } from "./words.js";

const WIDTH = 640;
const LEFT = 24;
const RIGHT = WIDTH - 24;
const MOST = Math.log10(0.5);
const LEAST = -6;

/** Say a rate: "1 in 41,000". */
export function odds(rate) {
  if (rate > 0.7) return say("odds_most");
  if (rate >= 0.4) return say("odds_half");
  const inverse = 1 / rate;
  const digits = Math.max(0, Math.floor(Math.log10(inverse)) - 1);
  const round = Math.round(inverse / 10 ** digits) * 10 ** digits;
  return say("odds", { n: round.toLocaleString(language() === "zh" ? "zh-CN" : "en-GB") });
}

const place = (rate) => {
  const power = Math.min(MOST, Math.max(LEAST, Math.log10(rate)));
  return LEFT + ((MOST - power) / (MOST - LEAST)) * (RIGHT - LEFT);
};

const anchor = (x) => (x < 120 ? "start" : x > WIDTH - 120 ? "end" : "middle");

/** Return the line, with this pair's rate and the policy's on it. */
export function scale({ fmr_bound: pair, fmr_policy: policy }) {
  const [you, bound] = [place(pair), place(policy)];
  const ticks = [-1, -2, -3, -4, -5, -6].map((power) => place(10 ** power));
  const drawing = svg(
    "svg",
    { viewBox: `0 0 ${WIDTH} 92`, role: "img", "aria-label": `${say("scale_you")}: ${odds(pair)}. ${say("scale_policy")}: ${odds(policy)}.` },
    svg("line", { class: "axis", x1: LEFT, x2: RIGHT, y1: 46, y2: 46 }),
    ...ticks.map((x) => svg("line", { class: "tick", x1: x, x2: x, y1: 42, y2: 50 })),
    svg("line", { class: "bound", x1: bound, x2: bound, y1: 26, y2: 66 }),
    svg("text", { x: bound, y: 84, "text-anchor": anchor(bound) }, `${say("scale_policy")}: ${odds(policy)}`),
    svg("circle", { class: "you", cx: you, cy: 46, r: 9 }),
    svg("text", { class: "strong", x: you, y: 18, "text-anchor": anchor(you) }, `${say("scale_you")}: ${odds(pair)}`),
  );
  return el("div", { class: "odds" }, el("h3", {}, say("scale_title")), drawing);
}
