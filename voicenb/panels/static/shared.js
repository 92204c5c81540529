/** What the players share: elements, the wire to the kernel, waveforms and words. */

/**
 * @typedef {Object} Model  What anywidget gives a view of the Python object.
 * @property {(name: string) => any} get
 * @property {(name: string, value: any) => void} set
 * @property {() => void} save_changes
 * @property {(content: any, callbacks?: any, buffers?: ArrayBuffer[]) => void} send
 * @property {(name: string, callback: (...args: any[]) => void) => void} on
 * @property {(name: string, callback: (...args: any[]) => void) => void} off
 */

/**
 * @typedef {[text: string, start: number, end: number, sentence: number]} Word  Times in seconds.
 */

/**
 * @typedef {Object} Facts  What is known of a sound before it is heard.
 * @property {number} duration  Seconds.
 * @property {number | null} lufs  Integrated loudness; null for silence.
 * @property {number} level  The gain that brings it to the common loudness.
 * @property {string} peaks  One character a bar, of `LEVELS`.
 * @property {Word[]} words
 * @property {string[]} forms  The formats that it can be saved in.
 * @property {boolean} [starrable]  Whether the ledger has a row of it.
 * @property {string} [note]  What is to be said of it.
 */

/** How high a bar is, from low to high. */
export const LEVELS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const STAR = "m8 2.2 1.8 3.7 4 .6-2.9 2.8.7 4L8 11.4l-3.6 1.9.7-4-2.9-2.8 4-.6Z";

const ICONS = {
  play: "M5 3.2v9.6c0 .6.7 1 1.2.7l7.3-4.8c.5-.3.5-1 0-1.3L6.2 2.5C5.7 2.2 5 2.6 5 3.2Z",
  pause: "M4.5 2.5h2.2v11H4.5zM9.3 2.5h2.2v11H9.3z",
  loop: "M4.5 4.2h6a3 3 0 0 1 3 3v1.6a3 3 0 0 1-3 3h-5a3 3 0 0 1-3-3V7.7M6.6 1.8 4.2 4.2l2.4 2.4",
  record: "M8 3.2a4.8 4.8 0 1 0 0 9.6 4.8 4.8 0 0 0 0-9.6Z",
  stop: "M4 4h8v8H4z",
  star: STAR,
  starred: STAR,
  save: "M8 2v7.6M4.8 6.6 8 9.8l3.2-3.2M3 13.2h10",
};

/**
 * An element; attributes that begin with "on" are listeners, null and false leave an attribute away.
 * @param {string} tag
 * @param {Record<string, any>} [attributes]
 * @param {...(Node | string | null)} children
 * @returns {any}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {SVGElement | Element} parent
 * @param {string} tag
 * @param {Record<string, string>} attributes
 */
function draw(parent, tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  parent.append(element);
  return element;
}

/**
 * A button with a picture; `show` changes picture and name together.
 * @param {keyof typeof ICONS} icon
 * @param {string} name
 * @param {() => void} press
 * @param {boolean} [worded]  Whether its name is written beside the picture.
 */
export function button(icon, name, press, worded = false) {
  const element = h("button", { type: "button", class: worded ? "vn-button vn-worded" : "vn-button", onclick: press });
  const picture = draw(element, "svg", { viewBox: "0 0 16 16", "aria-hidden": "true" });
  const path = draw(picture, "path", {});
  const text = worded ? element.appendChild(h("span")) : null;
  /** @param {keyof typeof ICONS} icon @param {string} name */
  const show = (icon, name) => {
    path.setAttribute("d", ICONS[icon]);
    if (text) text.textContent = name;
    picture.setAttribute("class", ["loop", "save", "star"].includes(icon) ? "vn-stroked" : "");
    if (element.title !== name) {
      element.title = name;
      element.setAttribute("aria-label", name);
    }
  };
  show(icon, name);
  return { element, show };
}

/** @param {number} value @param {number} low @param {number} high */
export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/**
 * "2.41", or "1:05.2" from a minute on.
 * @param {number} seconds
 */
export function clock(seconds) {
  if (seconds < 60) return seconds.toFixed(2);
  const tenths = Math.floor(seconds * 10);
  return `${Math.floor(tenths / 600)}:${((tenths % 600) / 10).toFixed(1).padStart(4, "0")}`;
}

/**
 * "0.50 / 2.41 s"
 * @param {number} position
 * @param {number} duration
 */
export const clocks = (position, duration) => `${clock(position)} / ${clock(duration)}${duration < 60 ? " s" : ""}`;

/**
 * Everything that a view holds, so that it can be given back at once.
 * `on` listens, `free` notes what else has to be ended.
 */
export class Life {
  constructor() {
    /** @type {(() => void)[]} */
    this.ends = [];
    this.over = false;
  }

  /** @param {() => void} end */
  free(end) {
    if (this.over) end();
    else this.ends.push(end);
  }

  /** @param {{on: Function, off: Function}} source @param {string} name @param {(...args: any[]) => void} listener */
  on(source, name, listener) {
    source.on(name, listener);
    this.free(() => source.off(name, listener));
  }

  /** @param {EventTarget} target @param {string} name @param {(event: any) => void} listener */
  listen(target, name, listener) {
    target.addEventListener(name, listener);
    this.free(() => target.removeEventListener(name, listener));
  }

  /** @param {() => void} step  Called before each frame until it is stopped. */
  frames(step) {
    let handle = 0;
    const next = () => {
      handle = requestAnimationFrame(next);
      step();
    };
    const stop = () => {
      cancelAnimationFrame(handle);
      handle = 0;
    };
    this.free(stop);
    return { start: () => handle || this.over || next(), stop };
  }

  end() {
    this.over = true;
    for (const end of this.ends.splice(0).reverse()) end();
  }
}

/**
 * Questions to the kernel with their answers.
 * @param {Model} model
 * @param {Life} life
 * @param {(text: string) => void} say  Told where the kernel keeps silent, and with "" once it answers.
 */
export function asker(model, life, say) {
  /** @type {Map<string, {resolve: Function, reject: Function, timer: any}>} */
  const open = new Map();
  life.on(model, "msg:custom", (content, buffers) => {
    const waiting = open.get(content.request);
    if (!waiting) return;
    open.delete(content.request);
    clearTimeout(waiting.timer);
    say("");
    if (content.error) waiting.reject(new Error(content.error));
    else waiting.resolve({ ...content, buffers });
  });
  life.free(() => open.forEach(({ timer }) => clearTimeout(timer)));
  /** @param {Record<string, any>} question @param {number} [patience]  Milliseconds. @returns {Promise<any>} */
  return (question, patience = 2500) =>
    new Promise((resolve, reject) => {
      const request = Math.random().toString(36).slice(2);
      const timer = setTimeout(() => say("Waiting for the kernel. If it was restarted, run the cell again."), patience);
      open.set(request, { resolve, reject, timer });
      model.send({ ...question, request });
    });
}

/**
 * The bytes of a message's first buffer, which may be a view into a larger one.
 * @param {{buffers: DataView[]}} answer
 */
export const bytes = ({ buffers: [view] }) => {
  const { buffer, byteOffset, byteLength } = view;
  return /** @type {ArrayBuffer} */ (buffer).slice(byteOffset, byteOffset + byteLength);
};

/**
 * A waveform of rounded bars that shows how far it is played. It follows the theme by itself, and its width.
 * @param {Life} life
 * @param {Record<string, any>} [attributes]
 */
export function wave(life, attributes = {}) {
  const element = h("div", { ...attributes, class: "vn-wave" });
  const paths = ["vn-bars", "vn-bars vn-played"].map((name) =>
    draw(draw(element, "svg", { class: name, "aria-hidden": "true" }), "path", {}),
  );
  let peaks = "";
  const render = () => {
    const { clientWidth: width, clientHeight: height } = element;
    const count = Math.min(Math.floor(width / 4), peaks.length || 240);
    if (count < 1 || !height) return;
    let lines = "";
    for (let bar = 0; bar < count; bar++) {
      let most = 0;
      const end = Math.max(Math.ceil(((bar + 1) * peaks.length) / count), 1);
      for (let at = Math.floor((bar * peaks.length) / count); at < end; at++) {
        most = Math.max(most, LEVELS.indexOf(peaks[at] ?? "A") / 63);
      }
      const x = ((bar + 0.5) * width) / count;
      const reach = Math.max(most * (height / 2 - 2), 0.01);
      lines += `M${x.toFixed(1)} ${(height / 2 - reach).toFixed(2)}v${(2 * reach).toFixed(2)}`;
    }
    for (const path of paths) path.setAttribute("d", lines);
  };
  const observer = new ResizeObserver(render);
  observer.observe(element);
  life.free(() => observer.disconnect());
  return {
    element,
    /** @param {string} next */
    show(next) {
      peaks = next;
      render();
    },
    /** @param {number} from @param {number} to  The highlighted part, as shares of the whole. */
    light(from, to) {
      element.style.setProperty("--vn-from", `${100 * from}%`);
      element.style.setProperty("--vn-to", `${100 * to}%`);
    },
  };
}

/**
 * Calls `move` with the share (0–1) of the element's width, from pressing until letting go.
 * @param {HTMLElement} element
 * @param {(share: number, done: boolean) => void} move
 * @param {HTMLElement} [area]  What lies over the element, and where alone it is pressed for this.
 */
export function dragged(element, move, area = element) {
  /** @param {PointerEvent} event */
  const share = (event) => {
    const { left, width } = area.getBoundingClientRect();
    return clamp((event.clientX - left) / width, 0, 1);
  };
  element.addEventListener("pointerdown", (event) => {
    const { top, bottom } = area.getBoundingClientRect();
    if (event.button || event.clientY < top || event.clientY > bottom) return;
    element.setPointerCapture(event.pointerId);
    move(share(event), false);
  });
  element.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
    if (element.hasPointerCapture(event.pointerId)) move(share(event), false);
  });
  element.addEventListener("pointerup", (/** @type {PointerEvent} */ event) => {
    if (element.hasPointerCapture(event.pointerId)) move(share(event), true);
  });
}

const UNSPACED = /[\u0e00-\u0e7f\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]/u;

/**
 * What is said; one stop of the tab key, arrows go from word to word, enter plays from there (space pauses, as everywhere).
 * @param {(index: number) => void} pick
 */
export function words(pick) {
  const element = h("div", { class: "vn-words", dir: "auto", role: "group", "aria-label": "Words" });
  /** @type {HTMLElement[]} */
  let spans = [];
  let lit = -1;
  /** @param {number} index */
  const stop = (index) => spans.forEach((span, at) => (span.tabIndex = at === index ? 0 : -1));
  element.addEventListener("click", (/** @type {MouseEvent} */ event) => {
    const index = spans.indexOf(/** @type {any} */ (event.target));
    if (index >= 0) pick(index);
  });
  element.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    const index = spans.indexOf(/** @type {any} */ (event.target));
    const forward = getComputedStyle(element).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
    const back = forward === "ArrowLeft" ? "ArrowRight" : "ArrowLeft";
    const next = { [forward]: index + 1, [back]: index - 1, Home: 0, End: spans.length - 1 }[event.key];
    if (index < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter") pick(index);
    else if (next !== undefined) {
      const to = clamp(next, 0, spans.length - 1);
      stop(to);
      spans[to].focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  return {
    element,
    /** @param {Word[]} list */
    show(list) {
      lit = -1;
      element.replaceChildren();
      spans = list.map(([text, start, end], index) => {
        const before = list[index - 1]?.[0] ?? "";
        const joined = !index || (UNSPACED.test(before.slice(-1)) && UNSPACED.test(text[0]));
        const title = `${start.toFixed(2)}–${end.toFixed(2)} s`;
        const span = h("span", { class: "vn-word", role: "button", tabindex: index ? -1 : 0, title }, text);
        element.append(joined ? "" : " ", span);
        return span;
      });
    },
    /** @param {number} index  The word that is spoken, or −1. */
    light(index) {
      if (index === lit) return;
      spans[lit]?.removeAttribute("aria-current");
      spans[index]?.setAttribute("aria-current", "true");
      lit = index;
      if (index >= 0 && !element.contains(document.activeElement)) stop(index);
    },
  };
}

/**
 * The word that is spoken at a time, or −1.
 * @param {Word[]} list
 * @param {number} time
 */
export function spoken(list, time) {
  let found = -1;
  for (let index = 0; index < list.length && list[index][1] <= time + 1e-6; index++) found = index;
  return found >= 0 && time < list[found][2] + 0.12 ? found : -1;
}

/**
 * Answers keys; those that have a meaning do not reach the notebook, the others do.
 * @param {HTMLElement} element
 * @param {(key: string, event: KeyboardEvent) => boolean} act  Whether the key meant something.
 */
export function keys(element, act) {
  element.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const target = /** @type {HTMLElement} */ (event.target);
    const native = event.key === "Enter" ? "button, input" : event.key === " " ? "button:not(.vn-cell), input" : "";
    const pressed = native && target.closest(native);
    // Buttons answer these two themselves, and lists choose with the arrows; the notebook must not act on them either.
    if (target.closest("select") || pressed) event.stopPropagation();
    else if (act(event.key.length === 1 ? event.key.toLowerCase() : event.key, event)) {
      event.preventDefault();
      event.stopPropagation();
    }
  });
  // Firefox presses a button when the space bar is let go.
  element.addEventListener("keyup", (event) => {
    if (event.key === " " && /** @type {HTMLElement} */ (event.target).closest(".vn-cell")) event.preventDefault();
  });
}

/** The place where a player says what it waits for, or what went wrong. */
export function status() {
  const element = h("div", { class: "vn-status", role: "status", "aria-live": "polite" });
  /** @param {string} text */
  const say = (text) => {
    if (element.textContent !== text) element.textContent = text;
  };
  return { element, say };
}
