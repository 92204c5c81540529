/** Many sounds on one sample clock, of which one is heard. */

const QUANTUM = 128;
// How much later than its fade an unheard sound may end, in seconds: a fade that is asked for too late comes later than it was placed.
const AFTER = 0.25;
const STEPS = 33;
const RISE = Float32Array.from({ length: STEPS }, (_, step) => Math.sin((Math.PI / 2) * (step / (STEPS - 1))));
const FALL = Float32Array.from(RISE, (_, step) => RISE[STEPS - 1 - step]);
// How long each half of a change "out-in" takes, in seconds (ITU-R BS.1534-3).
const HALF = 0.005;

/**
 * @typedef {Object} Region  A part that is played again and again, in seconds of the sound.
 * @property {number} start
 * @property {number} end
 */

/**
 * @typedef {Object} Voice  A sound that runs.
 * @property {AudioBufferSourceNode} source
 * @property {GainNode} gain  1 where it is heard, else 0.
 * @property {number} from  The context's time at which it began.
 * @property {number} offset  Where in the sound it began, in seconds.
 * @property {Region | null} loop
 * @property {number} length  What it plays before it repeats or ends, in seconds.
 */

/**
 * @typedef {Object} Shape  How one sound gives way to another.
 * @property {Float32Array} rise
 * @property {Float32Array} fall
 * @property {number} length  Of each, in frames.
 * @property {number} gap  From the beginning of the fall to that of the rise, in frames.
 */

/**
 * An equal-power crossfade over one render quantum; or a raised cosine of 5 ms out, and then one of 5 ms in, so that at no time
 * two sounds are heard.
 * @param {"cross" | "out-in"} fade
 * @param {number} rate  Frames a second.
 * @returns {Shape}
 */
function shaped(fade, rate) {
  if (fade === "cross") return { rise: RISE, fall: FALL, length: QUANTUM, gap: 0 };
  const length = Math.round(HALF * rate);
  // A point a frame.
  const rise = Float32Array.from({ length: length + 1 }, (_, frame) => (1 - Math.cos((Math.PI * frame) / length)) / 2);
  return { rise, fall: Float32Array.from(rise, (_, frame) => rise[length - frame]), length, gap: length };
}

/**
 * All sounds start at the same sample and run on, each behind a gain of its own; changing from one to another is an
 * equal-power crossfade over one render quantum (128 frames, 5.3 ms at 24 kHz), which begins at the same frame for both: no
 * gap, no click. Listening tests fade out first, and then in. Every change is placed a little ahead of the clock, so that it happens at the frame it names; a sound that came too
 * late for its frame, because the page was held up, is placed again before anybody hears it.
 */
export class Mixer {
  /**
   * @param {BaseAudioContext} context  Its rate is the sounds' own.
   * @param {number} [ahead]  Seconds from asking to happening: a page that is held up for longer, between asking what time it is and telling the
   *   change, cuts instead of fading.
   * @param {"cross" | "out-in"} [fade]  How one sound gives way to another.
   */
  constructor(context, ahead = 0.04, fade = "cross") {
    this.context = context;
    this.ahead = ahead;
    this.shape = shaped(fade, context.sampleRate);
    this.output = context.createGain();
    this.output.connect(context.destination);
    /** @type {Map<number, {buffer: AudioBuffer, level: GainNode, gain: number, voice: Voice | null}>} */
    this.tracks = new Map();
    /** @type {number | null} */
    this.current = null;
    this.busy = 0;
    /** @type {() => void} */
    this.onend = () => {};
  }

  /** The first frame of the next free quantum, in seconds of the context. @param {number} [ahead] */
  soon(ahead = this.ahead) {
    const { sampleRate, currentTime } = this.context;
    const quantum = QUANTUM / sampleRate;
    const next = Math.ceil(Math.max(currentTime + ahead, this.busy) / quantum - 1e-6) * quantum;
    // A curve may not begin before the last has ended.
    this.busy = next + (Math.ceil((this.shape.length + this.shape.gap) / QUANTUM) + 1) * quantum;
    return next;
  }

  /**
   * Adds a sound, or replaces it.
   * @param {number} id
   * @param {AudioBuffer} buffer
   * @param {number} gain
   */
  set(id, buffer, gain) {
    this.remove(id);
    const level = this.context.createGain();
    level.gain.value = gain;
    level.connect(this.output);
    this.tracks.set(id, { buffer, level, gain, voice: null });
  }

  /** @param {number} id */
  remove(id) {
    const track = this.tracks.get(id);
    if (!track) return;
    if (track.voice) this._release(track.voice, this.context.currentTime);
    track.level.disconnect();
    this.tracks.delete(id);
  }

  /** @param {number} id @param {number} gain */
  level(id, gain) {
    const track = this.tracks.get(id);
    if (!track || track.gain === gain) return;
    const time = this.context.currentTime;
    track.level.gain.cancelScheduledValues(time);
    track.level.gain.setValueAtTime(track.gain, time);
    track.level.gain.linearRampToValueAtTime(gain, time + 0.03);
    track.gain = gain;
  }

  get playing() {
    return this.current !== null;
  }

  /**
   * Where a running sound is, in its own seconds.
   * @param {number} id
   * @param {number} [time]  Of the context; else now.
   */
  where(id, time = this.context.currentTime) {
    const voice = this.tracks.get(id)?.voice;
    if (!voice) return 0;
    const run = Math.max(time - voice.from, 0);
    return voice.loop
      ? Math.min(voice.loop.start + ((voice.offset - voice.loop.start + run) % voice.length), voice.loop.end)
      : Math.min(voice.offset + run, voice.length);
  }

  /**
   * Starts every sound at one and the same frame; what runs already fades into it.
   * @param {number} current  Which is heard.
   * @param {(id: number) => {offset: number, loop?: Region | null}} place  Where each begins.
   * @returns {number} The frame's time.
   */
  start(current, place) {
    const heard = this.current === null ? null : this.tracks.get(this.current)?.voice;
    const time = this._run([...this.tracks.keys()], place, heard);
    const next = this.tracks.get(current)?.voice;
    if (!next) throw new RangeError(`there is no sound ${current}`);
    if (heard) this._fall(heard, time, true);
    this._rise(next, heard ? this._after(time) : time);
    this.current = current;
    return time;
  }

  /**
   * Lets one more sound run beside the others, unheard.
   * @param {number} id
   * @param {(time: number) => {offset: number, loop?: Region | null}} place  Where it begins if it does so then.
   */
  join(id, place) {
    const track = this.tracks.get(id);
    if (!track || this.current === null || id === this.current) return;
    this._run([id], (_, time) => place(time));
  }

  /**
   * Makes another sound the one that is heard.
   * @param {number} id
   * @param {((time: number) => {offset: number, loop?: Region | null}) | null} [place]  Where it is to begin anew; else it is heard
   *   from where it has run to.
   * @returns {number} The frame's time.
   */
  change(id, place = null) {
    const track = this.tracks.get(id);
    const heard = this.current === null ? null : this.tracks.get(this.current)?.voice;
    if (!track || !heard) throw new RangeError(`there is no sound ${id} to change to`);
    if (id === this.current && !place) return this.soon();
    /** @param {number} time */
    const where = (time) => ({ offset: this.where(Number(this.current), time) });
    const time = place || !track.voice ? this._run([id], (_, then) => (place ?? where)(then), heard) : this.soon();
    const next = /** @type {Voice} */ (track.voice);
    this._fall(heard, time, id === this.current);
    this._rise(next, this._after(time));
    this.current = id;
    return time;
  }

  /** Fades out and ends every sound. */
  stop() {
    const time = this.soon();
    for (const [id, track] of this.tracks) {
      if (!track.voice) continue;
      if (id === this.current) this._fall(track.voice, time, true);
      else this._release(track.voice, time);
      track.voice = null;
    }
    this.current = null;
  }

  close() {
    for (const id of [...this.tracks.keys()]) this.remove(id);
    this.current = null;
    this.output.disconnect();
  }

  /**
   * Lets sounds run, unheard, all from one and the same frame.
   * @param {number[]} ids
   * @param {(id: number, time: number) => {offset: number, loop?: Region | null}} place  Where each begins if it does so then.
   * @param {Voice | null} [heard]  What goes on until it is faded; whatever else of these tracks runs is ended.
   * @returns {number} The frame's time.
   */
  _run(ids, place, heard = null) {
    const { context } = this;
    for (let ahead = this.ahead; ; ahead *= 2) {
      const time = this.soon(ahead);
      // What follows a sound begins when that has faded, so that nothing of it is lost.
      const begin = heard ? this._after(time) : time;
      for (const id of ids) {
        const track = this.tracks.get(id);
        if (!track) continue;
        if (track.voice && track.voice !== heard) this._release(track.voice, time);
        const { offset, loop } = place(id, begin);
        track.voice = this._begin(track, begin, offset, loop ?? null);
      }
      // Some that are too late begin as soon as they can, each at another frame.
      if (context.currentTime + this.ahead / 2 <= time || ahead > 1) return time;
    }
  }

  /**
   * @param {{buffer: AudioBuffer, level: GainNode}} track
   * @param {number} time
   * @param {number} offset
   * @param {Region | null} loop
   * @returns {Voice}
   */
  _begin({ buffer, level }, time, offset, loop) {
    const { context } = this;
    const source = context.createBufferSource();
    const gain = context.createGain();
    source.buffer = loop ? repeated(context, buffer, loop) : buffer;
    source.loop = loop !== null;
    gain.gain.value = 0;
    source.connect(gain).connect(level);
    const length = source.buffer.duration;
    const inside = loop ? Math.min(Math.max(offset - loop.start, 0), length) : Math.min(Math.max(offset, 0), length);
    // On a frame, or the source would interpolate between two.
    const start = Math.round(inside * buffer.sampleRate) / buffer.sampleRate;
    source.start(time, start);
    const voice = { source, gain, from: time, offset: loop ? loop.start + start : start, loop, length };
    source.onended = () => {
      gain.disconnect();
      const heard = this.current === null ? null : this.tracks.get(this.current)?.voice;
      if (voice === heard) this.onend();
    };
    return voice;
  }

  /** When the next sound rises, if the last one begins to fall at this time. @param {number} time */
  _after(time) {
    const { sampleRate } = this.context;
    // On a frame, and the very same time where both happen at once.
    return this.shape.gap ? (Math.round(time * sampleRate) + this.shape.gap) / sampleRate : time;
  }

  /** @param {Voice} voice @param {number} time */
  _rise(voice, time) {
    voice.gain.gain.setValueCurveAtTime(this.shape.rise, time, this.shape.length / this.context.sampleRate);
  }

  /** @param {Voice} voice @param {number} time @param {boolean} last  Whether it ends with that. */
  _fall(voice, time, last) {
    voice.gain.gain.setValueCurveAtTime(this.shape.fall, time, this.shape.length / this.context.sampleRate);
    if (last) this._release(voice, time + AFTER);
  }

  /** @param {Voice} voice @param {number} time */
  _release(voice, time) {
    voice.source.stop(time);
  }
}

/**
 * A part of a sound, ready to be repeated: soft at both ends, with a breath after it.
 * @param {BaseAudioContext} context
 * @param {AudioBuffer} buffer
 * @param {Region} region
 */
export function repeated(context, buffer, { start, end }) {
  const { sampleRate, numberOfChannels } = buffer;
  const first = Math.round(start * sampleRate);
  const count = Math.max(Math.round(end * sampleRate) - first, 2 * QUANTUM);
  const copy = context.createBuffer(numberOfChannels, count + Math.round(0.15 * sampleRate), sampleRate);
  for (let channel = 0; channel < numberOfChannels; channel++) {
    const part = buffer.getChannelData(channel).slice(first, first + count);
    for (let frame = 0; frame < Math.min(QUANTUM, part.length); frame++) {
      const gain = Math.sin((Math.PI / 2) * (frame / QUANTUM));
      part[frame] *= gain;
      part[part.length - 1 - frame] *= gain;
    }
    copy.copyToChannel(part, channel);
  }
  return copy;
}

/**
 * The time in one clip that corresponds to a time in another: its words' beginnings and ends correspond, and what lies between
 * two of them is stretched. Clips of which no words are known, or not the same, correspond second by second.
 * @param {number} time
 * @param {{duration: number, words: [string, number, number, number][]}} from
 * @param {{duration: number, words: [string, number, number, number][]}} to
 */
export function mapped(time, from, to) {
  if (!from.words.length || from.words.length !== to.words.length) return Math.min(time, to.duration);
  let before = [0, 0];
  const anchors = from.words.flatMap(([, start, end], index) => [
    [start, to.words[index][1]],
    [end, to.words[index][2]],
  ]);
  for (const after of [...anchors, [from.duration, to.duration]]) {
    // Services' times step back now and then; an anchor that does is none.
    if (after[0] < before[0] || after[1] < before[1]) continue;
    if (time < after[0]) {
      const share = (time - before[0]) / (after[0] - before[0]);
      return before[1] + share * (after[1] - before[1]);
    }
    before = after;
  }
  return to.duration;
}
