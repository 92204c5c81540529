// A key is typed here, sent once as a message, and kept nowhere in the page: not in a trait, which a saved notebook would hold.

function render({ model, el }) {
  const make = (tag, set) => Object.assign(document.createElement(tag), set);
  const form = make("form", { className: "vn-key" });
  const id = `vn-key-${Math.random().toString(36).slice(2)}`;
  const label = make("label", { textContent: `Key for ${model.get("label")}`, htmlFor: id });
  const input = make("input", { id, type: "password", autocomplete: "off", spellcheck: false, required: true });
  const remember = make("input", { type: "checkbox", id: `${id}-keep` });
  const keep = make("label", { textContent: "Remember in this computer's keyring", htmlFor: remember.id });
  const button = make("button", { type: "submit", textContent: "Use it", className: "jupyter-button voicenb-outlined" });
  const state = make("div", { className: "vn-key-state" });
  state.setAttribute("role", "status");

  const draw = () => {
    state.textContent = model.get("said");
    state.className = `vn-key-state voicenb-${model.get("has_key") ? "good" : "quiet"}`;
  };
  form.onsubmit = (event) => {
    event.preventDefault();
    model.send({ key: input.value, remember: remember.checked });
    input.value = "";
  };
  // JupyterLab keeps the browser from doing this by itself.
  input.onkeydown = (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    form.requestSubmit();
  };
  const own = document.createElement("div");
  own.className = "vn-key-row";
  own.append(label, input, button);
  const below = document.createElement("div");
  below.className = "vn-key-row";
  below.append(remember, keep);
  form.append(own, below, state);
  el.append(form);
  el.classList.add("voicenb-panel");
  // Enter and letters are the field's, Ctrl+S is the notebook's; JupyterLab listens on the document, one step later.
  const share = (event) => {
    if (!el.contains(event.target)) return;
    if (event.ctrlKey || event.metaKey) delete el.dataset.lmSuppressShortcuts;
    else el.dataset.lmSuppressShortcuts = "true";
  };
  window.addEventListener("keydown", share, true);
  const events = ["change:said", "change:has_key"];
  for (const event of events) model.on(event, draw);
  draw();
  return () => {
    input.value = "";
    window.removeEventListener("keydown", share, true);
    events.forEach((event) => model.off(event, draw));
  };
}

export default { render };
