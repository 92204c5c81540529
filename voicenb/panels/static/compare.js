import { Life, asker, button, bytes, clamp, clocks, dragged, h, keys, spoken, status, wave, words } from "./shared.js";
import { Mixer, mapped } from "./mixer.js";
import { covers } from "./kept.js";
import { saver } from "./saving.js";

/** @typedef {import("./shared.js").Facts} Facts */
/** @typedef {import("./mixer.js").Region} Region */

// Decoded sound that a grid keeps, in bytes: 100 clips of 10 s at 24 kHz.
const SHELF = 96e6;
const BATCH = 6;
const IDLE = 10_000;
const LOOPS = ["off", "word", "sentence", "all"];

/** @param {{model: import("./shared.js").Model, el: HTMLElement}} view */
function render({ model, el }) {
  const life = new Life();
  covers(model, life);
  let end = page({ model, el });
  const again = () => {
    const list = document.activeElement?.getAttribute("data-page");
    end();
    el.replaceChildren();
    end = page({ model, el });
    // The list that turned the page was drawn anew, too.
    if (list) /** @type {HTMLElement | null} */ (el.querySelector(`[data-page="${list}"]`))?.focus({ preventScroll: true });
  };
  model.on("change:_grid", again);
  return () => {
    model.off("change:_grid", again);
    life.end();
    end();
  };
}

/** @param {{model: import("./shared.js").Model, el: HTMLElement}} view */
function page({ model, el }) {
  const life = new Life();
  const { element: line, say } = status();
  const ask = asker(model, life, say);
  /** @type {{rows: string[], columns: string[], cells: (string | null)[][], notes: string[][], pages: {name: string, levels: string[], at: number}[], rate: number, target: number}} */
  const grid = model.get("_grid");
  /** @type {(Facts | null)[]} */
  const facts = [];
  /** @type {Map<number, Promise<void>>} */
  const loading = new Map();
  /** The sounds that are there, the least recently heard first. @type {Map<number, AudioBuffer>} */
  const shelf = new Map();
  /** @type {AudioContext | null} */
  let context = null;
  /** @type {Mixer | null} */
  let mixer = null;
  let current = 0;
  let paused = 0; // where the current clip stands while nothing plays, in seconds
  let loop = "off";
  /** @type {number} */
  let word = -1; // the word that the loop is about
  let wish = 0; // counts what was asked for, so that a late answer knows that it is late
  let idle = 0;

  // ── Where sounds are ─────────────────────────────────────────────────────────────────────────────────────────────

  const aligned = () => model.get("align") && facts.some((one) => one?.words.length);
  /** @param {number} id */
  const gain = (id) => (model.get("match") ? (facts[id]?.level ?? 1) : 1);
  const position = () => (mixer?.playing ? mixer.where(current, heardNow()) : paused);
  const heardNow = () => (context ? context.currentTime - (context.outputLatency || context.baseLatency || 0) : 0);

  /** What `time` of clip `from` is in clip `to`. @param {number} time @param {number} from @param {number} to */
  function across(time, from, to) {
    const [a, b] = [facts[from], facts[to]];
    if (!a || !b || from === to) return time;
    return aligned() ? mapped(time, a, b) : Math.min(time, b.duration);
  }

  /** The part of a clip that the loop repeats. @param {number} id @returns {Region | null} */
  function region(id) {
    const known = facts[id];
    const own = facts[current];
    if (!known || !own || loop === "off") return null;
    if (loop === "all" || word < 0) return { start: 0, end: known.duration };
    const sentence = own.words[word][3];
    const first = loop === "word" ? word : own.words.findIndex((one) => one[3] === sentence);
    let last = word;
    while (loop === "sentence" && own.words[last + 1]?.[3] === sentence) last++;
    const [start, end] = [own.words[first][1], own.words[last][2]];
    return { start: across(start, current, id), end: Math.max(across(end, current, id), across(start, current, id)) };
  }

  /** Where clip `id` begins so that it stands where the current one does. @param {number} at @param {number} id */
  function place(at, id) {
    const part = region(id);
    const offset = across(at, current, id);
    return { offset: part ? clamp(offset, part.start, part.end) : offset, loop: part };
  }

  // ── Fetching ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Looks into the clips, a few at a time, so that a sound that is asked for meanwhile need not wait long. */
  async function examine() {
    const ids = grid.cells.flat().flatMap((label, id) => (label === null ? [] : [id]));
    for (let at = 0; at < ids.length && !life.over; at += BATCH) {
      const answer = await ask({ kind: "facts", ids: ids.slice(at, at + BATCH) });
      for (const [id, known] of Object.entries(answer.facts)) learn(Number(id), known);
    }
  }

  /** @param {number} id @param {Facts & {error?: string}} known */
  function learn(id, known) {
    const cell = cells.get(id);
    if (!cell) return;
    facts[id] = known.error ? null : known;
    cell.show(known);
    scale();
    if (id !== current) return;
    // What cannot be read is not what one begins with.
    choose(known.error ? (order.find((other) => cells.get(other)?.usable()) ?? id) : id);
  }

  function scale() {
    const longest = Math.max(...facts.map((one) => one?.duration ?? 0));
    cells.forEach((cell, id) => cell.scale((facts[id]?.duration ?? longest) / longest));
    const known = facts.filter((one) => one !== null && one !== undefined);
    align.element.hidden = !known.some((one) => one.words.length);
    for (const option of choice.options) {
      option.disabled = align.element.hidden && (option.value === "word" || option.value === "sentence");
    }
  }

  /** Fetches and decodes a clip, once as long as it stays on the shelf. @param {number} id @returns {Promise<void>} */
  function load(id) {
    let going = loading.get(id);
    if (!going) {
      going = fetched(id).catch((error) => {
        loading.delete(id);
        throw error;
      });
      loading.set(id, going);
    }
    return going;
  }

  /** @param {number} id */
  async function fetched(id) {
    const answer = await ask({ kind: "audio", id });
    if (!facts[id]) learn(id, answer.facts);
    // A context of its own, since it needs no gesture; at the grid's rate, so that the samples stay what they are.
    const buffer = await new OfflineAudioContext(1, 1, grid.rate).decodeAudioData(bytes(answer));
    if (life.over) return;
    shelf.set(id, buffer);
    tidy(id);
    mixer?.set(id, buffer, gain(id));
    mixer?.join(id, (time) => place(mixer?.where(current, time) ?? 0, id));
  }

  const kept = () => [...shelf.values()].reduce((sum, one) => sum + 4 * one.length * one.numberOfChannels, 0);

  /** @param {number} newest */
  function tidy(newest) {
    for (const id of shelf.keys()) {
      if (kept() <= SHELF) return;
      if (id === newest || id === current) continue;
      shelf.delete(id);
      loading.delete(id);
      mixer?.remove(id);
    }
  }

  let ahead = false;
  /** Fetches the others too, as long as there is room: somebody listens. */
  async function prepare() {
    if (ahead) return;
    ahead = true;
    try {
      for (const id of cells.keys()) {
        const room = kept() + (facts[id]?.duration ?? 0) * grid.rate * 4 <= SHELF;
        if (!life.over && room && cells.get(id)?.usable()) await load(id);
      }
    } catch (error) {
      say(/** @type {Error} */ (error).message);
    }
  }

  /** The mixer with all that is there; it is made when somebody wants to listen, since browsers count sound cards' users. */
  function player() {
    context ??= new AudioContext({ sampleRate: grid.rate, latencyHint: "interactive" });
    if (!mixer) {
      mixer = new Mixer(context);
      mixer.onend = () => halt(0);
      for (const [id, buffer] of shelf) mixer.set(id, buffer, gain(id));
    }
    return mixer;
  }

  // ── Playing ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** @param {number} [at]  Seconds of the current clip. */
  async function play(at = position()) {
    const mine = ++wish;
    const id = current;
    if (!cells.get(id)?.usable()) return;
    const from = facts[id] && at >= facts[id].duration - 0.02 ? 0 : at;
    paused = from;
    clearTimeout(idle);
    const mix = player();
    try {
      await Promise.all([load(id), context?.resume()]);
    } catch (error) {
      return say(/** @type {Error} */ (error).message);
    }
    if (mine !== wish || life.over) return;
    mix.start(id, (other) => place(from, other));
    frames.start();
    state();
    prepare();
  }

  /** @param {number} [at] */
  function halt(at = position()) {
    wish++;
    paused = at;
    mixer?.stop();
    frames.stop();
    state();
    tell();
    // A running context keeps the sound card awake.
    clearTimeout(idle);
    idle = setTimeout(() => context?.suspend(), IDLE);
  }

  /** @param {number} at  Seconds of the current clip. */
  function seek(at) {
    const to = clamp(at, 0, facts[current]?.duration ?? 0);
    if (mixer?.playing) return play(to);
    paused = to;
    tell();
  }

  /** Listens to another clip, from the same word or moment. @param {number} id @param {boolean} [on]  Whether to begin, where nothing plays. */
  async function turn(id, on = true) {
    if (!cells.get(id)?.usable()) return;
    if (!mixer?.playing) {
      paused = across(paused, current, id);
      choose(id);
      return on ? play() : tell();
    }
    if (id === current) return;
    const mine = ++wish;
    if (!shelf.has(id)) {
      cells.get(id)?.element.setAttribute("aria-busy", "true");
      try {
        await load(id);
      } catch (error) {
        return say(/** @type {Error} */ (error).message);
      } finally {
        cells.get(id)?.element.removeAttribute("aria-busy");
      }
      if (mine !== wish || life.over) return;
    }
    // What is heard last is thrown away last.
    const buffer = /** @type {AudioBuffer} */ (shelf.get(id));
    shelf.delete(id);
    shelf.set(id, buffer);
    const mix = player();
    if (!mix.playing) {
      choose(id);
      return tell();
    }
    const before = current;
    const there = across(mix.where(before), before, id);
    const over = there >= (facts[id]?.duration ?? 0) - 0.02;
    // Words are at other times in each clip, so it begins anew at its own; else it has been running all the time.
    mix.change(id, aligned() && !over ? (time) => place(mix.where(before, time), id) : null);
    choose(id);
    if (over && loop === "off") play(0);
    tell();
  }

  /** @param {string} next */
  function repeat(next) {
    const at = position();
    const list = facts[current]?.words ?? [];
    loop = LOOPS.includes(next) && (list.length || next === "off" || next === "all") ? next : "off";
    word = -1;
    if (loop === "word" || loop === "sentence") {
      word = list.findLastIndex(([, start]) => start <= at + 0.01);
      word = Math.max(word, 0);
    }
    choice.value = loop;
    choice.parentElement?.toggleAttribute("data-on", loop !== "off");
    if (mixer?.playing) play(at);
    tell();
  }

  /** @param {number} index  Of a word of the current clip. */
  function pick(index) {
    const list = facts[current]?.words ?? [];
    if (!list[index]) return;
    if (loop === "word" || loop === "sentence") word = index;
    play(list[index][1]);
  }

  /** @param {number} step */
  function stride(step) {
    const list = facts[current]?.words ?? [];
    const at = position();
    if (!list.length) return seek(at + 0.5 * step);
    const now = list.findLastIndex(([, start]) => start <= at + 0.01);
    const next = clamp(now + step, 0, list.length - 1);
    if (loop === "word" || loop === "sentence") word = next;
    seek(list[next][1]);
  }

  // ── What is seen ─────────────────────────────────────────────────────────────────────────────────────────────────

  /** @type {Map<number, ReturnType<typeof makeCell>>} */
  const cells = new Map();

  /** @param {number} id @param {string} label @param {number} number @param {string} full */
  function makeCell(id, label, number, full) {
    const picture = wave(life);
    const meta = h("span", { class: "vn-meta" }, "\u00a0");
    const mark = h("span", { class: "vn-mark", hidden: true }, "★");
    let name = full;
    const tell = () => element.setAttribute("aria-label", mark.hidden ? name : `${name}, starred`);
    const key = number <= 9 ? h("kbd", { class: "vn-key" }, String(number)) : h("span", { class: "vn-key" }, String(number));
    const element = h(
      "button",
      { type: "button", class: "vn-cell", tabindex: -1, "aria-pressed": "false", "aria-label": full, "data-id": id },
    );
    // What is seen lies over the button and not in it: its name says the same in whole words.
    const head = h("span", { class: "vn-head", "aria-hidden": "true" }, key, label ? h("bdi", { class: "vn-label" }, label) : null, mark, meta);
    const box = h("div", { class: "vn-box" }, element, head, picture.element);
    if (number <= 9) element.setAttribute("aria-keyshortcuts", String(number));
    let moved = false;
    let usable = true;
    dragged(element, (share) => {
      // The first press chooses; within the chosen clip it seeks.
      moved = id === current && facts[id] !== undefined;
      if (moved) seek(share * (facts[id]?.duration ?? 0));
    }, picture.element);
    element.addEventListener("click", (/** @type {MouseEvent} */ event) => {
      const sought = moved && event.detail > 0;
      moved = false;
      if (sought && mixer?.playing) return;
      if (id === current) play();
      else turn(id);
    });
    return {
      box,
      element,
      full,
      light: picture.light,
      usable: () => usable,
      /** @param {Facts & {error?: string}} known */
      show(known) {
        usable = !known.error;
        element.disabled = !usable;
        meta.textContent = known.error ? "cannot be read" : `${known.duration.toFixed(2)} s`;
        if (known.error) {
          element.title = known.error;
          name = `${full}, cannot be read: ${known.error}`;
          return tell();
        }
        picture.show(known.peaks);
        const loud = known.lufs === null ? "silence" : `${known.lufs.toFixed(1).replace("-", "−")} LUFS`;
        const told = `${known.duration.toFixed(2)} seconds, ${loud}`;
        name = `${full}, ${told}`;
        tell();
        meta.append(h("span", { class: "vn-lufs" }, loud));
      },
      /** @param {boolean} on */
      star(on) {
        mark.hidden = !on;
        tell();
      },
      /** @param {number} share */
      scale: (share) => (picture.element.style.width = `${(100 * share).toFixed(1)}%`),
    };
  }

  const switcher = button("play", "Play", () => (mixer?.playing ? halt() : play()));
  const time = h("span", { class: "vn-time" });
  const choice = h(
    "select",
    { "aria-label": "Loop", onchange: () => repeat(choice.value) },
    h("option", { value: "off" }, "no loop"),
    h("option", { value: "word" }, "loop word"),
    h("option", { value: "sentence" }, "loop sentence"),
    h("option", { value: "all" }, "loop all"),
  );
  /** @param {string} name @param {string} text @param {string} title */
  function option(name, text, title) {
    const box = h("input", {
      type: "checkbox",
      onchange: () => {
        model.set(name, box.checked);
        model.save_changes();
      },
    });
    return { element: h("label", { class: "vn-option", title }, box, text), box, name };
  }
  const target = `${String(grid.target).replace("-", "−")} LUFS`;
  const match = option("match", `loudness matched to ${target}`, "Each clip is played at the same measured loudness");
  const align = option("align", "aligned by word", "Changing the clip goes on at the same word");
  const star = button("star", "Star", () => like());
  function like() {
    if (!facts[current]?.starrable) return;
    ask({ kind: "star", id: current, on: !model.get("_stars").includes(current) }).catch((error) => say(error.message));
  }
  function stars() {
    const on = model.get("_stars").includes(current);
    cells.forEach((cell, id) => cell.star(model.get("_stars").includes(id)));
    star.element.hidden = !facts[current]?.starrable;
    star.show(on ? "starred" : "star", on ? "Take the star away" : "Star this clip");
    star.element.setAttribute("aria-pressed", String(on));
  }
  const said = words(pick);
  const saving = saver(life, ask, say, () => current);
  const named = [...grid.columns, ...grid.rows].some(Boolean);
  const style = `--vn-columns: ${grid.columns.length}`;
  const table = h("table", { class: "vn-grid", role: "presentation", style, "data-free": !named });
  const scroll = h("div", { class: "vn-scroll" }, table);

  let number = 0;
  if (grid.columns.some(Boolean)) {
    table.append(
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          grid.rows.some(Boolean) ? h("td") : null,
          ...grid.columns.map((name) => h("th", { scope: "col" }, h("bdi", {}, name))),
        ),
      ),
    );
  }
  const body = h("tbody");
  grid.cells.forEach((row, y) => {
    const line = h("tr", {});
    if (grid.rows.some(Boolean)) line.append(h("th", { scope: "row" }, h("bdi", {}, grid.rows[y])));
    row.forEach((label, x) => {
      const id = y * grid.columns.length + x;
      if (label === null) {
        const why = grid.notes[y]?.[x];
        return line.append(h("td", { class: "vn-none", title: why || null }, why ? h("bdi", { class: "vn-why" }, why) : named ? "–" : ""));
      }
      const full = [`Clip ${++number}`, grid.rows[y], grid.columns[x], label].filter(Boolean).join(", ");
      const cell = makeCell(id, label, number, full);
      cells.set(id, cell);
      line.append(h("td", {}, cell.box));
    });
    body.append(line);
  });
  table.append(body);
  const order = [...cells.keys()];
  const last = Math.min(order.length, 9);
  const hint = h(
    "div",
    { class: "vn-hint", "aria-hidden": "true" },
    ...[...(last > 1 ? [`1–${last} switch`, "arrows choose"] : []), "space plays", "⇧ arrows go by word", "L loops", "S stars"].map((text) => h("span", {}, text)),
  );
  const lists = grid.pages.map(({ name, levels, at }, axis) => {
    const list = h(
      "select",
      {
        "data-page": String(axis),
        onchange: () => {
          const places = grid.pages.map((one, other) => (other === axis ? list.selectedIndex : one.at));
          ask({ kind: "page", at: places }).catch((error) => {
            list.selectedIndex = at;
            say(error.message);
          });
        },
      },
      ...levels.map((level) => h("option", { title: level }, level.length > 60 ? `${level.slice(0, 59)}…` : level)),
    );
    list.selectedIndex = at;
    return h("label", { class: "vn-page" }, name, list);
  });
  const root = h(
    "div",
    { class: "vn vn-compare", role: "group", "aria-label": `Comparison of ${order.length} clips` },
    h(
      "div",
      { class: "vn-row" },
      switcher.element,
      time,
      h("span", { class: "vn-choice" }, choice),
      star.element,
      saving.element,
      h("span", { class: "vn-options" }, match.element, align.element),
    ),
    lists.length ? h("div", { class: "vn-pages" }, ...lists) : null,
    scroll,
    said.element,
    line,
    hint,
  );

  /** @param {number} id */
  function choose(id) {
    const changed = id !== current;
    cells.get(current)?.light(0, 0);
    current = id;
    cells.forEach((cell, other) => {
      cell.element.setAttribute("aria-pressed", String(other === id));
      cell.element.tabIndex = other === id ? 0 : -1;
    });
    const own = facts[id];
    if (own && own !== shown) {
      said.show(own.words);
      shown = own;
    }
    stars();
    saving.show(own?.forms ?? [], `Download ${cells.get(id)?.full.split(",")[0].toLowerCase() ?? ""}`);
    if (changed && table.contains(document.activeElement)) cells.get(id)?.element.focus({ preventScroll: true });
    if (changed) cells.get(id)?.element.scrollIntoView({ block: "nearest", inline: "nearest" });
    tell();
  }
  /** @type {Facts | null} */
  let shown = null;

  function tell() {
    const own = facts[current];
    const at = position();
    const duration = own?.duration ?? 0;
    cells.get(current)?.light(0, duration ? at / duration : 0);
    time.textContent = own ? clocks(at, duration) : "";
    said.light(own && (at > 0 || mixer?.playing) ? spoken(own.words, at + 1e-3) : -1);
  }

  function state() {
    const on = Boolean(mixer?.playing);
    switcher.show(on ? "pause" : "play", on ? "Pause" : "Play");
    root.toggleAttribute("data-playing", on);
  }

  const frames = life.frames(tell);

  /** The cells in a row, as they are drawn: those that nobody arranged wrap. */
  function breadth() {
    if (named) return grid.columns.length;
    const tops = [...cells.values()].map((cell) => cell.box.getBoundingClientRect().top);
    return tops.filter((top) => top === tops[0]).length;
  }

  keys(root, (key, event) => {
    const row = breadth();
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -row, ArrowDown: row };
    if (/^[1-9]$/.test(key) && order[Number(key) - 1] !== undefined) turn(order[Number(key) - 1]);
    else if (key === " ") mixer?.playing ? halt() : play();
    else if (event.shiftKey && (key === "ArrowLeft" || key === "ArrowRight")) stride(key === "ArrowLeft" ? -1 : 1);
    else if (key in steps) {
      const step = steps[/** @type {keyof typeof steps} */ (key)];
      // Cells that hold no clip are passed over; the border of a row is one, too.
      let id = current + step;
      const size = grid.columns.length * grid.rows.length;
      const beside = () => Math.abs(step) !== 1 || Math.floor(id / row) === Math.floor(current / row);
      while (id >= 0 && id < size && beside() && !cells.get(id)?.usable()) id += step;
      if (cells.has(id) && beside()) turn(id, false);
    } else if (key === "Home") seek(0);
    else if (key === "End") seek(facts[current]?.duration ?? 0);
    else if (key === "l") repeat(LOOPS[(LOOPS.indexOf(loop) + 1) % LOOPS.length]);
    else if (key === "s") like();
    else if (key === "m" || key === "a") {
      const { name, element } = key === "m" ? match : align;
      if (element.hidden) return true;
      model.set(name, !model.get(name));
      model.save_changes();
    } else return false;
    return true;
  });

  function adjust() {
    match.box.checked = model.get("match");
    align.box.checked = model.get("align");
    for (const id of shelf.keys()) mixer?.level(id, gain(id));
  }
  life.on(model, "change:_stars", stars);
  life.on(model, "change:match", adjust);
  life.on(model, "change:align", () => {
    adjust();
    if (mixer?.playing) play();
  });
  life.listen(root, "pointerenter", prepare);
  life.listen(root, "focusin", prepare);
  life.free(() => {
    clearTimeout(idle);
    mixer?.close();
    context?.close();
  });

  adjust();
  el.append(root);
  if (order.length) choose(order[0]);
  scale();
  examine().catch((error) => say(error.message));
  return () => life.end();
}

export default { render };
