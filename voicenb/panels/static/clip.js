import { Life, asker, button, clamp, clocks, dragged, h, keys, spoken, status, wave, words } from "./shared.js";
import { covers } from "./kept.js";
import { track } from "./track.js";
import { saver } from "./saving.js";

/** @typedef {import("./shared.js").Facts} Facts */

const SPEEDS = [0.5, 0.75, 0.9, 1, 1.1, 1.25, 1.5, 2];

/** @param {{model: import("./shared.js").Model, el: HTMLElement}} view */
function render({ model, el }) {
  const life = new Life();
  covers(model, life);
  const { element: line, say } = status();
  const ask = asker(model, life, say);
  /** @type {Facts | null} */
  let facts = null;
  let here = 0; // seconds
  let told = -1; // what a screen reader was told last

  const sound = track(life, ask, say, () => {
    // A new source resets the rate.
    audio.playbackRate = model.get("speed");
    audio.currentTime = here;
  });
  const { audio } = sound;
  audio.preservesPitch = true;
  const play = button("play", "Play", () => toggle());
  const loop = button("loop", "Loop", () => set("loop", !model.get("loop")));
  const picture = wave(life, { role: "slider", tabindex: 0, "aria-label": "Position", "aria-valuemin": 0 });
  const time = h("span", { class: "vn-time" });
  const speed = h("select", {
    class: "vn-speed",
    "aria-label": "Speed",
    title: "Speed, at the same pitch",
    onchange: () => set("speed", Number(speed.value)),
  });
  const said = words((index) => facts && seek(facts.words[index][1], true));
  const note = h("div", { class: "vn-note" });
  const saving = saver(life, ask, say);
  const row = h("div", { class: "vn-row" }, play.element, picture.element, time, speed, loop.element, saving.element);
  const root = h("div", { class: "vn vn-clip", role: "group" }, row, said.element, note, line, audio);

  /** @param {string} name @param {any} value */
  function set(name, value) {
    model.set(name, value);
    model.save_changes();
  }

  async function toggle(on = audio.paused) {
    if (!facts) return;
    if (!on) return audio.pause();
    await sound.play(() => {
      if (audio.ended) audio.currentTime = 0;
    });
  }

  /** @param {number} at  Seconds. @param {boolean} [on]  Whether to play from there. */
  async function seek(at, on = false) {
    if (!facts) return;
    const to = clamp(at, 0, facts.duration);
    tell(to);
    await sound.load();
    audio.currentTime = to;
    if (on) await toggle(true);
  }

  /** @param {number} at */
  function tell(at) {
    const duration = facts?.duration ?? 0;
    here = at;
    picture.light(0, duration ? at / duration : 0);
    time.textContent = facts ? clocks(at, duration) : "";
    // While it plays, once a second: a screen reader would say every one.
    if (audio.paused || Math.abs(at - told) >= 1) {
      told = at;
      picture.element.setAttribute("aria-valuenow", at.toFixed(2));
      picture.element.setAttribute("aria-valuetext", clocks(at, duration));
    }
    // A word that is just clicked is lit even where rounding puts the position a hair before it.
    said.light(facts && (at > 0 || !audio.paused) ? spoken(facts.words, at + 1e-3) : -1);
  }

  const frames = life.frames(() => tell(audio.currentTime));
  const state = () => {
    play.show(audio.paused ? "play" : "pause", audio.paused ? "Play" : "Pause");
    if (audio.paused) {
      frames.stop();
      if (audio.src) tell(audio.ended ? 0 : audio.currentTime);
    } else frames.start();
  };
  for (const name of ["play", "pause", "ended"]) life.listen(audio, name, state);
  life.listen(audio, "seeked", () => audio.paused && tell(audio.currentTime));

  dragged(picture.element, (share) => facts && seek(share * facts.duration));
  keys(root, (key, event) => {
    const step = event.shiftKey ? 0.1 : 0.5;
    if (key === " ") toggle();
    else if (key === "ArrowLeft") seek(audio.currentTime - step);
    else if (key === "ArrowRight") seek(audio.currentTime + step);
    else if (key === "Home") seek(0);
    else if (key === "End") seek(facts?.duration ?? 0);
    else if (key === "l") set("loop", !model.get("loop"));
    else return false;
    return true;
  });

  function adjust() {
    const rate = model.get("speed");
    audio.playbackRate = rate;
    audio.loop = model.get("loop");
    loop.element.setAttribute("aria-pressed", String(audio.loop));
    const choices = [...new Set([...SPEEDS, rate])].sort((a, b) => a - b);
    speed.replaceChildren(
      ...choices.map((one) => h("option", { value: one, selected: one === rate }, `${Number(one.toFixed(2))} ×`)),
    );
  }

  function change() {
    sound.release();
    facts = model.get("_facts")?.duration ? model.get("_facts") : null;
    root.setAttribute("aria-label", model.get("_name") || "Player");
    root.toggleAttribute("data-empty", !facts);
    for (const control of [play.element, loop.element, speed]) control.disabled = !facts;
    picture.show(facts?.peaks ?? "");
    picture.element.setAttribute("aria-valuemax", String(facts?.duration ?? 0));
    said.show(facts?.words ?? []);
    saving.show(facts?.forms ?? []);
    note.textContent = facts?.note ? `Note: ${facts.note}` : "";
    say("");
    tell(0);
  }

  life.on(model, "change:_facts", change);
  life.on(model, "change:speed change:loop", adjust);
  adjust();
  change();
  el.append(root);
  return () => life.end();
}

export default { render };
