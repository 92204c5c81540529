"""What comes out of the loudspeaker, frame by frame, and what it is compared with."""

from __future__ import annotations

import base64

import numpy as np

from voicenb.panels.players.compare import ComparePlayer

QUANTUM = 128
"""The frames that Web Audio renders at once."""
_STEP = 4e-5
"""A little more than the last of 16 bits."""

# Written down: every frame on its way to the loudspeaker, every sound that was decoded, every context and every microphone. The page
# is held up for `held` milliseconds before it starts a sound that is due.
TAP = """(() => {
  const tap = `registerProcessor("tap", class extends AudioWorkletProcessor {
    constructor() { super(); this.frame = 0; this.port.onmessage = () => this.port.postMessage([]); }
    process([[channel]]) {
      if (channel && channel.some((one) => one !== 0)) this.port.postMessage([this.frame, channel.slice()]);
      // Chromium's own count, currentFrame, stands still when it renders several quanta at once, as it does on a busy machine.
      this.frame += 128;
      return true;
    }
  });`;
  Object.assign(window, {heard: new Map(), decoded: [], contexts: [], streams: [], tapped: 0, held: 0});
  const Context = window.AudioContext;
  window.AudioContext = class extends Context {
    constructor(...options) { super(...options); contexts.push(this); }
    // What is begun while a tap is put in its place is late, and the tap does not hear it.
    async resume() { await this.tap; return super.resume(); }
  };
  const connect = AudioNode.prototype.connect;
  AudioNode.prototype.connect = function (to, ...rest) {
    if (to === this.context.destination && !(this.context instanceof OfflineAudioContext)) {
      this.context.tap = this.context.audioWorklet.addModule(URL.createObjectURL(new Blob([tap], {type: "text/javascript"}))).then(() => {
        const node = new AudioWorkletNode(this.context, "tap", {numberOfOutputs: 0});
        node.port.onmessage = ({data: [frame, channel]}) => {
          if (channel) heard.set(frame, channel);
          else this.context.told();
        };
        this.context.ask = () => new Promise((told) => { this.context.told = told; node.port.postMessage(null); });
        connect.call(this, node);
        tapped += 1;
      });
    }
    return connect.call(this, to, ...rest);
  };
  const start = AudioBufferSourceNode.prototype.start;
  AudioBufferSourceNode.prototype.start = function (when, ...rest) {
    const until = performance.now() + held;
    while (when < this.context.currentTime + 0.1 && performance.now() < until);
    return start.call(this, when, ...rest);
  };
  const decode = OfflineAudioContext.prototype.decodeAudioData;
  OfflineAudioContext.prototype.decodeAudioData = function (...options) {
    return decode.apply(this, options).then((buffer) => {
      decoded.push(buffer.getChannelData(0).slice());
      return buffer;
    });
  };
  if (navigator.mediaDevices) {
    const get = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (...options) => {
      const stream = await get(...options);
      streams.push(stream);
      return stream;
    };
  }
})();"""
TO_TEXT = """const text = (floats) => {
  const bytes = new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength);
  let binary = "";
  for (let at = 0; at < bytes.length; at += 32768) binary += String.fromCharCode(...bytes.subarray(at, at + 32768));
  return btoa(binary);
};"""


def floats(text):
    return np.frombuffer(base64.b64decode(text), dtype=np.float32)


def heard(page):
    """What went to the loudspeaker: the first frame, and all from there without a hole."""
    first, text = page.page.evaluate(
        f"""async () => {{
            {TO_TEXT}
            // What was asked for last is rendered within this time, and was told when the tap answers, which is asked after it.
            const context = contexts.at(-1);
            const until = context.currentTime + 0.1;
            while (context.currentTime < until) await new Promise(requestAnimationFrame);
            await context.ask();
            const frames = [...heard.keys()].sort((a, b) => a - b);
            if (!frames.length) return [0, ""];
            const [first, last] = [frames[0], frames.at(-1)];
            const whole = new Float32Array(last - first + 128);
            for (const [frame, channel] of heard) whole.set(channel, frame - first);
            return [first, text(whole)];
        }}"""
    )
    return first, floats(text)


def ready(page, count):
    """Everything is fetched, nothing was heard yet, and the tap is in its place, where a first try to play has put it."""
    shown = page.page.locator(".vn-compare")
    shown.locator(".vn-cell").first.hover()
    page.page.wait_for_function("count => decoded.length === count", arg=count)
    assert page.page.evaluate("contexts.length") == 0
    shown.get_by_role("button", name="Play", exact=True).click()
    page.page.wait_for_function("tapped === 1")
    shown.get_by_role("button", name="Pause", exact=True).click()
    heard(page)
    shown.locator(".vn-cell").first.focus()
    page.page.keyboard.press("Home")
    page.page.evaluate("heard.clear()")


def listen(page, seconds):
    """Waits until so much more has been heard."""
    page.page.evaluate("() => { window.mark = heard.size; }")
    page.page.wait_for_function(
        f"seconds => heard.size >= mark + seconds * contexts.at(-1).sampleRate / {QUANTUM}", arg=seconds, polling=20
    )


def element_sound(audio, rate):
    """What an audio element plays, as the browser decodes it at `rate`."""
    return floats(
        audio.evaluate(
            f"""async (audio, rate) => {{
                {TO_TEXT}
                const file = await (await fetch(audio.currentSrc)).arrayBuffer();
                return text((await new OfflineAudioContext(1, 1, rate).decodeAudioData(file)).getChannelData(0));
            }}""",
            rate,
        )
    )


def crossfade(old, new, frames=QUANTUM):
    """An equal-power crossfade as the mixer's curves of 33 points make it."""
    points = np.sin(np.pi / 2 * np.linspace(0, 1, 33))
    at = np.arange(frames) / frames * 32
    return old * np.interp(at, np.arange(33), points[::-1]) + new * np.interp(at, np.arange(33), points)


def order_heard(signal, sounds):
    """Which of `sounds`, that all began with the signal, was heard after which, as their places.

    Every quantum has to be one of them to the last of 16 bits, or the crossfade of one quantum from one to the next; the signal rises
    out of silence and falls into it likewise. Where two are alike, as in their pauses, a change cannot be heard and is
    seen at the end of it; where one of two that begin alike begins, it is the one that is heard when they part.
    """
    silence = np.zeros(len(signal) + QUANTUM, np.float32)
    clock = [*(np.concatenate([sound, silence])[: len(silence)] for sound in sounds), silence]
    heard_then = np.concatenate([signal, silence])
    order = [len(sounds)]

    def off(sound, first):
        return np.abs(heard_then[first : first + QUANTUM] - sound[first : first + QUANTUM]).max()

    def lasting(sound, first):
        quanta = range(first + QUANTUM, len(signal) - QUANTUM + 1, QUANTUM)
        return next((at for at in quanta if off(sound, at) >= _STEP), len(signal))

    for first in range(0, len(signal) - QUANTUM + 1, QUANTUM):
        old = clock[order[-1]]
        if off(old, first) < _STEP:
            continue
        part = slice(first, first + QUANTUM)
        follows, seen = {}, []
        for place, new in enumerate(clock):
            faded = np.abs(signal[part] - crossfade(old[part], new[part])).max()
            seen.append(
                [
                    f"{one:.1e}"
                    for one in (faded, off(new, max(first - QUANTUM, 0)), off(new, first), off(new, first + QUANTUM))
                ]
            )
            if faded < 1e-3 and off(new, first + QUANTUM) < _STEP:
                follows[place] = faded
            elif first and off(new, first) < _STEP and off(new, first - QUANTUM) < _STEP:
                follows[place] = 0.0
        assert follows, (
            f"at frame {first} of {len(signal)}, after {order[1:]}, no clip is heard, and no change to one; off by, as a"
            f" crossfade, before, now and after: {seen}"
        )
        # Of two that begin alike to the last bit, it is the one that goes on; where both do to the end, one is a pause of a clip there.
        order.append(
            max(follows, key=lambda place: (lasting(clock[place], first), place == len(sounds), -follows[place]))
        )
    if order[-1] != len(sounds):
        # Where a clip is hardly louder than a step of 16 bits, its fade into silence differs from it by less than one.
        last = clock[order[-1]][len(signal) - QUANTUM : len(signal)]
        assert np.abs(signal[-QUANTUM:] - crossfade(last, np.zeros_like(last))).max() < _STEP, "the end is a cut"
        order.append(len(sounds))
    return order[1:-1]


def decoded(samples):
    """Samples of 16 bits as Chromium decodes them: full scale is 32767 above zero and 32768 below."""
    return np.where(samples > 0, samples * (32768 / 32767), samples).astype(np.float32)


OFFLINE = f"""async ({{module, sounds, rate, seconds, plan, ahead, fade}}) => {{
    {TO_TEXT}
    const {{Mixer}} = await import(URL.createObjectURL(new Blob([module], {{type: "text/javascript"}})));
    const context = new OfflineAudioContext(1, seconds * rate, rate);
    const mixer = new Mixer(context, ahead, fade);
    sounds.forEach((sound, id) => {{
        const samples = new Float32Array(Uint8Array.from(atob(sound), (one) => one.charCodeAt(0)).buffer);
        const buffer = context.createBuffer(1, samples.length, rate);
        buffer.copyToChannel(samples, 0);
        mixer.set(id, buffer, 1);
    }});
    const times = [];
    for (const [at, act, id, offset, loop] of plan) {{
        const place = offset === null || offset === undefined ? null : () => ({{offset, loop}});
        const step = () => times.push(mixer[act](id, place));
        if (at === 0) step();
        else context.suspend(at).then(() => {{ step(); context.resume(); }});
    }}
    return [times, text((await context.startRendering()).getChannelData(0))];
}}"""


def render(page, sounds, plan, seconds, rate, *, ahead=0, fade="cross"):
    """What the mixer makes of a plan: rows of moment, method, sound and, where it begins anew, its offset in seconds."""
    packed = [base64.b64encode(np.asarray(sound, np.float32).tobytes()).decode() for sound in sounds]
    page.page.goto("about:blank")
    given = {
        "module": ComparePlayer._esm,
        "sounds": packed,
        "rate": rate,
        "seconds": seconds,
        "plan": plan,
        "ahead": ahead,
        "fade": fade,
    }
    times, text = page.page.evaluate(OFFLINE, given)
    return times, floats(text)
