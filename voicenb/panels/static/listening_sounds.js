import { clamp } from "./shared.js";
import { Mixer } from "./mixer.js";

/** @typedef {import("./mixer.js").Region} Region */

const REST = 10_000;
// A shorter part is not repeated (ITU-R BS.1534-3), in seconds.
export const SHORTEST_LOOP = 0.5;
// Who has heard so much of a sound has heard it, in seconds; a single sound is to be heard to its end.
const HEARD = 0.5;
const END = 0.05;
// Sounds below this length begin anew when they are chosen, in seconds.
const SHORT = 5;

/**
 * The page's way to the loudspeaker, for all trials; it is opened when somebody wants to listen, since browsers ask for a gesture.
 * @param {import("./shared.js").Life} life
 * @param {number} rate  Of the sounds, so that their samples stay what they are.
 */
export function loudspeaker(life, rate) {
  /** @type {AudioContext | null} */
  let context = null;
  let timer = 0;
  life.free(() => {
    clearTimeout(timer);
    context?.close();
  });
  return {
    async wake() {
      clearTimeout(timer);
      context ??= new AudioContext({ sampleRate: rate, latencyHint: "interactive" });
      await context.resume();
      return context;
    },
    /** A running context keeps the sound card awake. */
    rest() {
      clearTimeout(timer);
      timer = setTimeout(() => context?.suspend(), REST);
    },
  };
}

/**
 * The sounds of one trial, all of the same length, on one clock; one is heard at a time.
 * @param {import("./shared.js").Life} life
 * @param {Object} given
 * @param {number} given.rate
 * @param {number} given.count  How many sounds there are.
 * @param {boolean} given.whole  Whether a sound counts as heard only at its end.
 * @param {(index: number) => Promise<ArrayBuffer>} given.fetch
 * @param {ReturnType<typeof loudspeaker>} given.speaker
 * @param {() => void} given.changed  Called when another sound is heard, or one has been heard.
 * @param {() => void} given.moved  Called before each frame while something plays.
 * @param {(text: string) => void} given.say
 */
export function deck(life, { rate, count, whole, fetch, speaker, changed, moved, say }) {
  /** @type {AudioBuffer[]} */
  let buffers = [];
  /** @type {AudioContext | null} */
  let context = null;
  /** @type {Mixer | null} */
  let mixer = null;
  let current = -1;
  let on = false;
  let paused = 0; // in seconds, while nothing plays
  let since = 0; // up to where listening is counted, in seconds of the context
  let wish = 0; // counts what was asked for, so that a late answer knows that it is late
  let afresh = true;
  /** @type {Region | null} */
  let loop = null;
  const listened = Array(count).fill(0);
  const plays = Array(count).fill(0);

  /** @type {Promise<void> | null} */
  let loading = null;
  const load = () => {
    loading ??= Promise.all(
      Array.from({ length: count }, async (_, index) => {
        // A context of its own, since it needs no gesture.
        return new OfflineAudioContext(1, 1, rate).decodeAudioData(await fetch(index));
      }),
    ).then(
      (all) => {
        buffers = all;
        afresh = duration() < SHORT;
      },
      (error) => {
        loading = null;
        throw error;
      },
    );
    return loading;
  };

  const duration = () => buffers[0]?.duration ?? 0;
  const first = () => loop?.start ?? 0;
  const heardNow = () => (context ? context.currentTime - (context.outputLatency || context.baseLatency || 0) : 0);
  const position = () => (on && mixer?.playing ? mixer.where(current, heardNow()) : paused);
  /** @param {number} index */
  const enough = (index) => duration() > 0 && listened[index] >= Math.min(whole ? Infinity : HEARD, duration() - END);

  /** Counts what was heard until now. */
  function tally() {
    if (!context || !on || !mixer?.playing) return;
    const before = enough(current);
    const now = Math.max(context.currentTime, since);
    listened[current] += now - since;
    since = now;
    if (!before && enough(current)) changed();
  }

  const frames = life.frames(() => {
    tally();
    moved();
  });

  function ready() {
    if (mixer || !context) return;
    mixer = new Mixer(context, undefined, "out-in");
    mixer.onend = () => pause(0);
    buffers.forEach((buffer, index) => mixer?.set(index, buffer, 1));
  }

  /**
   * Plays from a moment; what is heard already gives way.
   * @param {number} index
   * @param {number} at
   * @param {boolean} [again]  Whether it was heard until now, so that it is not counted once more.
   */
  async function begin(index, at, again = false) {
    const mine = ++wish;
    tally();
    current = index;
    on = true;
    changed();
    try {
      const [woken] = await Promise.all([speaker.wake(), load()]);
      context = woken;
    } catch (error) {
      if (mine === wish) pause(0);
      return say(`The sounds could not be played: ${/** @type {Error} */ (error).message} Press again.`);
    }
    if (mine !== wish || life.over) return;
    ready();
    const from = at >= (loop?.end ?? duration()) - 0.02 ? first() : Math.max(at, first());
    since = mixer?.start(index, () => ({ offset: from, loop })) ?? 0;
    if (!again) plays[index] += 1;
    frames.start();
    moved();
  }

  /** @param {number} [at] */
  function pause(at = position()) {
    tally();
    wish += 1;
    paused = at;
    on = false;
    mixer?.stop();
    frames.stop();
    speaker.rest();
    changed();
    moved();
  }

  life.free(() => {
    wish += 1;
    mixer?.stop();
    const closing = mixer;
    // Until the fade has ended.
    setTimeout(() => closing?.close(), 100);
    speaker.rest();
  });

  return {
    load,
    duration,
    position,
    enough,
    plays,
    get current() {
      return current;
    },
    get playing() {
      return on;
    },
    get afresh() {
      return afresh;
    },
    get loop() {
      return loop;
    },
    /** Plays a sound, goes over to it, or pauses the one that is heard. @param {number} index */
    press(index) {
      if (index === current) return on ? pause() : void begin(index, paused);
      if (!on || !mixer?.playing) return void begin(index, afresh || current < 0 ? first() : paused);
      if (afresh) return void begin(index, first());
      tally();
      since = mixer.change(index);
      current = index;
      plays[index] += 1;
      changed();
    },
    pause,
    /** @param {number} at  Seconds. */
    seek(at) {
      const to = clamp(at, 0, duration());
      if (on && current >= 0) return void begin(current, to, true);
      paused = to;
      moved();
    },
    /** @param {boolean} next */
    restart(next) {
      afresh = next;
    },
    /** @param {Region | null} next  What is played again and again; null for nothing. */
    repeat(next) {
      const at = position();
      loop = next;
      if (on) begin(current, loop ? clamp(at, loop.start, loop.end) : at, true);
    },
    /** What was heard before this view. @param {number} index @param {number} times */
    recall(index, times) {
      plays[index] = times;
      if (times > 0) listened[index] = Infinity;
    },
  };
}
