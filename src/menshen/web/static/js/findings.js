// What was found in one picture, in words: quality, tips, all measurements.

import { el } from "./dom.js";
import { of, say } from "./words.js";

const GOOD = 70;
const USABLE = 30;
const MOST_TIPS = 3;

/** Return the elements that tell of an answer of /v1/inspect. */
export function findings(found) {
  if (found.faces.length === 0) return [trouble(say("no_face"))];
  const several = found.faces.length > 1;
  const notes = several ? [trouble(say("several_faces", { count: found.faces.length }))] : [];
  const { quality } = found.faces[0];
  return [...notes, grade(quality.overall), tips(quality.components), all(quality.components)];
}

export const trouble = (text) => el("p", { class: "trouble" }, text);

function grade(overall) {
  const value = say("quality_of", { value: overall });
  const bounds = { min: 0, max: 100, low: USABLE, high: GOOD, optimum: 100 };
  return el(
    "div",
    { class: "grade" },
    el("b", {}, say("quality")),
    el("meter", { ...bounds, value: overall, "aria-label": say("quality") }, value),
    el("span", {}, value),
  );
}

function tips(components) {
  const poor = components
    .filter((component) => component.value < GOOD)
    .sort((a, b) => b.critical - a.critical || a.value - b.value)
    .map((component) => of(component.tip));
  const said = [...new Set(poor)].slice(0, MOST_TIPS);
  if (said.length === 0) return el("p", {}, say("quality_good"));
  const list = el("ul", { class: "tips" }, ...said.map((tip) => el("li", {}, tip)));
  return el("div", {}, el("p", { class: "quiet" }, say("quality_tips")), list);
}

function all(components) {
  const head = el("thead", {}, el("tr", {}, ...["component", "value"].map((name) => el("th", { scope: "col" }, say(name)))));
  const rows = components.map((component) =>
    el("tr", {}, el("th", { scope: "row" }, of(component.label)), el("td", {}, String(component.value))),
  );
  return el("details", {}, el("summary", {}, say("quality_all")), el("table", {}, head, el("tbody", {}, ...rows)));
}
