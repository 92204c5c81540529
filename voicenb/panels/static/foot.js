/**
 * What stands beside and below a control: its unit, the way back to its default, a remark, a count.
 * @param {{ model: any, el: HTMLElement }} view
 */
function render({ model, el }) {
  el.classList.add("voicenb-foot");
  const make = (tag, name) => Object.assign(document.createElement(tag), { className: name });
  const unit = make("span", "voicenb-unit"), back = make("button", "jupyter-button voicenb-reset");
  const note = make("div", "voicenb-note voicenb-live"), count = make("div", "voicenb-count");
  back.type = "button";
  back.onclick = () => model.send({ reset: true });
  el.append(unit, back, note, count);

  function draw() {
    unit.textContent = model.get("unit");
    unit.title = model.get("unit");
    back.textContent = model.get("reset");
    back.title = model.get("reset_title");
    back.classList.toggle("voicenb-hidden", !model.get("changed"));
    // The kernel has escaped it.
    if (note.innerHTML !== model.get("value")) note.innerHTML = model.get("value");
    count.innerHTML = model.get("count");
    unit.classList.toggle("voicenb-hidden", !model.get("unit_shown"));
  }
  const events = ["unit", "unit_shown", "reset", "reset_title", "changed", "value", "count"].map((name) => `change:${name}`);
  for (const event of events) model.on(event, draw);
  draw();
  return () => events.forEach((event) => model.off(event, draw));
}

export default { render };
