// Takes one picture with the camera, or says in plain words why it cannot.

import { parts } from "./dom.js";
import { label } from "./words.js";

const WISH = { video: { facingMode: "user", width: { ideal: 1280 }, height: { ideal: 960 } }, audio: false };
const REASONS = {
  NotAllowedError: "camera_denied",
  SecurityError: "camera_denied",
  NotFoundError: "camera_none",
  OverconstrainedError: "camera_none",
  NotReadableError: "camera_busy",
  AbortError: "camera_busy",
};

class Camera extends HTMLElement {
  #stream = null;
  #finish = () => {};

  connectedCallback() {
    this.parts = parts(this);
    this.dialog = this.querySelector("dialog");
    this.video = this.querySelector("video");
    this.parts.take.addEventListener("click", () => this.#take());
    this.parts.cancel.addEventListener("click", () => this.dialog.close());
    this.dialog.addEventListener("close", () => this.#end(null));
  }

  /** Open the camera; resolves to a JPEG blob, or to null when the person cancels. */
  capture() {
    this.parts.take.disabled = true;
    label(this.parts.message, "camera_starting");
    this.dialog.showModal();
    this.#start();
    return new Promise((finish) => (this.#finish = finish));
  }

  async #start() {
    if (!navigator.mediaDevices) {
      label(this.parts.message, "camera_insecure");
      return;
    }
    try {
      const stream = await navigator.mediaDevices.getUserMedia(WISH);
      if (!this.dialog.open) return void stop(stream);
      this.#stream = this.video.srcObject = stream;
      await this.video.play();
      label(this.parts.message, "camera_hint");
      this.parts.take.disabled = false;
      this.parts.take.focus();
    } catch (error) {
      label(this.parts.message, REASONS[error.name] ?? "camera_denied");
    }
  }

  #take() {
    const canvas = document.createElement("canvas");
    canvas.width = this.video.videoWidth;
    canvas.height = this.video.videoHeight;
    canvas.getContext("2d").drawImage(this.video, 0, 0);
    canvas.toBlob((blob) => this.#end(blob), "image/jpeg", 0.92);
  }

  #end(picture) {
    if (this.#stream) stop(this.#stream);
    this.#stream = this.video.srcObject = null;
    const finish = this.#finish;
    this.#finish = () => {};
    if (this.dialog.open) this.dialog.close();
    finish(picture);
  }
}

function stop(stream) {
  for (const track of stream.getTracks()) track.stop();
}

customElements.define("menshen-camera", Camera);
