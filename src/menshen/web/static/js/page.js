// The try-it page: two leaves, one question.

import { ask } from "./api.js";
import "./camera.js";
import "./leaf.js";
import "./verdict.js";
import { label, onLanguage, samples, say } from "./words.js";

const LEVELS = ["none", "convenience", "counter", "remote", "sign-in"];
const leaves = [...document.querySelectorAll("menshen-leaf")];
const [verdict, doors, go, state, level] = ["verdict", "doors", "go", "state", "level"].map((id) =>
  document.getElementById(id),
);
let models = null;
let busy = false;

function changed() {
  verdict.clear();
  delete doors.dataset.outcome;
  invite();
}

function invite() {
  const ready = leaves.every((leaf) => leaf.filled) && !busy;
  go.setAttribute("aria-disabled", String(!ready));
  label(state, busy ? "comparing" : ready ? "ready" : "need_two");
}

async function compare(event) {
  event.preventDefault();
  if (go.getAttribute("aria-disabled") === "true") return;
  const form = new FormData();
  for (const leaf of leaves) form.append(leaf.dataset.side, leaf.file, "picture");
  form.append("level", level.value);
  busy = true;
  invite();
  try {
    const answer = await ask("/v1/compare", { form, onWait: () => label(state, "loading_models") });
    doors.dataset.outcome = answer.outcome;
    verdict.tell(answer);
  } catch (problem) {
    verdict.regret(problem.document);
  }
  busy = false;
  invite();
}

function tellModels() {
  if (!models) return;
  const name = say(`level_name_${models.assurance}`);
  document.getElementById("level-help").textContent = say("level_help", { level: name });
  document.getElementById("pack-line").textContent = say("footer_pack", { pack: models.pack, level: name });
}

async function learnModels() {
  models = await ask("/v1/models", { onWait: () => label(state, "loading_models") }).catch(() => null);
  if (!models) return;
  const most = LEVELS.indexOf(models.assurance);
  for (const option of level.options) option.disabled = LEVELS.indexOf(option.value) > most;
  if (level.selectedOptions[0]?.disabled && most > 0) level.value = models.assurance;
  tellModels();
  invite();
}

const fetched = async (url) => (await fetch(url)).blob();

async function cast(urls) {
  await Promise.all(urls.map(async (url, i) => leaves[i].take(await fetched(url))));
}

function pair(same) {
  const first = samples[Math.floor(Math.random() * samples.length)];
  const others = samples.filter((s) => s.url !== first.url && (s.actor === first.actor) === same);
  const second = others[Math.floor(Math.random() * others.length)];
  if (second) cast([first.url, second.url]);
}

function offerSamples() {
  for (const [id, same] of [["samples-same", true], ["samples-different", false]]) {
    document.getElementById(id)?.addEventListener("click", () => pair(same));
  }
  for (const button of document.querySelectorAll("[data-sample]")) {
    button.addEventListener("click", async () => {
      const leaf = leaves.find((one) => !one.filled) ?? leaves[1];
      leaf.take(await fetched(button.dataset.sample));
    });
  }
}

// A picture dropped beside a leaf must not make the browser leave the page.
for (const kind of ["dragover", "drop"]) document.addEventListener(kind, (event) => event.preventDefault());
document.addEventListener("leaf-change", changed);
document.getElementById("compare").addEventListener("submit", compare);
level.addEventListener("change", changed);
onLanguage(tellModels);
offerSamples();
invite();
learnModels();
