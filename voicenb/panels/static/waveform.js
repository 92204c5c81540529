import { Life, asker, button, clamp, clock, dragged, h, keys, status, wave } from "./shared.js";
import { covers } from "./kept.js";
import { track } from "./track.js";

/** @typedef {import("./shared.js").Facts} Facts */

/** @param {{model: import("./shared.js").Model, el: HTMLElement}} view */
function render({ model, el }) {
  const life = new Life();
  covers(model, life);
  const { element: line, say } = status();
  const ask = asker(model, life, say);
  /** @type {Facts | null} */
  let facts = null;
  let saving = 0;

  const sound = track(life, ask, say);
  const { audio } = sound;
  const play = button("play", "Play the part that is used", () => toggle());
  const picture = wave(life);
  const cursor = h("div", { class: "vn-cursor", hidden: true });
  const time = h("span", { class: "vn-time" });
  const handles = ["start", "end"].map((name) => {
    const label = name === "start" ? "Start" : "End";
    return h("div", { class: `vn-handle vn-${name}`, role: "slider", tabindex: 0, "aria-label": label, "aria-valuemin": 0 });
  });
  const stage = h("div", { class: "vn-stage" }, picture.element, ...handles, cursor);
  const root = h(
    "div",
    { class: "vn vn-trim", role: "group", "aria-label": "Recording" },
    h("div", { class: "vn-row" }, play.element, stage, time),
    line,
    audio,
  );

  const least = () => Math.min(0.1, facts?.duration ?? 0);

  /** @param {"start" | "end"} name @param {number} at  Seconds. @param {boolean} [done] */
  function put(name, at, done = true) {
    if (!facts) return;
    const [low, high] = name === "start" ? [0, model.get("end") - least()] : [model.get("start") + least(), facts.duration];
    model.set(name, Number(clamp(at, low, high).toFixed(3)));
    show();
    // While dragging, the kernel hears of it ten times a second.
    if (done) {
      clearTimeout(saving);
      saving = 0;
      model.save_changes();
    } else if (!saving) {
      saving = setTimeout(() => {
        saving = 0;
        model.save_changes();
      }, 100);
    }
  }

  function show() {
    const duration = facts?.duration ?? 0;
    const [start, end] = [model.get("start"), model.get("end")];
    picture.light(duration ? start / duration : 0, duration ? end / duration : 0);
    handles.forEach((handle, index) => {
      const at = index ? end : start;
      handle.style.left = `${duration ? (100 * at) / duration : 0}%`;
      handle.setAttribute("aria-valuemax", String(duration));
      handle.setAttribute("aria-valuenow", String(at));
      handle.setAttribute("aria-valuetext", `${clock(at)} seconds`);
    });
    time.textContent = facts ? `${clock(start)} – ${clock(end)} s` : "";
    time.title = facts ? `${clock(end - start)} of ${clock(duration)} s are used` : "";
  }

  async function toggle() {
    if (!facts) return;
    if (!audio.paused) return audio.pause();
    await sound.play(() => {
      audio.currentTime = model.get("start");
    });
  }

  const frames = life.frames(() => {
    cursor.style.left = `${(100 * audio.currentTime) / (facts?.duration || 1)}%`;
    if (audio.currentTime >= model.get("end")) audio.pause();
  });
  const state = () => {
    play.show(audio.paused ? "play" : "pause", audio.paused ? "Play the part that is used" : "Pause");
    cursor.hidden = audio.paused;
    if (audio.paused) frames.stop();
    else frames.start();
  };
  for (const name of ["play", "pause", "ended"]) life.listen(audio, name, state);

  /** @type {"start" | "end"} */
  let held = "start";
  let holding = false;
  dragged(stage, (share, done) => {
    if (!facts) return;
    const at = share * facts.duration;
    // The nearer handle comes along.
    if (!holding) held = Math.abs(at - model.get("start")) <= Math.abs(at - model.get("end")) ? "start" : "end";
    holding = !done;
    handles[held === "start" ? 0 : 1].focus({ preventScroll: true });
    put(held, at, done);
  });
  handles.forEach((handle, index) => {
    const name = index ? "end" : "start";
    keys(handle, (key, event) => {
      const step = event.shiftKey ? 1 : 0.05;
      const at = model.get(name);
      const duration = facts?.duration ?? 0;
      const to = {
        ArrowLeft: at - step,
        ArrowDown: at - step,
        ArrowRight: at + step,
        ArrowUp: at + step,
        PageDown: at - 1,
        PageUp: at + 1,
        Home: 0,
        End: duration,
      }[key];
      if (to === undefined) return false;
      put(name, to);
      return true;
    });
  });
  keys(root, (key) => {
    if (key !== " ") return false;
    toggle();
    return true;
  });

  function change() {
    sound.release();
    facts = model.get("_facts")?.duration ? model.get("_facts") : null;
    root.toggleAttribute("data-empty", !facts);
    play.element.disabled = !facts;
    for (const handle of handles) handle.tabIndex = facts ? 0 : -1;
    picture.show(facts?.peaks ?? "");
    say("");
    show();
  }

  life.on(model, "change:_facts", change);
  life.on(model, "change:start change:end", show);
  change();
  el.append(root);
  life.free(() => clearTimeout(saving));
  return () => life.end();
}

export default { render };
