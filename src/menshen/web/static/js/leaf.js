// One leaf of the door: takes a picture, shows it with what was found in it.

import { ask } from "./api.js";
import { parts } from "./dom.js";
import { decode, draw } from "./draw.js";
import { findings, trouble } from "./findings.js";
import { label, onLanguage, say } from "./words.js";

class Leaf extends HTMLElement {
  file = null;
  found = null;
  #bitmap = null;
  #problem = null;
  #turn = 0;

  connectedCallback() {
    this.parts = parts(this);
    const { choose, file, remove, camera } = this.parts;
    choose.addEventListener("click", () => file.click());
    file.addEventListener("change", () => file.files[0] && this.take(file.files[0]));
    remove.addEventListener("click", () => this.clear());
    camera.addEventListener("click", () => this.#openCamera());
    this.addEventListener("dragover", (event) => this.#over(event));
    this.addEventListener("dragleave", () => this.classList.remove("is-over"));
    this.addEventListener("drop", (event) => this.#dropped(event));
    onLanguage(() => this.#show());
  }

  /** Whether there is a picture to send. */
  get filled() {
    return this.file !== null;
  }

  /** Take a picture: show it, and ask the server what is in it. */
  async take(file) {
    const turn = ++this.#turn;
    this.#reset(file);
    this.#announce();
    this.parts.looking.hidden = false;
    await this.#decode(file, turn);
    await this.#inspect(file, turn);
    if (turn !== this.#turn) return;
    this.parts.looking.hidden = true;
    this.#show();
    this.#announce();
  }

  /** Forget the picture. */
  clear() {
    this.#turn += 1;
    this.#reset(null);
    this.parts.looking.hidden = true;
    this.parts.file.value = "";
    this.#show();
    this.#announce();
    this.parts.choose.focus();
  }

  #reset(file) {
    this.#bitmap?.close();
    Object.assign(this, { file, found: null });
    this.#bitmap = this.#problem = null;
    this.parts.findings.replaceChildren();
    this.parts.canvas.hidden = true;
  }

  async #decode(file, turn) {
    const bitmap = await decode(file).catch(() => null);
    if (turn !== this.#turn) return;
    this.#bitmap = bitmap;
    this.#show();
  }

  async #inspect(file, turn) {
    const form = new FormData();
    form.append("picture", file, "picture");
    const onWait = () => label(this.parts.looking, "loading_models");
    try {
      const found = await ask("/v1/inspect", { form, onWait });
      if (turn === this.#turn) this.found = found;
    } catch (problem) {
      if (turn === this.#turn) this.#problem = problem.document ?? { advice: say("error_network") };
    }
    label(this.parts.looking, "looking");
  }

  #show() {
    const { canvas, remove, choose, findings: list } = this.parts;
    this.classList.toggle("is-filled", this.#bitmap !== null);
    canvas.hidden = this.#bitmap === null;
    remove.hidden = !this.filled;
    label(choose, this.filled ? "replace" : "choose");
    if (this.#bitmap) draw(canvas, this.#bitmap, this.found);
    const count = this.found?.faces.length ?? 0;
    const name = this.#bitmap ? "picture_alt_faces" : "picture_alt_none";
    canvas.setAttribute("aria-label", say(name, { count }));
    if (this.#problem) list.replaceChildren(trouble([this.#problem.title, this.#problem.advice].filter(Boolean).join(": ")));
    else list.replaceChildren(...(this.found ? findings(this.found) : []));
  }

  #announce() {
    this.dispatchEvent(new CustomEvent("leaf-change", { bubbles: true }));
  }

  async #openCamera() {
    const picture = await document.querySelector("menshen-camera").capture();
    this.parts.camera.focus();
    if (picture) await this.take(picture);
  }

  #over(event) {
    event.preventDefault();
    this.classList.add("is-over");
  }

  #dropped(event) {
    event.preventDefault();
    this.classList.remove("is-over");
    const [file] = event.dataTransfer.files;
    if (file) this.take(file);
  }
}

customElements.define("menshen-leaf", Leaf);
