import { Life, asker, bytes, h, status } from "./shared.js";
import { mount } from "./listening.js";

/** @typedef {import("./listening_trial.js").Vote} Vote */

// How long the kernel may take to write an answer before the page says that it did not, in milliseconds.
const PATIENCE = 10_000;

/** @param {{model: import("./shared.js").Model, el: HTMLElement}} view */
function render({ model, el }) {
  const life = new Life();
  const { element: line, say } = status();
  const ask = asker(model, life, say);
  const sheet = model.get("_sheet");
  const listener = model.get("_listener");
  const row = model.get("_row");

  // What the kernel has not confirmed is kept in the browser, too: a kernel that ended takes nothing, and this view ends with it.
  const key = `voicenb-listening:${sheet.id}:${sheet.hash}:${listener}:unwritten`;
  /** @returns {Vote[]} */
  function unwritten() {
    try {
      return JSON.parse(localStorage.getItem(key) ?? "[]");
    } catch {
      return [];
    }
  }
  /** @param {Vote[]} votes */
  function hold(votes) {
    try {
      if (votes.length) localStorage.setItem(key, JSON.stringify(votes));
      else localStorage.removeItem(key);
    } catch {
      // The view itself still holds them.
    }
  }

  /** @param {Record<string, any>} question @returns {Promise<any>} */
  const patient = (question) =>
    Promise.race([
      ask(question),
      new Promise((_, reject) => setTimeout(() => reject(new Error("The kernel does not answer.")), PATIENCE)),
    ]);
  /** @param {Vote} vote */
  async function keep(vote) {
    hold([...unwritten().filter((one) => one.trial !== vote.trial), vote]);
    await patient({ kind: "keep", vote }).catch(async (error) => {
      // It may have been written, and the answer came too late; a second time it would perhaps be refused.
      const { votes } = await patient({ kind: "votes" });
      const written = votes.some((/** @type {Vote} */ one) => one.trial === vote.trial && one.at === vote.at && !one.draft === !vote.draft);
      if (!written) throw error;
    });
    hold(unwritten().filter((one) => one.trial !== vote.trial || one.at !== vote.at));
  }

  el.append(h("p", { class: "vn-title", dir: "auto", lang: sheet.lang }, sheet.title), line);
  const place = el.appendChild(h("div", {}));
  life.free(
    mount(place, {
      sheet,
      row,
      listener,
      audio: async (trial, sound) => bytes(await ask({ kind: "audio", trial, sound })),
      async votes() {
        // One that the kernel does not take is asked anew.
        for (const vote of unwritten()) await keep(vote).catch(() => {});
        return (await ask({ kind: "votes" })).votes;
      },
      keep,
      finish: () => patient({ kind: "finish" }),
    }),
  );
  return () => life.end();
}

export default { render };
