import { h } from "./shared.js";

// Woods, Siegel, Traer and McDermott (2017), Headphone screening to facilitate web-based auditory experiments, Attention,
// Perception & Psychophysics 79: three tones, one of them softer by 6 dB, and another with one channel turned round, which
// loudspeakers cancel in the air and headphones do not.
const TONE = 200;
const LENGTH = 1;
const RAMP = 0.1;
const GAP = 0.5;
const LEVEL = 0.1;
const SOFTER = 10 ** (-6 / 20);
const ORDERS = ["sap", "spa", "asp", "aps", "psa", "pas"]; // softer, antiphase, plain

/** The orders of six trials, in an order of their own: each place is the softer one's twice. */
export function headphoneTrials() {
  const orders = [...ORDERS];
  for (let last = orders.length - 1; last > 0; last--) {
    const other = Math.floor(Math.random() * (last + 1));
    [orders[last], orders[other]] = [orders[other], orders[last]];
  }
  return orders;
}

/**
 * The three tones of a trial, with their pauses.
 * @param {BaseAudioContext} context
 * @param {string} order  Of "s", "a" and "p".
 */
export function headphoneTones(context, order) {
  const { sampleRate } = context;
  const step = Math.round((LENGTH + GAP) * sampleRate);
  const frames = Math.round(LENGTH * sampleRate);
  const buffer = context.createBuffer(2, 2 * step + frames, sampleRate);
  const [left, right] = [buffer.getChannelData(0), buffer.getChannelData(1)];
  [...order].forEach((kind, place) => {
    for (let frame = 0; frame < frames; frame++) {
      const time = frame / sampleRate;
      const edge = Math.min(time, LENGTH - time, RAMP) / RAMP;
      const gain = LEVEL * (kind === "s" ? SOFTER : 1) * Math.sin((Math.PI / 2) * edge) ** 2;
      const value = gain * Math.sin(2 * Math.PI * TONE * time);
      left[place * step + frame] = value;
      right[place * step + frame] = kind === "a" ? -value : value;
    }
  });
  return buffer;
}

/**
 * One trial of the check: it is heard once, and the softest tone is named.
 * @param {import("./shared.js").Life} life
 * @param {Object} given
 * @param {string} given.order
 * @param {{wake: () => Promise<AudioContext>, rest: () => void}} given.speaker
 * @param {(text: string) => void} given.say
 * @param {(right: boolean) => void} given.answered
 */
export function headphoneTrial(life, { order, speaker, say, answered }) {
  let asked = false;
  let heard = false;
  const listen = h("button", { type: "button", class: "vn-press", onclick: play }, "Play the three tones", h("kbd", {}, "Space"));
  const inputs = ["First", "Second", "Third"].map((name, place) => {
    const input = h("input", { type: "radio", name: "softest", value: place, onchange: () => (confirm.disabled = false) });
    return { input, line: h("label", { class: "vn-answer" }, input, h("kbd", {}, String(place + 1)), h("span", {}, name)) };
  });
  const answers = h(
    "fieldset",
    { class: "vn-answers", disabled: true },
    h("legend", {}, "Which tone is the softest?"),
    ...inputs.map(({ line }) => line),
  );
  const confirm = h("button", { type: "button", class: "vn-press vn-confirm", disabled: true, onclick: enter }, "Confirm", h("kbd", {}, "Enter"));

  async function play() {
    if (asked) return;
    asked = true;
    listen.disabled = true;
    const context = await speaker.wake();
    if (life.over) return;
    const source = context.createBufferSource();
    source.buffer = headphoneTones(context, order);
    source.connect(context.destination);
    source.onended = () => {
      source.disconnect();
      if (life.over) return;
      heard = true;
      answers.disabled = false;
      say("Which tone was the softest? You can answer now.");
      inputs[0].input.focus();
    };
    life.free(() => source.stop());
    source.start();
    say("Playing");
  }

  function enter() {
    const chosen = inputs.findIndex(({ input }) => input.checked);
    if (chosen < 0 || life.over) return;
    answered(order[chosen] === "s");
  }

  return {
    element: h(
      "div",
      {},
      h("p", {}, "Put on your headphones. You hear three tones, once."),
      h("div", { class: "vn-sounds" }, listen),
      answers,
      h("div", { class: "vn-end" }, confirm),
    ),
    /** @param {string} key  Whether it means something here. */
    act(key) {
      if (key === " ") play();
      else if (key === "Enter") enter();
      else if (heard && /^[123]$/.test(key)) {
        const { input } = inputs[Number(key) - 1];
        input.focus();
        input.checked = true;
        confirm.disabled = false;
      } else return false;
      return true;
    },
  };
}
