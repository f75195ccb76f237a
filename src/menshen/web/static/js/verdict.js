// The decision: what it is, what it means, why, and what would change it.

import { el, svg } from "./dom.js";
import { odds, scale } from "./odds.js";
import { of, onLanguage, say } from "./words.js";

const SIGNS = {
  accept: "M15 25l7 7 12-15",
  reject: "M16 16l16 16M32 16L16 32",
  review: "M24 14v13M24 34v.1",
  error: "M24 14v13M24 34v.1",
};
const NUMBERS = [
  "fmr_bound",
  "fmr_policy",
  "similarity",
  "threshold",
  "normalised",
  "threshold_normalised",
  "fnmr",
  "quality_a",
  "quality_b",
];

class Verdict extends HTMLElement {
  #answer = null;
  #problem = null;

  connectedCallback() {
    onLanguage(() => this.#show());
  }

  /** Show an answer of /v1/compare. */
  tell(answer) {
    [this.#answer, this.#problem] = [answer, null];
    this.#show();
    this.#comeIntoView();
  }

  /** Show a problem; null stands for a server that did not answer. */
  regret(problem) {
    [this.#answer, this.#problem] = [null, problem ?? { advice: say("error_network") }];
    this.#show();
    this.#comeIntoView();
  }

  clear() {
    this.#answer = this.#problem = null;
    this.#show();
  }

  #comeIntoView() {
    this.focus({ preventScroll: true });
    this.scrollIntoView({ block: "nearest" });
  }

  #show() {
    this.hidden = !this.#answer && !this.#problem;
    this.dataset.outcome = this.#answer?.outcome ?? "error";
    if (this.#answer) this.replaceChildren(...decision(this.#answer, this.parentElement.clientWidth));
    else if (this.#problem) this.replaceChildren(ruling("error", heading(this.#problem), this.#problem.advice));
    else this.replaceChildren();
  }
}

function heading(problem) {
  const which = problem.picture ? `${say(`error_${problem.picture}`)}: ` : "";
  return which + (problem.title ?? say("error"));
}

function ruling(outcome, title, meaning) {
  const circle = svg("circle", { cx: 24, cy: 24, r: 23 });
  const sign = svg("svg", { viewBox: "0 0 48 48", "aria-hidden": "true" }, circle, svg("path", { d: SIGNS[outcome] }));
  return el("div", { class: "ruling" }, sign, el("h2", { id: "ruling" }, title), el("p", { id: "meaning" }, meaning));
}

function decision(answer, room) {
  const { outcome, numbers } = answer;
  const places = { odds: odds(numbers.fmr_bound), policy: odds(numbers.fmr_policy) };
  return [
    ruling(outcome, say(`outcome_${outcome}`), say(`meaning_${outcome}`, places)),
    scale(numbers, room),
    el("div", { class: "columns" }, list("why", answer.reasons), list("change", answer.would_change)),
    details(answer),
  ];
}

function list(title, reasons) {
  if (reasons.length === 0) return "";
  const items = reasons.map((reason) => el("li", {}, ...prose(of(reason.text))));
  return el("section", {}, el("h3", {}, say(title)), el("ul", {}, ...items));
}

/** Set what stands between backticks as code. */
const prose = (text) => text.split("`").map((part, i) => (i % 2 ? el("code", {}, part) : part));

function details(answer) {
  const known = NUMBERS.filter((name) => answer.numbers[name] !== null);
  const figures = known.map((name) => row(say(`n_${name}`), figure(name, answer.numbers[name])));
  const source = ["pack", "contract", "calibration"].map((name) => row(say(`n_${name}`), answer[name]));
  const table = el("table", {}, el("tbody", {}, ...figures, ...source));
  return el("details", {}, el("summary", {}, say("numbers")), table);
}

const row = (name, value) => el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, value));

function figure(name, number) {
  if (name.startsWith("fmr")) return odds(number);
  if (name === "fnmr") return `${(100 * number).toPrecision(2)} %`;
  return Number.isInteger(number) ? String(number) : number.toFixed(3);
}

customElements.define("menshen-verdict", Verdict);
