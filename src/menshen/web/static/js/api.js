// Requests to this server, from this page's own session; nothing is asked of any other host.

import { language } from "./words.js";

const LOADING_PAUSE_MS = 1500;
const token = document.querySelector("meta[name=menshen-token]");

/** A problem the server answered with (RFC 9457), or none when it did not answer. */
export class Problem extends Error {
  constructor(document) {
    super(document?.detail ?? "no answer");
    this.document = document;
  }
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** Ask for a new session: the one of an old page ends after half an hour. */
async function renew() {
  const page = new DOMParser().parseFromString(await (await fetch("/")).text(), "text/html");
  token.content = page.querySelector("meta[name=menshen-token]").content;
}

async function once(path, init) {
  const headers = { "X-Menshen-Page": token.content, "Accept-Language": language() };
  let answer;
  try {
    answer = await fetch(path, { ...init, headers });
    if (answer.ok) return await answer.json();
  } catch {
    throw new Problem(null);
  }
  throw new Problem(await answer.json().catch(() => null));
}

/** Ask, renewing a session that is over, and waiting while models load. */
export async function ask(path, { form, onWait } = {}) {
  const init = form ? { method: "POST", body: form } : {};
  let renewed = false;
  for (;;) {
    try {
      return await once(path, init);
    } catch (problem) {
      const code = problem.document?.code;
      if (code === "session-expired" && !renewed) {
        renewed = true;
        await renew();
      } else if (code === "not-ready" && onWait) {
        onWait();
        await pause(LOADING_PAUSE_MS);
      } else {
        throw problem;
      }
    }
  }
}
