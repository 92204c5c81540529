/** What is typed as a number, or null; units and whatever else is left to the kernel, which says what it makes of it. */
const numberIn = (text) => {
  const said = text.trim().replace("−", "-").replace(",", ".");
  return /^[+-]?(\d+\.?\d*|\.\d+)$/.test(said) ? Number(said) : null;
};

/**
 * A number: its label, a slider where it has a range to slide in, and a field that shows the same number and takes what is typed.
 * @param {{ model: any, el: HTMLElement }} view
 */
function render({ model, el }) {
  el.classList.add("voicenb-number");
  const id = `voicenb-number-${Math.random().toString(36).slice(2)}`;
  const make = (tag, about) => Object.assign(document.createElement(tag), about);
  const label = make("label", { className: "widget-label", htmlFor: id });
  const slider = make("input", { type: "range", className: "voicenb-slider" });
  const field = make("input", { type: "text", id, className: "voicenb-typed", autocomplete: "off", spellcheck: false, inputMode: "decimal" });
  el.append(label, slider, field);

  const written = (value) => {
    if (typeof value !== "number") return value;
    const fixed = value.toFixed(model.get("places"));
    return (Number(fixed) === value ? fixed : String(value)).replace("-", "−");
  };
  /** Where the slider stands for a number: the nearest of its stops. */
  const place = (value, stops) =>
    stops.length ? stops.reduce((best, stop, at) => (Math.abs(stop - value) < Math.abs(stops[best] - value) ? at : best), 0) : value;

  function draw() {
    const name = model.get("description"), unit = model.get("unit"), stops = model.get("stops"), value = model.get("value");
    label.textContent = name;
    el.title = model.get("tooltip");
    const number = typeof value === "number" ? value : numberIn(value);
    slider.hidden = !model.get("slider");
    slider.min = stops.length ? 0 : model.get("min");
    slider.max = stops.length ? stops.length - 1 : model.get("max");
    slider.step = stops.length ? 1 : model.get("step");
    if (number !== null) slider.value = place(number, stops);
    slider.setAttribute("aria-label", unit ? `${name}, in ${unit}` : name);
    slider.setAttribute("aria-valuetext", `${written(value)}${unit ? ` ${unit}` : ""}`);
    const share = (slider.value - slider.min) / (slider.max - slider.min || 1);
    slider.style.setProperty("--vn-share", `${(100 * share).toFixed(1)}%`);
    field.setAttribute("aria-label", slider.hidden ? name : `${name}, typed`);
    const wrong = slider.hidden && model.get("_dom_classes").includes("voicenb-invalid");
    if (wrong) field.setAttribute("aria-invalid", "true");
    else if (slider.hidden) field.removeAttribute("aria-invalid");
    // What is being typed stays as it is typed.
    if (document.activeElement !== field || numberIn(field.value) !== number) field.value = written(value);
  }
  const change = (value) => {
    model.set("value", value);
    model.save_changes();
    draw();
  };
  slider.addEventListener("input", () => {
    const stops = model.get("stops"), at = Number(slider.value);
    change(stops.length ? stops[at] : Number(at.toFixed(6)));
  });
  const typed = () => {
    const number = numberIn(field.value);
    if ((number ?? field.value) !== model.get("value")) change(number ?? field.value);
  };
  field.addEventListener("input", typed);
  field.addEventListener("change", () => {
    typed();
    field.value = written(model.get("value"));
  });
  field.addEventListener("focus", () => field.select());
  field.addEventListener("keydown", (event) => {
    // As in a slider: one step on, within the range.
    const way = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    const number = numberIn(field.value);
    if (!way || number === null) return;
    event.preventDefault();
    const stops = model.get("stops"), low = model.get("min"), high = model.get("max");
    const next = stops.length ? stops[place(number, stops) + way] : Number((number + way * model.get("step")).toFixed(6));
    if (next !== undefined && next >= low && next <= high) {
      change(next);
      field.value = written(next);
    }
  });

  const events = ["value", "min", "max", "stops", "description", "_dom_classes"].map((name) => `change:${name}`);
  for (const event of events) model.on(event, draw);
  draw();
  return () => events.forEach((event) => model.off(event, draw));
}

export default { render };
