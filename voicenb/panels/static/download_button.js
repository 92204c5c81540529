import { downloads } from "./download_list.js";

/** @param {{model: import("./shared.js").Model, el: HTMLElement}} view */
function render({ model, el }) {
  /** @type {Map<string, {resolve: Function, reject: Function}>} */
  const open = new Map();
  let over = false;
  const answered = (content, buffers) => {
    const waiting = open.get(content.request);
    if (!waiting) return;
    open.delete(content.request);
    if (content.error) waiting.reject(new Error(content.error));
    else waiting.resolve({ ...content, buffers });
  };
  /** @param {Record<string, any>} question @returns {Promise<any>} */
  const ask = (question) =>
    new Promise((resolve, reject) => {
      const request = Math.random().toString(36).slice(2);
      open.set(request, { resolve, reject });
      model.send({ ...question, request });
    });
  const said = document.createElement("span");
  said.className = "vn-download-said";
  said.setAttribute("role", "status");
  const control = downloads(ask, (text, failed) => {
    said.textContent = text;
    said.classList.toggle("voicenb-bad", failed);
  }, () => over);
  const show = () => control.show(model.get("description"), model.get("tooltip"), model.get("choices"), model.get("disabled"));
  const events = ["description", "tooltip", "choices", "disabled"].map((name) => `change:${name}`);
  for (const event of events) model.on(event, show);
  model.on("msg:custom", answered);
  show();
  el.append(control.element, said);
  return () => {
    over = true;
    for (const event of events) model.off(event, show);
    model.off("msg:custom", answered);
  };
}

export default { render };
