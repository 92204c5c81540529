// What was said: its words, how it was said, and what can be done with it. All text is set as text, never as HTML.

/** @param {{ model: any, el: HTMLElement }} view */
function render({ model, el }) {
  el.classList.add("voicenb-result");
  const make = (tag, text, name) => {
    const node = document.createElement(tag);
    node.textContent = text;
    node.className = name;
    return node;
  };
  const button = (text, title, act) => {
    const node = make("button", text, "jupyter-button");
    node.type = "button";
    node.title = title;
    node.onclick = act;
    return node;
  };
  const words = make("div", model.get("text"), "voicenb-said");
  words.dir = "auto";
  words.title = model.get("text").slice(0, 1000);
  const facts = make("div", model.get("facts"), "voicenb-quiet voicenb-facts");
  facts.dir = "auto";
  const stars = model.get("stars").map((name, place) =>
    button(`☆ ${name}`, "", () => model.send({ act: "star", place, on: !model.get("starred")[place] })),
  );
  const acts = make("div", "", "voicenb-result-acts");
  acts.append(
    button("Again with these", "Sets the form to this voice, text and parameters; nothing is sent", () => model.send({ act: "again" })),
    ...stars,
    button("Remove", "Takes it out of this list; the history keeps it", () => model.send({ act: "remove" })),
  );
  const show = () =>
    stars.forEach((one, place) => {
      const on = Boolean(model.get("starred")[place]);
      const name = model.get("stars")[place];
      one.textContent = `${on ? "★" : "☆"} ${name}`;
      one.setAttribute("aria-pressed", String(on));
      one.title = on ? "Takes the label “starred” away" : "Labels it “starred” in the history";
    });
  show();
  model.on("change:starred", show);
  el.append(words, facts, acts);
  return () => model.off("change:starred", show);
}

export default { render };
