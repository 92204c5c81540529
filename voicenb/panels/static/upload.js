import { h } from "./shared.js";

const PIECE = 1 << 20;

/** @param {{model: import("./shared.js").Model, el: HTMLElement}} view */
function render({ model, el }) {
  const input = h("input", { type: "file", accept: model.get("accept"), hidden: true, tabindex: -1, "aria-hidden": "true" });
  const press = h("button", {
    type: "button",
    class: "jupyter-button voicenb-outlined",
    title: model.get("tooltip"),
    onclick: () => input.click(),
  });
  let over = false;
  let sending = 0;

  const show = (done = 1) => {
    const percent = `${Math.floor(100 * done)} %`;
    press.textContent = done < 1 ? `${percent} …` : model.get("description");
    // Digits alone name nothing.
    if (done < 1) press.setAttribute("aria-label", `${model.get("description")}: ${percent}`);
    else press.removeAttribute("aria-label");
  };

  /** Sends a file in pieces, each of which is small enough for a notebook's connection. @param {File} file */
  async function send(file) {
    const upload = Math.random().toString(36).slice(2);
    const about = { upload, name: file.name, size: file.size };
    if (file.size > model.get("most")) return model.send({ kind: "large", ...about });
    const turn = ++sending;
    const pieces = Math.max(Math.ceil(file.size / PIECE), 1);
    for (let piece = 0; piece < pieces; piece++) {
      const part = await file.slice(piece * PIECE, (piece + 1) * PIECE).arrayBuffer();
      // The view is gone, or another file was chosen meanwhile.
      if (over || turn !== sending) return;
      model.send({ kind: "piece", ...about, piece, pieces }, undefined, [part]);
      show((piece + 1) / pieces);
    }
  }

  input.addEventListener("change", () => {
    if (input.files?.length) send(input.files[0]);
    // The same file may be chosen again.
    input.value = "";
  });

  /** @type {Element | null} */
  let zone = null;
  /** @param {DragEvent} event */
  const drag = (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    event.stopPropagation();
    zone?.classList.toggle("voicenb-dragged-over", event.type !== "drop");
    if (event.type === "drop" && event.dataTransfer.files.length) send(event.dataTransfer.files[0]);
  };
  // Over a part of the panel the drag leaves one part for another, which is not the way out.
  const leave = (event) => zone.contains(event.relatedTarget) || zone.classList.remove("voicenb-dragged-over");
  const frame = requestAnimationFrame(() => {
    zone = model.get("drop") ? el.closest(".voicenb-panel") : null;
    for (const name of ["dragover", "drop"]) zone?.addEventListener(name, drag);
    zone?.addEventListener("dragleave", leave);
  });
  show();
  el.append(press, input);
  return () => {
    over = true;
    cancelAnimationFrame(frame);
    for (const name of ["dragover", "drop"]) zone?.removeEventListener(name, drag);
    zone?.removeEventListener("dragleave", leave);
    zone?.classList.remove("voicenb-dragged-over");
  };
}

export default { render };
