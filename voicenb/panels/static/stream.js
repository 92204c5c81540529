import { LEVELS, Life, asker, button, bytes, clamp, clocks, dragged, h, keys, status, wave } from "./shared.js";
import { copiesOf } from "./kept.js";
import { saver } from "./saving.js";

/**
 * @typedef {Object} Piece  Sound that has come, on the context's own clock.
 * @property {number} at  The frame at which it begins.
 * @property {number} frames
 * @property {AudioBuffer} buffer
 */

/**
 * @typedef {Object} Run  A piece that is being played.
 * @property {number} from  The frame with which it begins.
 * @property {number} time  The context's frame at which it does.
 * @property {number} frames
 */

// From asking to hearing, in seconds.
const AHEAD = 0.05;
// In frames: what starts no later than this after the clock may have been too late for it.
const LATE = 4 * 128;
// The heights that are drawn are measured this many times a second.
const FINE = 100;
const BARS = 240;
// What the width stands for while nobody knows how long it will be: this many seconds, doubled as often as is needed.
const FIRST = 4;

/** @param {{model: import("./shared.js").Model, el: HTMLElement}} view */
function render({ model, el }) {
  const life = new Life();
  const { element: line, say } = status();
  const ask = asker(model, life, say);
  /** @type {Piece[]} */
  const pieces = [];
  /** @type {number[]} */
  const heights = [];
  let frames = 0; // of them all
  let rate = 0;
  /** @type {AudioContext | null} */
  let context = null;
  /** @type {Run[]} */
  let runs = [];
  let playing = false;
  let here = 0; // the frame at which it stands while it does not play, or began to
  let next = 0; // the first frame that has no place on the clock yet
  let clock = 0; // the context's frame at which that one follows
  let asking = false;
  let refused = false; // the browser waits for somebody to press a button
  /** @type {GainNode | null} */
  let level = null;

  const play = button("play", "Play", () => (playing ? stop() : start()));
  const picture = wave(life, { role: "slider", tabindex: 0, "aria-label": "Position", "aria-valuemin": 0 });
  const time = h("span", { class: "vn-time" });
  const problem = h("div", { class: "vn-problem", role: "alert", dir: "auto" });
  const saving = saver(life, ask, say);
  const root = h(
    "div",
    { class: "vn vn-clip vn-stream", role: "group" },
    h("div", { class: "vn-row" }, play.element, picture.element, time, saving.element),
    line,
    problem,
  );

  const copies = copiesOf(model.get("key"));
  const over = () => model.get("state") !== "receiving";
  const seconds = () => (rate ? frames / rate : 0);
  /** What the whole width stands for, in seconds. */
  function span() {
    if (over()) return seconds() || FIRST;
    let width = FIRST;
    while (width < seconds()) width *= 2;
    return width;
  }

  // ── What comes ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** @param {{at: number, rate: number, channels: number, buffers: DataView[]}} message */
  function take(message) {
    // A hole: what came before this view was there to hear it, or was lost.
    if (message.at > frames) return catchUp();
    const sound = new Int16Array(bytes(message));
    const channels = message.channels;
    const skip = frames - message.at;
    const count = Math.floor(sound.length / channels) - skip;
    if (count <= 0) return;
    rate = message.rate;
    const buffer = new AudioBuffer({ length: count, numberOfChannels: channels, sampleRate: rate });
    for (let channel = 0; channel < channels; channel++) {
      const samples = buffer.getChannelData(channel);
      for (let frame = 0; frame < count; frame++) {
        const value = sound[(skip + frame) * channels + channel] / 32768;
        samples[frame] = value;
        const bar = Math.floor(((frames + frame) * FINE) / rate);
        heights[bar] = Math.max(heights[bar] ?? 0, Math.abs(value));
      }
    }
    pieces.push({ at: frames, frames: count, buffer });
    frames += count;
    if (playing) place();
    else if (model.get("autoplay") && !refused) start();
    draw();
  }

  /** Asks for all that this view has not. */
  async function catchUp() {
    if (asking) return;
    asking = true;
    try {
      const answer = await ask({ kind: "sound", at: frames });
      asking = false;
      if (life.over) return;
      // A kernel that answers is there, and with it all that the copy would show.
      copies.hide(true);
      take(answer);
      say(standing());
    } catch (error) {
      asking = false;
      say(/** @type {Error} */ (error).message);
    }
  }

  // ── Playing ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Gives every piece its place on the clock: behind the one before, or, where that has ended already, as soon as can be. */
  function place() {
    if (!context || !level) return;
    const own = context;
    const soon = () => Math.ceil((own.currentTime + AHEAD) * rate);
    for (const piece of pieces) {
      const skip = next - piece.at;
      if (skip >= piece.frames) continue;
      const source = own.createBufferSource();
      source.buffer = piece.buffer;
      source.connect(level);
      let time = Math.max(clock, soon());
      source.start(time / rate, skip / rate);
      // Where the page was held up, the audio thread may be past that already: the piece then begins late, and is whole all the same.
      // The next one has to follow its real end, or both would sound at once.
      if (time < own.currentTime * rate + LATE) time = soon();
      runs.push({ from: next, time, frames: piece.frames - skip });
      next = piece.at + piece.frames;
      clock = time + piece.frames - skip;
    }
  }

  /** The frame that is heard now. */
  function position() {
    if (!context || !playing) return here;
    const now = (context.currentTime - (context.outputLatency || context.baseLatency || 0)) * rate;
    while (runs.length > 1 && runs[1].time <= now) runs.shift();
    const [run] = runs;
    return run && now >= run.time ? Math.min(run.from + now - run.time, run.from + run.frames) : here;
  }

  async function start() {
    if (playing || !frames) return;
    // Made when somebody listens and closed when nobody does, since browsers count the sound card's users.
    const own = (context = new AudioContext({ sampleRate: rate, latencyHint: "interactive" }));
    playing = true;
    if (here >= frames && over()) here = 0;
    next = here;
    clock = 0;
    play.show("stop", "Stop");
    const late = new Promise((answer) => setTimeout(answer, 2000, "late"));
    // The clock stands still until the first pieces have their place on it.
    await own.suspend();
    if (context !== own) return;
    level = own.createGain();
    level.connect(own.destination);
    place();
    const answer = await Promise.race([own.resume(), late]);
    if (context !== own) return;
    if (answer === "late") {
      refused = true;
      stop();
      return say(standing());
    }
    refused = false;
    say(standing());
    if (model.get("autoplay")) {
      // Another view of this, or the page when it is loaded again, does not begin by itself.
      model.set("autoplay", false);
      model.save_changes();
    }
    moving.start();
  }

  /** @param {number} [at]  The frame at which it stands then. */
  function stop(at = position()) {
    if (context) {
      const old = context;
      level?.gain.setTargetAtTime(0, old.currentTime, 0.005);
      setTimeout(() => old.close(), 60);
    }
    context = level = null;
    runs = [];
    playing = false;
    here = Math.round(at);
    moving.stop();
    play.show("play", "Play");
    draw();
  }

  /** @param {number} at  Seconds. */
  function seek(at) {
    if (!frames) return;
    const on = playing;
    stop(clamp(Math.round(at * rate), 0, frames));
    if (on) start();
  }

  const moving = life.frames(() => {
    if (over() && position() >= frames) stop(frames);
    tell();
  });

  // ── What is seen ─────────────────────────────────────────────────────────────────────────────────────────────────

  function draw() {
    const wide = span();
    const loudest = Math.max(...heights, 1e-6);
    let peaks = "";
    for (let bar = 0; bar < BARS; bar++) {
      let most = 0;
      const end = Math.max(Math.ceil(((bar + 1) * wide * FINE) / BARS), 1);
      for (let at = Math.floor((bar * wide * FINE) / BARS); at < end; at++) most = Math.max(most, heights[at] ?? 0);
      peaks += LEVELS[Math.round(63 * (most / loudest) ** 0.7)];
    }
    picture.show(peaks);
    picture.element.setAttribute("aria-valuemax", seconds().toFixed(2));
    play.element.disabled = !frames;
    tell();
  }

  function tell() {
    const at = rate ? position() / rate : 0;
    picture.light(0, at / span());
    time.textContent = `${clocks(at, seconds())}${over() ? "" : " …"}`;
    picture.element.setAttribute("aria-valuenow", at.toFixed(1));
    picture.element.setAttribute("aria-valuetext", `${clocks(at, seconds())}${over() ? "" : " received"}`);
  }

  function standing() {
    if (over()) return "";
    if (refused) return "The browser plays sound only after a click: press play.";
    return frames ? "More is coming." : "Waiting for the first sound.";
  }

  function change() {
    problem.textContent = model.get("problem");
    problem.hidden = !problem.textContent;
    saving.show(model.get("forms"));
    say(standing());
    draw();
  }

  dragged(picture.element, (share) => seek(share * span()));
  keys(root, (key, event) => {
    const step = event.shiftKey ? 0.1 : 0.5;
    const at = rate ? position() / rate : 0;
    if (key === " ") playing ? stop() : start();
    else if (key === "ArrowLeft") seek(at - step);
    else if (key === "ArrowRight") seek(at + step);
    else if (key === "Home") seek(0);
    else if (key === "End") seek(seconds());
    else return false;
    return true;
  });

  root.setAttribute("aria-label", model.get("name"));
  life.on(model, "msg:custom", (content, buffers) => {
    if (content.kind !== "sound") return;
    const first = !frames;
    take({ ...content, buffers });
    if (first) change();
  });
  life.on(model, "change:state change:problem change:forms", change);
  el.append(root);
  // Front ends say this when the kernel is gone.
  life.on(model, "comm_live_update", () => copies.hide(false));
  life.free(() => copies.hide(false));
  change();
  catchUp();
  life.free(() => context?.close());
  return () => life.end();
}

export default { render };
