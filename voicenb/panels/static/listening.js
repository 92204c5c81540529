import { Life, h, status } from "./shared.js";
import { loudspeaker } from "./listening_sounds.js";
import { headphoneTrial, headphoneTrials } from "./listening_headphones.js";
import { trialView } from "./listening_trial.js";

/** @typedef {import("./listening_trial.js").Sheet} Sheet */
/** @typedef {import("./listening_trial.js").Vote} Vote */

/**
 * @typedef {Object} Transport  Where a test's sounds come from, and its votes go.
 * @property {Sheet} sheet
 * @property {number} row  Which of the orders is this listener's.
 * @property {string} listener
 * @property {(trial: string, sound: string) => Promise<ArrayBuffer>} audio  A whole WAV.
 * @property {() => Promise<Vote[]>} votes  What was answered before.
 * @property {(vote: Vote) => Promise<void>} keep  Resolves when it is written.
 * @property {() => Promise<void>} finish
 * @property {(name: string) => void} [save]  Offers the answer file.
 * @property {() => string} [name]  What the listener typed before as a name.
 */

/**
 * @typedef {Object} Step
 * @property {string} trial
 * @property {string[]} sounds
 * @property {number} place  In the row; −1 for training.
 */

/**
 * A listening test from its first trial without an answer to its end.
 * @param {HTMLElement} el
 * @param {Transport} transport
 * @param {HTMLElement} [scope]  Where keys are heard; without it within `el`.
 * @returns {() => void} Ends it.
 */
export function mount(el, transport, scope = el) {
  const life = new Life();
  const { sheet, row } = transport;
  const speaker = loudspeaker(life, sheet.rate);
  const { element: line, say } = status();
  const unseen = h("div", { class: "vn-unseen", "aria-live": "polite" });
  /** @param {string} text */
  const tell = (text) => {
    if (unseen.textContent !== text) unseen.textContent = text;
  };
  const heading = h("h2", { class: "vn-heading", tabindex: -1 });
  const progress = h("progress", { "aria-label": "Trials answered" });
  const stage = h("div", {});
  const problem = h("div", { class: "vn-problem", role: "alert", hidden: true });
  const save = transport.save ? h("button", { type: "button", class: "vn-press vn-save", onclick: offer }, "Save my answers so far") : null;
  const root = h("div", { class: "vn vn-listening", role: "group", "aria-label": "Listening test" }, h("div", { class: "vn-top" }, heading, progress), stage, problem, line, unseen, save ? h("div", { class: "vn-foot" }, save) : null);
  el.append(root);

  /** The latest vote of each trial. @type {Map<string, Vote>} */
  const known = new Map();
  /** Votes that are not written yet, in their order. @type {Vote[]} */
  let outbox = [];
  /** @type {Promise<boolean> | null} */
  let writing = null;
  /** @type {Life | null} */
  let own = null;
  /** @type {{act: (key: string) => boolean} | null} */
  let view = null;
  let entered = false; // whether an answer is on its way, so that it is given once
  const name = transport.save ? h("input", { type: "text", autocomplete: "off", maxlength: 80, value: transport.name?.() ?? "" }) : null;

  const training = new Set(sheet.training);
  const order = sheet.orders[row];
  /** @type {Step[]} */
  const scored = order.flatMap(([trial, sounds], place) => (training.has(trial) ? [] : [{ trial, sounds, place }]));
  const practice = sheet.training.map((trial) => ({
    trial,
    sounds: order.find(([id]) => id === trial)?.[1] ?? sheet.trials[trial].sounds,
    place: -1,
  }));
  const total = scored.length;
  /** @param {string} trial */
  const done = (trial) => known.has(trial) && !known.get(trial)?.draft;
  const answered = () => scored.filter(({ trial }) => done(trial)).length;

  // ── Writing ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Writes what waits; false where that did not succeed, and then it goes on waiting. */
  function flush() {
    writing ??= (async () => {
      try {
        while (outbox.length) {
          const [vote] = outbox;
          await transport.keep(vote);
          outbox = outbox.filter((one) => one !== vote);
        }
        problem.hidden = true;
        return true;
      } catch (error) {
        failed(/** @type {Error} */ (error).message);
        return false;
      } finally {
        writing = null;
      }
    })();
    return writing;
  }

  /** @param {Vote} vote @returns {Promise<boolean>} */
  async function keep(vote) {
    known.set(vote.trial, vote);
    // Of a trial's drafts the last one counts.
    outbox = [...outbox.filter((one) => one.trial !== vote.trial || one.place !== vote.place), vote];
    let written = await flush();
    // It may have come while another one was being written.
    while (written && outbox.length) written = await flush();
    return written;
  }

  /** @param {string} why */
  function failed(why) {
    const again = h("button", { type: "button", class: "vn-press", onclick: () => flush().then((written) => written && entered && next()) }, "Try again");
    const file = transport.save ? h("button", { type: "button", class: "vn-press", onclick: offer }, "Save my answers") : null;
    problem.replaceChildren(h("p", {}, `Your answer could not be written: ${why} It is kept on this page; leave the page open.`), again, file ?? "");
    problem.hidden = false;
  }

  function offer() {
    transport.save?.(name?.value.trim() ?? "");
    say("The file with your answers was offered for saving.");
  }

  // ── The course ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** @param {string} title @param {boolean} focus */
  function turn(title, focus) {
    own?.end();
    own = new Life();
    entered = false;
    heading.textContent = title;
    progress.max = total;
    progress.value = answered();
    progress.setAttribute("aria-valuetext", `${answered()} of ${total}`);
    stage.replaceChildren();
    say("");
    tell("");
    if (focus) heading.focus();
    return own;
  }

  /** @param {Vote} vote */
  async function give(vote) {
    if (entered) return;
    entered = true;
    const written = await keep(vote);
    if (written && !life.over) next();
  }

  /** @param {boolean} [focus]  Not at the beginning, when nobody has asked for it. */
  function next(focus = true) {
    if (sheet.headphones && !known.has("headphones")) return check(headphoneTrials(), 0, focus);
    const step = [...practice, ...scored].find(({ trial }) => !done(trial));
    if (!step) return end(focus);
    const { trial, sounds, place } = step;
    const title =
      place < 0
        ? `Practice ${practice.findIndex((one) => one.trial === trial) + 1} of ${practice.length}`
        : `Trial ${scored.indexOf(step) + 1} of ${total}`;
    const mine = turn(title, focus);
    const shown = trialView(mine, {
      sheet,
      trial,
      sounds,
      place,
      draft: known.get(trial),
      fetch: (sound) => transport.audio(trial, sound),
      speaker,
      say,
      tell,
      keep,
      answered: give,
    });
    view = shown;
    stage.append(shown.element);
    if (place < 0) shown.element.prepend(h("p", {}, "This one is for practice; it does not count."));
  }

  /** @param {string[]} orders @param {number} right  How many were right until now. @param {boolean} focus */
  function check(orders, right, focus, began = performance.now()) {
    const mine = turn(`Headphones ${7 - orders.length} of 6`, focus);
    const shown = headphoneTrial(mine, {
      order: orders[0],
      speaker,
      say,
      answered: (hit) => {
        const sum = right + Number(hit);
        if (orders.length > 1) return check(orders.slice(1), sum, true, began);
        const seconds = Math.round(performance.now() - began) / 1000;
        give({ trial: "headphones", place: -1, sounds: [], answer: { right: sum, of: 6 }, at: Date.now(), seconds, plays: {} });
      },
    });
    view = shown;
    stage.append(shown.element);
  }

  /** @param {boolean} focus */
  async function end(focus) {
    turn(`Thank you. ${answered()} of ${total} answered.`, focus);
    view = null;
    try {
      await transport.finish();
    } catch (error) {
      entered = true;
      return failed(/** @type {Error} */ (error).message);
    }
    if (life.over || !save || !name) return;
    stage.append(h("p", {}, "Save your answers as a file, and send it to whoever gave you this page."), h("label", { class: "vn-name" }, "Your name, if you wish", name));
    save.textContent = "Save my answers";
    save.classList.add("vn-confirm");
  }

  /** @param {KeyboardEvent} event */
  function pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || !view) return;
    const target = /** @type {HTMLElement} */ (event.target);
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (target.closest("input[type=text], textarea, select")) return event.stopPropagation();
    // Buttons, links and boxes answer these themselves; the notebook must not act on them either.
    const native = { Enter: "button, a, [type=checkbox]", " ": "button, a, [type=checkbox], [type=radio]:not(:checked)" }[key];
    if (native && target.closest(native)) return event.stopPropagation();
    const arrows = key.startsWith("Arrow") || ["Home", "End", "PageUp", "PageDown"].includes(key);
    if (arrows && target.closest("input")) return event.stopPropagation();
    if (!view.act(key)) return;
    event.preventDefault();
    event.stopPropagation();
  }
  life.listen(scope, "keydown", pressed);
  life.free(() => own?.end());

  async function begin() {
    problem.hidden = true;
    try {
      for (const vote of await transport.votes()) known.set(vote.trial, vote);
    } catch (error) {
      heading.textContent = "The test could not be opened";
      problem.replaceChildren(
        h("p", {}, /** @type {Error} */ (error).message),
        h("button", { type: "button", class: "vn-press", onclick: begin }, "Try again"),
      );
      problem.hidden = false;
      return;
    }
    if (!life.over) next(false);
  }
  begin();
  return () => life.end();
}
