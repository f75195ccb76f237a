// The page's words in the language chosen. Every element with data-w carries the name of its words.

const page = JSON.parse(document.getElementById("words").textContent);
const HTML_LANG = { en: "en", zh: "zh-Hans" };
const listeners = new Set();
let now = page.now;

export const samples = page.samples;
export const language = () => now;

/** Return the words `name`, with {places} filled in. */
export function say(name, places = {}) {
  const words = page.words[now][name] ?? name;
  return words.replace(/\{(\w+)\}/g, (whole, key) => places[key] ?? whole);
}

/** Return the reader's half of a {en, zh} pair. */
export const of = (pair) => pair[now] ?? pair.en;

/** Put the words `name` on an element, and keep them right when the language changes. */
export function label(element, name) {
  element.dataset.w = name;
  element.textContent = say(name);
}

export const onLanguage = (listener) => listeners.add(listener);

function choose(language) {
  now = language;
  document.documentElement.lang = HTML_LANG[now];
  document.title = say("title");
  for (const element of document.querySelectorAll("[data-w]")) {
    element.textContent = say(element.dataset.w, { version: page.version });
  }
  for (const element of document.querySelectorAll("[data-w-label]")) {
    element.setAttribute("aria-label", say(element.dataset.wLabel));
  }
  for (const link of document.querySelectorAll("[data-language]")) {
    link.toggleAttribute("aria-current", link.dataset.language === now);
    if (link.dataset.language === now) link.setAttribute("aria-current", "true");
  }
  for (const listener of listeners) listener();
}

for (const link of document.querySelectorAll("[data-language]")) {
  link.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    history.replaceState(null, "", link.href);
    choose(link.dataset.language);
  });
}
