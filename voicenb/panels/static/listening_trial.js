import { button, clock, clocks, h } from "./shared.js";
import { SHORTEST_LOOP, deck } from "./listening_sounds.js";

/**
 * @typedef {Object} Sheet  What the page is told of a listening test.
 * @property {string} id
 * @property {string} hash
 * @property {"abx" | "ab" | "acr" | "cmos" | "multi" | "mushra"} kind
 * @property {string} title
 * @property {string} question
 * @property {string | null} attribute
 * @property {string} lang
 * @property {{low: number, high: number, step: number, labels: [number, string][]} | null} scale
 * @property {boolean} tie
 * @property {boolean} reference
 * @property {boolean} headphones
 * @property {number} rate
 * @property {Record<string, {text: string, lang: string, sounds: string[], x?: string, reference?: string, seconds: number}>} trials
 * @property {string[]} training
 * @property {[string, string[]][][]} orders
 */

/**
 * @typedef {Object} Vote
 * @property {string} trial
 * @property {number} place
 * @property {string[]} sounds
 * @property {any} answer
 * @property {number} at
 * @property {number} seconds
 * @property {Record<string, number>} plays
 * @property {boolean} [draft]
 */

/**
 * @typedef {Object} Slot  A sound as the listener knows it.
 * @property {string} id
 * @property {string} name  What is seen.
 * @property {string} key
 * @property {string} said  What a screen reader says.
 */

/** The sounds of a trial in the order shown; the open reference comes first, X last. @param {Sheet} sheet @param {string} trial @param {string[]} sounds @returns {Slot[]} */
function slotsOf(sheet, trial, sounds) {
  const { x, reference } = sheet.trials[trial];
  if (sheet.kind === "acr") return [{ id: sounds[0], name: "Listen", key: "A", said: "Listen" }];
  if (sheet.kind === "multi" || sheet.kind === "mushra") {
    const rows = sounds.map((id, at) => ({
      id,
      name: `Sound ${at + 1}`,
      key: at < 9 ? String(at + 1) : "",
      said: `Sound ${at + 1} of ${sounds.length}`,
    }));
    return reference ? [{ id: reference, name: "Reference", key: "R", said: "Reference" }, ...rows] : rows;
  }
  const names = x ? ["A", "B", "X"] : ["A", "B"];
  return [...sounds, ...(x ? [x] : [])].map((id, at) => ({
    id,
    name: names[at],
    key: names[at],
    said: `${names[at]}, sound ${at + 1} of ${names.length}`,
  }));
}

/** The answers that one is chosen of; null where sounds are rated on sliders. @param {Sheet} sheet @param {string[]} sounds @returns {{value: any, label: string, own: boolean}[] | null} */
function choicesOf({ kind, tie, scale }, sounds) {
  if (kind === "abx") return ["X is A", "X is B"].map((label, at) => ({ value: sounds[at], label, own: false }));
  if (kind === "ab") {
    const both = ["A", "B"].map((label, at) => ({ value: sounds[at], label, own: false }));
    return tie ? [...both, { value: "none", label: "No preference", own: false }] : both;
  }
  if (kind === "multi" || kind === "mushra" || !scale) return null;
  const labels = new Map(scale.labels);
  const count = Math.round((scale.high - scale.low) / scale.step) + 1;
  return Array.from({ length: count }, (_, step) => {
    const value = scale.low + step * scale.step;
    return { value, label: labels.get(value) ?? String(value).replace("-", "−"), own: labels.has(value) };
  });
}

/** "1, 2 and 3" @param {string[]} names */
const listed = (names) => (names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`);

/**
 * One trial: its text, its sounds, and its answer.
 * @param {import("./shared.js").Life} life
 * @param {Object} given
 * @param {Sheet} given.sheet
 * @param {string} given.trial
 * @param {string[]} given.sounds  In the order shown.
 * @param {number} given.place
 * @param {Vote | undefined} given.draft  What was answered before, and not confirmed.
 * @param {(sound: string) => Promise<ArrayBuffer>} given.fetch
 * @param {ReturnType<typeof import("./listening_sounds.js").loudspeaker>} given.speaker
 * @param {(text: string) => void} given.say  Seen, and read out.
 * @param {(text: string) => void} given.tell  Read out alone, since it is seen elsewhere.
 * @param {(vote: Vote) => void} given.keep  Called with drafts.
 * @param {(vote: Vote) => void} given.answered
 */
export function trialView(life, { sheet, trial, sounds, place, draft, fetch, speaker, say, tell, keep, answered }) {
  const { text, lang } = sheet.trials[trial];
  const slots = slotsOf(sheet, trial, sounds);
  const choices = choicesOf(sheet, sounds);
  const group = `vn-${Math.random().toString(36).slice(2)}`;
  const began = performance.now() - 1000 * (draft?.seconds ?? 0);
  /** What is answered so far: a choice's place, or the ratings by sound. */
  let chosen = -1;
  /** @type {Record<string, number>} */
  const ratings = { ...(draft && !choices ? draft.answer : {}) };

  const player = deck(life, {
    rate: sheet.rate,
    count: slots.length,
    whole: sheet.kind === "acr",
    fetch: (index) => fetch(slots[index].id),
    speaker,
    changed: () => show(),
    moved: () => follow(),
    say,
  });
  slots.forEach(({ id }, index) => player.recall(index, draft?.plays[id] ?? 0));

  // ── Sounds ───────────────────────────────────────────────────────────────────────────────────────────────────────

  const presses = slots.map(({ name, key, said }, index) => {
    const made = button("play", `${said}, play`, () => player.press(index));
    made.element.classList.add("vn-hear");
    made.element.setAttribute("aria-pressed", "false");
    if (key) made.element.setAttribute("aria-keyshortcuts", key);
    // Drawn by the style sheet, so that it is no part of the name.
    if (key && key !== name) made.element.dataset.key = key;
    made.element.append(h("span", { class: "vn-slot" }, name));
    return made;
  });

  const sliders = slots.map(({ id, said }) => {
    if (choices || !sheet.scale || !sounds.includes(id)) return null;
    const { low, high, step } = sheet.scale;
    const input = h("input", { type: "range", class: "vn-rate", min: low, max: high, step, disabled: true, "aria-label": `Rating of ${said}` });
    input.value = String(ratings[id] ?? (low + high) / 2);
    const value = h("output", { class: "vn-rating", "aria-hidden": "true" });
    input.addEventListener("input", () => {
      ratings[id] = Number(input.value);
      show();
    });
    input.addEventListener("change", () => keep(vote(true)));
    return { id, input, value };
  });

  const position = h("input", { type: "range", class: "vn-seek", min: 0, max: 0, step: 0.01, "aria-label": "Position", oninput: () => player.seek(Number(position.value)) });
  const time = h("span", { class: "vn-time" });
  const looped = h("input", { type: "checkbox", onchange: repeat });
  const afresh = h("input", { type: "checkbox", onchange: () => player.restart(afresh.checked) });
  const [from, to] = ["Loop from", "Loop to"].map((name, at) =>
    h("input", { type: "range", min: 0, max: 0, step: 0.05, "aria-label": name, onchange: () => bound(at) }),
  );
  const edges = h("div", { class: "vn-edges", hidden: true }, h("label", {}, "Loop from", from), h("label", {}, "to", to));

  /** Keeps the loop's ends apart. @param {number} moved  Which was moved: 0 or 1. */
  function bound(moved) {
    const least = Math.min(SHORTEST_LOOP, player.duration());
    const [start, end] = [Number(from.value), Number(to.value)];
    if (end - start < least) {
      if (moved) from.value = String(Math.max(end - least, 0));
      else to.value = String(start + least);
      if (Number(to.value) - Number(from.value) < least) {
        from.value = String(moved ? 0 : player.duration() - least);
        to.value = String(moved ? least : player.duration());
      }
    }
    repeat();
  }

  function repeat() {
    edges.hidden = !looped.checked;
    const [start, end] = [Number(from.value), Number(to.value)];
    player.repeat(looped.checked ? { start, end } : null);
    for (const edge of [from, to]) edge.setAttribute("aria-valuetext", `${clock(Number(edge.value))} seconds`);
    follow();
  }

  // ── Answers ──────────────────────────────────────────────────────────────────────────────────────────────────────

  const options = (choices ?? []).map(({ label, own }, index) => {
    const input = h("input", { type: "radio", name: group, value: index, onchange: () => choose(index) });
    const worded = own ? h("span", { dir: "auto", lang: sheet.lang }, label) : h("span", {}, label);
    return { input, line: h("label", { class: "vn-answer" }, input, h("kbd", {}, String(index + 1)), worded) };
  });
  const asked = h("span", { class: "vn-question", dir: "auto", lang: sheet.lang, id: `${group}-question` }, sheet.question);
  // The best grade stands above, as in ITU-T P.800.
  const lines = sheet.kind === "acr" ? options.map(({ line }) => line).reverse() : options.map(({ line }) => line);
  const answers = choices ? h("fieldset", { class: `vn-answers vn-${sheet.kind}`, disabled: true }, h("legend", {}, asked), ...lines) : null;
  const missing = h("span", { class: "vn-missing", id: `${group}-missing` });
  const confirm = h("button", { type: "button", class: "vn-press vn-confirm", disabled: true, "aria-describedby": missing.id, onclick: enter }, "Confirm", h("kbd", {}, "Enter"));

  /** @param {number} index */
  function choose(index) {
    chosen = index;
    options[index].input.checked = true;
    show();
  }

  /** What is still to be done, or "". */
  function lacking() {
    const unheard = slots.filter((_, index) => !player.enough(index)).map(({ name }) => name);
    if (sheet.kind === "acr" && unheard.length) return "Listen to the end first.";
    if (unheard.length) return `Not heard yet: ${listed(unheard)}.`;
    if (choices) return chosen < 0 ? "Choose an answer." : "";
    const unrated = slots.filter(({ id }) => sounds.includes(id) && ratings[id] === undefined).map(({ name }) => name);
    return unrated.length ? `Not rated yet: ${listed(unrated)}.` : "";
  }

  /** @param {boolean} draft @returns {Vote} */
  const vote = (draft) => ({
    trial,
    place,
    sounds,
    answer: choices ? choices[chosen].value : { ...ratings },
    at: Date.now(),
    seconds: Math.round(performance.now() - began) / 1000,
    plays: Object.fromEntries(slots.map(({ id }, index) => [id, player.plays[index]])),
    ...(draft ? { draft } : {}),
  });

  function enter() {
    const lack = lacking();
    if (lack) return say(lack);
    if (player.playing) player.pause();
    answered(vote(false));
  }

  // ── What is seen ─────────────────────────────────────────────────────────────────────────────────────────────────

  let told = "";
  let open = false;

  function show() {
    const { current, playing } = player;
    const had = document.activeElement;
    slots.forEach(({ said }, index) => {
      const mine = index === current;
      presses[index].show(mine && playing ? "pause" : "play", mine && playing ? `${said}, playing` : `${said}, play`);
      presses[index].element.setAttribute("aria-pressed", String(mine));
      presses[index].element.toggleAttribute("data-heard", player.enough(index));
      const slider = sliders[index];
      if (!slider) return;
      const rating = ratings[slider.id];
      slider.input.disabled = !mine;
      slider.input.toggleAttribute("data-rated", rating !== undefined);
      slider.input.setAttribute("aria-valuetext", rating === undefined ? "not rated yet" : String(rating));
      slider.value.textContent = rating === undefined ? "–" : String(rating);
    });
    // What was focused may have been switched off.
    if (had instanceof HTMLInputElement && had.disabled && element.contains(had)) focus();
    const unheard = slots.some((_, index) => !player.enough(index));
    if (answers) answers.disabled = unheard;
    const lack = lacking();
    missing.textContent = lack;
    confirm.disabled = lack !== "";
    const now = current < 0 ? "" : `${slots[current].said}, ${playing ? "playing" : "paused"}.`;
    if (!unheard && !open && now) tell(`${now} ${choices ? "You can answer now." : "All sounds are heard."}`);
    else if (now !== told) tell(now);
    open ||= !unheard;
    told = now;
  }

  /** Shows how far it is played. */
  function follow() {
    const [at, length] = [player.position(), player.duration()];
    position.value = String(at);
    position.setAttribute("aria-valuetext", `${clock(at)} seconds`);
    time.textContent = length ? clocks(at, length) : "";
  }

  /** Focuses what belongs to the sound that is heard. */
  function focus() {
    const index = player.current;
    const slider = sliders[index]?.input;
    (slider && !slider.disabled ? slider : presses[index]?.element)?.focus({ preventScroll: true });
  }

  const rows = slots.map((_, index) => {
    const slider = sliders[index];
    if (choices) return presses[index].element;
    return h("div", { class: "vn-rated", role: "group", "aria-label": slots[index].said }, presses[index].element, ...(slider ? [slider.input, slider.value] : []));
  });
  const scale = sheet.scale;
  const marks =
    choices || !scale
      ? null
      : h(
          "div",
          { class: "vn-marks" },
          ...scale.labels.map(([value, label]) => {
            const mark = h("span", { dir: "auto", lang: sheet.lang }, label);
            mark.style.setProperty("--vn-at", String((value - scale.low) / (scale.high - scale.low)));
            return mark;
          }),
        );
  const element = h(
    "div",
    { class: `vn-trial vn-of-${sheet.kind}` },
    text ? h("p", { class: "vn-text", dir: "auto", lang: lang || null }, text) : null,
    choices ? null : h("p", {}, asked),
    h("div", { class: choices ? "vn-sounds" : "vn-sounds vn-rows", role: "group", "aria-label": "Sounds" }, ...(marks ? [marks] : []), ...rows),
    h("div", { class: "vn-row vn-place" }, position, time),
    h(
      "div",
      { class: "vn-row vn-settings" },
      h("label", { class: "vn-option" }, afresh, h("span", {}, "From the start"), h("kbd", {}, "S")),
      h("label", { class: "vn-option" }, looped, h("span", {}, "Loop"), h("kbd", {}, "L")),
      h("span", { class: "vn-note" }, h("kbd", {}, "Space"), " plays and pauses"),
    ),
    edges,
    answers,
    h("div", { class: "vn-end" }, confirm, missing),
  );

  /** @param {HTMLInputElement} box */
  function flip(box) {
    box.checked = !box.checked;
    box.dispatchEvent(new Event("change"));
  }

  show();
  follow();
  player.load().then(
    () => {
      if (life.over) return;
      for (const one of [position, from, to]) one.max = String(player.duration());
      to.value = String(player.duration());
      afresh.checked = player.afresh;
      show();
      follow();
    },
    (error) => say(`The sounds did not come: ${error.message} Press play to ask again.`),
  );

  return {
    element,
    /** @param {string} key  Whether it means something here. */
    act(key) {
      const index = slots.findIndex((slot) => slot.key.toLowerCase() === key && key !== "");
      if (index >= 0) {
        player.press(index);
        focus();
      } else if (key === " ") player.press(Math.max(player.current, 0));
      else if (key === "s") flip(afresh);
      else if (key === "l") flip(looped);
      else if (key === "Enter") enter();
      else if (options[Number(key) - 1] && !answers.disabled) {
        options[Number(key) - 1].input.focus({ preventScroll: true });
        choose(Number(key) - 1);
      } else return false;
      return true;
    },
  };
}
