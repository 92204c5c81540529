import { Life, button, clamp, clock, h, keys, status } from "./shared.js";

// Below a message's limit of 10 MB, which Jupyter's web server has.
const PIECE = 1 << 20;
const FLOOR = -60; // dBFS, where the meter begins
const MARGIN = 1; // seconds more than a service needs, which measures by itself
const LAST = 15; // seconds before the end from which on it is told

/** Hands what the microphone gives over to the page, a tenth of a second at a time. */
const WORKLET = `
registerProcessor("voicenb-tap", class extends AudioWorkletProcessor {
  constructor() {
    super();
    this.block = new Float32Array(Math.ceil(sampleRate / 10 / 128) * 128);
    this.used = 0;
    this.on = true;
    this.port.onmessage = () => {
      this.on = false;
      this.port.postMessage(this.block.slice(0, this.used));
      this.port.postMessage(null);
    };
  }
  process([[channel]]) {
    if (channel && this.on) {
      this.block.set(channel, this.used);
      this.used += channel.length;
      if (this.used >= this.block.length) {
        this.port.postMessage(this.block);
        this.used = 0;
      }
    }
    return this.on;
  }
});`;

/**
 * Samples as a WAV file, 16 bits, one channel.
 * @param {Float32Array[]} blocks
 * @param {number} rate  Hz.
 */
export function wav(blocks, rate) {
  const count = blocks.reduce((sum, block) => sum + block.length, 0);
  const view = new DataView(new ArrayBuffer(44 + 2 * count));
  /** @param {number} at @param {string} text */
  const write = (at, text) => [...text].forEach((one, index) => view.setUint8(at + index, one.charCodeAt(0)));
  write(0, "RIFF");
  view.setUint32(4, 36 + 2 * count, true);
  write(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, 2 * rate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  write(36, "data");
  view.setUint32(40, 2 * count, true);
  let at = 44;
  for (const block of blocks) {
    for (const sample of block) {
      view.setInt16(at, Math.round(clamp(sample, -1, 32767 / 32768) * 32768), true);
      at += 2;
    }
  }
  return /** @type {ArrayBuffer} */ (view.buffer);
}

/**
 * How many of the blocks are speech: as `voicenb.measures.voice_activity` tells it by levels alone, 6 dB above the background and at most
 * 40 dB below the loudest. Nothing is speech before something stands out.
 * @param {number[]} levels  dB.
 */
export function spokenBlocks(levels) {
  const sorted = [...levels].sort((one, other) => one - other);
  const [floor, top] = [0.05, 0.95].map((part) => sorted[Math.floor(part * (sorted.length - 1))]);
  if (!(top - floor > 10)) return 0;
  const threshold = Math.min(Math.max(floor + 6, top - 40), top - 5);
  return levels.filter((level) => level > threshold).length;
}

/** Why this page cannot record, or "". */
function hindrance() {
  if (!window.isSecureContext) {
    return "Browsers give the microphone only to https pages and to localhost. Open Jupyter at http://localhost (over an ssh tunnel, say), or upload a file.";
  }
  if (!navigator.mediaDevices?.getUserMedia || !window.AudioWorkletNode) {
    return "This front end does not hand the microphone on. Open the notebook in a browser, or upload a file.";
  }
  return "";
}

/** @type {Record<string, string>} */
const REFUSALS = {
  NotAllowedError: "The microphone was not allowed. Allow it in the browser's address bar, then press record again.",
  NotFoundError: "No microphone was found. Plug one in, then press record again, or upload a file.",
  NotReadableError: "The microphone is taken by another program. Close that, then press record again.",
};

/** @param {{model: import("./shared.js").Model, el: HTMLElement}} view */
function render({ model, el }) {
  const life = new Life();
  const { element: line, say } = status();
  /** @type {{stop: (keep: boolean) => void} | null} */
  let running = null;
  let starting = false, opened = false;

  const press = button("record", "Record", () => (running ? running.stop(true) : record()), true);
  const time = h("span", { class: "vn-time" }, clock(0));
  const bar = h("div", { class: "vn-level" });
  const meter = h(
    "div",
    { class: "vn-meter", role: "meter", "aria-label": "Level", "aria-valuemin": FLOOR, "aria-valuemax": 0, "aria-valuenow": FLOOR },
    bar,
  );
  const audio = h("audio", { class: "vn-take", controls: true, hidden: true, "aria-label": "The recording" });
  const note = h("div", { class: "vn-note" });
  const left = h("span", { class: "vn-togo" });
  const words = h("p", { lang: "en", dir: "ltr" });
  const script = h("details", { class: "vn-script" }, h("summary", {}, "A text to read, or say anything in your own words"), words);
  const root = h(
    "div",
    { class: "vn vn-recorder", role: "group", "aria-label": "Recorder" },
    h("div", { class: "vn-row" }, press.element, meter, time, left, audio),
    script,
    note,
    line,
  );

  /** @param {Float32Array | null} samples */
  function level(samples) {
    const peak = samples ? samples.reduce((most, one) => Math.max(most, Math.abs(one)), 0) : 0;
    const decibels = clamp(20 * Math.log10(Math.max(peak, 1e-6)), FLOOR, 0);
    bar.style.inlineSize = `${100 * (1 - decibels / FLOOR)}%`;
    meter.setAttribute("aria-valuenow", decibels.toFixed(0));
    meter.setAttribute("aria-valuetext", `${decibels.toFixed(0)} decibels`);
    meter.toggleAttribute("data-hot", decibels > -1);
    return decibels;
  }

  async function record() {
    if (starting || life.over) return;
    starting = true;
    say("");
    // Not disabled, which would take the focus away.
    press.element.setAttribute("aria-busy", "true");
    /** @type {MediaStream | undefined} */
    let stream;
    /** @type {AudioContext | undefined} */
    let context;
    const close = () => {
      stream?.getTracks().forEach((track) => track.stop());
      context?.close();
    };
    try {
      // A voice is cloned from what the microphone hears, not from what a telephone would make of it.
      const wanted = { echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: 1 };
      stream = await navigator.mediaDevices.getUserMedia({ audio: wanted });
      context = new AudioContext();
      const module = URL.createObjectURL(new Blob([WORKLET], { type: "text/javascript" }));
      await context.audioWorklet.addModule(module).finally(() => URL.revokeObjectURL(module));
      await context.resume();
    } catch (error) {
      close();
      const { name, message } = /** @type {Error} */ (error);
      say(REFUSALS[name] ?? `The recording could not begin: ${message}`);
      return;
    } finally {
      starting = false;
      press.element.removeAttribute("aria-busy");
    }
    if (life.over) return close();
    running = take(stream, context, close);
    model.send({ kind: "began", on: true });
    opened = script.open;
    script.open = true;
    press.show("stop", "Stop");
    root.toggleAttribute("data-recording", true);
    audio.pause();
    stage(true);
  }

  /** @param {MediaStream} stream @param {AudioContext} context @param {() => void} close */
  function take(stream, context, close) {
    const most = model.get("max_seconds");
    const tap = new AudioWorkletNode(context, "voicenb-tap", { numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit" });
    context.createMediaStreamSource(stream).connect(tap);
    /** @type {Float32Array[]} */
    const blocks = [];
    let frames = 0;
    let peak = FLOOR;
    let keep = true;
    const least = model.get("least_seconds");
    // Of each tenth of a second.
    const levels = [];
    const remaining = () => {
      // In seconds, without the pauses, which a service may not count.
      const spoken = levels.length ? (spokenBlocks(levels) * frames) / levels.length / context.sampleRate : 0;
      const missing = Math.ceil(least + MARGIN - spoken), end = most - frames / context.sampleRate;
      const enough = least > 0 && missing <= 0;
      if (enough && !left.hasAttribute("data-enough")) say("That is enough; stop when you like.");
      left.toggleAttribute("data-enough", enough);
      if (end <= LAST) left.textContent = `ends in ${Math.ceil(Math.max(end, 0))} s`;
      else if (least > 0 && !enough) left.textContent = spoken ? `${missing} s to go` : `speak: ${missing} s to go`;
      else left.textContent = enough ? "enough" : "";
    };
    left.removeAttribute("data-enough");
    remaining();
    tap.port.onmessage = ({ data }) => {
      if (data === null) return finish();
      const room = Math.round(most * context.sampleRate) - frames;
      blocks.push(data.subarray(0, Math.max(room, 0)));
      frames += blocks[blocks.length - 1].length;
      peak = Math.max(peak, level(data));
      const power = data.reduce((sum, one) => sum + one * one, 0) / Math.max(data.length, 1);
      levels.push(10 * Math.log10(Math.max(power, 1e-9)));
      remaining();
      time.textContent = clock(frames / context.sampleRate);
      if (data.length >= room) stop(true);
    };
    /** @param {boolean} wanted */
    function stop(wanted) {
      keep &&= wanted;
      if (life.over) finish();
      else tap.port.postMessage("stop");
    }
    function finish() {
      if (!running) return;
      running = null;
      close();
      level(null);
      left.textContent = "";
      script.open = opened;
      if (!keep || life.over) model.send({ kind: "began", on: false });
      if (life.over) return;
      press.show("record", "Record again");
      root.toggleAttribute("data-recording", false);
      if (keep) send(wav(blocks, context.sampleRate), frames / context.sampleRate, peak);
    }
    // The plug is pulled, or the permission taken back.
    stream.getAudioTracks()[0].onended = () => stop(true);
    return { stop };
  }

  /** @param {ArrayBuffer} file @param {number} seconds @param {number} peak  dBFS. */
  function send(file, seconds, peak) {
    const pieces = Math.max(Math.ceil(file.byteLength / PIECE), 1);
    const recording = Math.random().toString(36).slice(2);
    for (let piece = 0; piece < pieces; piece++) {
      const part = file.slice(piece * PIECE, (piece + 1) * PIECE);
      model.send({ kind: "recording", recording, piece, pieces, size: file.byteLength }, undefined, [part]);
    }
    forget();
    if (model.get("replay")) {
      audio.src = URL.createObjectURL(new Blob([file], { type: "audio/wav" }));
      stage(false);
    }
    const advice = peak > -1 ? " It is too loud: step back a little." : peak < -30 ? " It is very quiet: come closer." : "";
    say(`${clock(seconds)} s recorded.${advice}`);
  }

  /** @param {boolean} metered  Whether the level is shown; else the recording, in the same place. */
  function stage(metered) {
    meter.hidden = time.hidden = !metered;
    audio.hidden = metered;
  }

  function forget() {
    if (audio.src) URL.revokeObjectURL(audio.src);
    audio.removeAttribute("src");
  }

  keys(root, (key) => {
    if (key !== "Escape" || !running) return false;
    running.stop(false);
    say("Thrown away.");
    return true;
  });
  const told = () => {
    note.textContent = model.get("note");
    words.textContent = model.get("script");
    script.hidden = !model.get("script");
  };
  life.on(model, "change:note", told);
  life.on(model, "change:script", told);
  life.on(model, "change:seconds", () => {
    if (model.get("seconds") || running) return;
    forget();
    stage(true);
    time.textContent = clock(0);
    say("");
  });
  told();
  // A page that was left in the middle of a recording could not say so.
  model.send({ kind: "began", on: false });
  const reason = hindrance();
  press.element.disabled = Boolean(reason);
  say(reason);
  life.free(() => {
    running?.stop(false);
    audio.pause();
    forget();
  });
  el.append(root);
  return () => life.end();
}

export default { render };
