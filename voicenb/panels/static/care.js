import { copiesOf } from "./kept.js";

// What ipywidgets leaves out for keyboards and screen readers, for one panel. It draws nothing itself.

/** @param {Element} root The panel. */
function label(root) {
  for (const slider of root.querySelectorAll(".widget-hslider")) {
    const name = slider.querySelector(".widget-label")?.textContent.trim() || slider.getAttribute("title") || "";
    const unit = slider.closest(".voicenb-field")?.querySelector(".voicenb-unit")?.textContent.trim() || "";
    for (const handle of slider.querySelectorAll(".noUi-handle")) {
      handle.setAttribute("aria-label", unit ? `${name}, in ${unit}` : name);
    }
    const readout = slider.querySelector(".widget-readout");
    readout?.setAttribute("aria-label", `${name}, typed`);
    readout?.setAttribute("role", "textbox");
  }
  for (const button of root.querySelectorAll("button[title]")) {
    // A name that was given here goes when the button has words again: what is seen is what it is called.
    const mute = !/\p{L}/u.test(button.textContent);
    if (mute && (!button.hasAttribute("aria-label") || "voicenbNamed" in button.dataset)) {
      button.setAttribute("aria-label", button.title);
      button.dataset.voicenbNamed = "";
    } else if (!mute && "voicenbNamed" in button.dataset) {
      button.removeAttribute("aria-label");
      delete button.dataset.voicenbNamed;
    }
  }
  for (const field of root.querySelectorAll("textarea, input[type=text]")) {
    if (!field.dir) field.dir = "auto";
  }
  for (const line of root.querySelectorAll(".voicenb-live")) {
    if (!line.hasAttribute("aria-live")) {
      line.setAttribute("role", "status");
      line.setAttribute("aria-live", "polite");
    }
  }
  for (const field of root.querySelectorAll(".voicenb-field")) {
    const note = field.querySelector(".voicenb-note");
    if (!note) continue;
    note.id ||= `voicenb-note-${Math.random().toString(36).slice(2)}`;
    for (const input of field.querySelectorAll("textarea, input, select")) {
      input.setAttribute("aria-describedby", note.id);
      // Without a value it would mean that nothing is wrong.
      if (field.classList.contains("voicenb-invalid")) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    }
  }
}

/** Writes `mark` where the caret is, as if it were typed. */
function insert(root, mark) {
  const area = root.querySelector(".voicenb-field-text textarea");
  if (!area) return;
  const { selectionStart: start, selectionEnd: end, value } = area;
  const before = value.slice(0, start), after = value.slice(end);
  const padded = `${before && !/\s$/.test(before) ? " " : ""}${mark}${/^\s/.test(after) ? "" : " "}`;
  area.focus();
  area.setRangeText(padded, start, end, "end");
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

/**
 * Puts the caret into the text of a panel where the kernel wants it there, once the text is in sight: its tab may have to be drawn first.
 * @param {import("./shared.js").Model} model @param {() => Element | null} found  The panel.
 */
function caret(model, found) {
  let waiting = 0;
  const seek = (left) => {
    cancelAnimationFrame(waiting);
    if (!model.get("wanted")) return;
    const area = found()?.querySelector(".voicenb-field-text textarea");
    // Whoever has gone on to another field stays there.
    const active = document.activeElement;
    const free = !active?.offsetParent || !active.matches("input, textarea, select, [contenteditable=true]");
    if (!area?.offsetParent && free && left > 0) return (waiting = requestAnimationFrame(() => seek(left - 1)));
    if (area?.offsetParent && free) area.focus();
    model.set("wanted", "");
    model.save_changes();
  };
  const begin = () => seek(600);
  model.on("change:wanted", begin);
  begin();
  return () => {
    cancelAnimationFrame(waiting);
    model.off("change:wanted", begin);
  };
}

/**
 * What is typed and not yet taken over by its control, as a browser does when the focus goes; the answer is what a control made of it, where
 * that is something else.
 * @param {Set<HTMLElement>} typed  Sliders' numbers that were typed. @param {Element} root @param {Element} button
 */
function takeOver(typed, root, button) {
  const made = [];
  const number = (text) => Number(text.trim().replace(",", ".").replace("−", "-"));
  for (const readout of typed) {
    const before = readout.textContent;
    // ipywidgets listens one level higher, where the browser's own event does not come.
    readout.dispatchEvent(new FocusEvent("blur", { bubbles: true }));
    const name = readout.getAttribute("aria-label")?.replace(", typed", "") ?? "";
    if (number(before) !== number(readout.textContent)) made.push([name, before, readout.textContent]);
  }
  typed.clear();
  const active = document.activeElement;
  if (active !== button && root.contains(active) && active.matches("input, textarea")) {
    active.dispatchEvent(new Event("change", { bubbles: true }));
  }
  return made;
}

/**
 * Sends each press of the buttons that pay or delete, with what the page shows at that moment: the kernel may hear of what was typed
 * before only later.
 */
function presses(model) {
  const models = new Map(), busy = new Map(), typed = new Set();
  const learn = () => {
    for (const id of Object.keys(model.get("watched"))) {
      if (models.has(id)) continue;
      models.set(id, null);
      const forget = () => models.delete(id);
      try {
        model.widget_manager.get_model(id).then((one) => models.set(id, one), forget);
      } catch {
        forget();
      }
    }
  };
  model.on("change:watched", learn);
  learn();
  // JupyterLab sends the first message of a widget where it waits for a running cell; the presses are not to be the first.
  model.send({ here: true });
  let last = null;

  /** @param {Element} root @param {MouseEvent} event */
  function pressed(root, event) {
    const button = event.target.closest("button");
    const name = [...(button?.classList ?? [])].find((one) => one.startsWith("voicenb-press-"));
    const press = name?.slice("voicenb-press-".length);
    if (!press || !model.get("presses").includes(press)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const twice = event.detail > 1 && last === press;
    last = press;
    if (button.disabled || twice) return;
    const made = takeOver(typed, root, button);
    const shows = {};
    for (const [id, names] of Object.entries(model.get("watched"))) {
      const one = models.get(id);
      if (one) shows[id] = Object.fromEntries(names.map((name) => [name, one.get(name) ?? null]));
    }
    const own = models.get(press);
    model.send({ press, token: own?.get("token") ?? "", shows, made });
    if (!own || busy.has(press)) return;
    // Until the kernel has heard it, which it may be too busy for.
    const heard = () => {
      own.off("change:token", heard);
      busy.delete(press);
      button.removeAttribute("aria-busy");
    };
    busy.set(press, heard);
    button.setAttribute("aria-busy", "true");
    own.on("change:token", heard);
  }

  return {
    pressed,
    /** @param {Event} event */
    wrote: (event) => event.target.isContentEditable && typed.add(event.target),
    end() {
      model.off("change:watched", learn);
      for (const heard of busy.values()) heard();
    },
  };
}

export default {
  render({ model, el }) {
    el.classList.add("voicenb-helper");
    const { pressed, wrote, end } = presses(model);
    const copies = copiesOf(model.get("name"));
    copies.hide(true);

    let root = null, waiting = 0;
    const observer = new MutationObserver(() => {
      // Where one button takes the place of another, the focus goes with it.
      const left = document.activeElement?.closest(".voicenb-act > .voicenb-gone");
      left?.parentElement.querySelector(":scope > :is(.voicenb-primary, .voicenb-running):not(.voicenb-gone)")?.focus();
      cancelAnimationFrame(waiting);
      waiting = requestAnimationFrame(() => {
        if (!root) return;
        label(root);
        copies.hide(!root.classList.contains("jupyter-widgets-disconnected"));
      });
    });
    const keys = (event) => {
      // A key that is held down means one press, and the button may be another by now.
      if (event.key === "Enter" && event.repeat && event.target.closest("button")) event.preventDefault();
      // Enter in the one field of a line does what the button beside it does.
      const bar = event.key === "Enter" && !event.isComposing && event.target.matches("input") && event.target.closest(".voicenb-enters");
      if (bar && !(event.ctrlKey || event.metaKey)) {
        if (!event.repeat) bar.querySelector('button[class*="voicenb-press-"]:enabled:not(.voicenb-gone)')?.click();
        event.preventDefault();
        event.stopPropagation();
        return;
      }
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        const scope = event.target.closest(".voicenb-acts") ?? root;
        scope.querySelector(".voicenb-primary:enabled:not(.voicenb-gone)")?.click();
        event.preventDefault();
        event.stopPropagation();
      }
    };
    // Arrows, letters and Enter belong to the control that has the focus, and not to the notebook around it; Ctrl+S and its like
    // are the notebook's. JupyterLab listens on the document, so that this has to be known one step earlier, and looks at the
    // focused element first, so that it has to stand there.
    const share = (event) => {
      if (!root?.contains(event.target)) return;
      const notebooks = (event.ctrlKey || event.metaKey) && event.key !== "Enter";
      event.target.toggleAttribute("data-lm-suppress-shortcuts", !notebooks);
    };
    window.addEventListener("keydown", share, true);
    const click = (event) => pressed(root, event);
    const find = () => {
      root = el.closest(".voicenb-panel");
      if (!root) return (waiting = requestAnimationFrame(find));
      label(root);
      observer.observe(root, { childList: true, subtree: true, attributes: true, attributeFilter: ["class"] });
      root.addEventListener("keydown", keys, true);
      root.addEventListener("click", click, true);
      root.addEventListener("input", wrote, true);
      root.classList.add("voicenb-complete");
    };
    waiting = requestAnimationFrame(find);
    const leave = caret(model, () => root);

    const said = (message) => message.insert && root && insert(root, message.insert);
    model.on("msg:custom", said);
    return () => {
      cancelAnimationFrame(waiting);
      observer.disconnect();
      window.removeEventListener("keydown", share, true);
      root?.removeEventListener("keydown", keys, true);
      root?.removeEventListener("click", click, true);
      root?.removeEventListener("input", wrote, true);
      end();
      leave();
      model.off("msg:custom", said);
      copies.hide(false);
    };
  },
};
