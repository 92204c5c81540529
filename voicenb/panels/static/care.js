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
    if (!/\p{L}/u.test(button.textContent)) button.setAttribute("aria-label", button.title);
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
    const input = field.querySelector("textarea, input, select, .noUi-handle");
    if (!note || !input) continue;
    note.id ||= `voicenb-note-${Math.random().toString(36).slice(2)}`;
    input.setAttribute("aria-describedby", note.id);
    // Without a value it would mean that nothing is wrong.
    if (field.classList.contains("voicenb-invalid")) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
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

export default {
  render({ model, el }) {
    el.classList.add("voicenb-helper");
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
    const find = () => {
      root = el.closest(".voicenb-panel");
      if (!root) return (waiting = requestAnimationFrame(find));
      label(root);
      observer.observe(root, { childList: true, subtree: true, attributes: true, attributeFilter: ["class"] });
      root.addEventListener("keydown", keys, true);
    };
    waiting = requestAnimationFrame(find);

    const said = (message) => message.insert && root && insert(root, message.insert);
    model.on("msg:custom", said);
    return () => {
      cancelAnimationFrame(waiting);
      observer.disconnect();
      window.removeEventListener("keydown", share, true);
      root?.removeEventListener("keydown", keys, true);
      model.off("msg:custom", said);
      copies.hide(false);
    };
  },
};
