/** What a widget of voicenb is drawn by: its scripts and styles are other models, which all widgets share. */
const loaded = globalThis.voicenbLoaded;

const sources = (model, name) =>
  Promise.all(
    model.get(name).map(async (id) => (await model.widget_manager.get_model(id.replace("IPY_MODEL_", ""))).get("source")),
  );

export default async function load(model) {
  for (const text of await sources(model, "_sheets")) {
    if (loaded.has(text)) continue;
    loaded.set(text, true);
    document.head.append(Object.assign(document.createElement("style"), { textContent: text }));
  }
  const whole = (await sources(model, "_scripts")).slice(1).join("\n");
  if (!loaded.has(whole)) {
    const blob = new Blob([whole], { type: "text/javascript" });
    loaded.set(whole, import(/* webpackIgnore: true */ URL.createObjectURL(blob)));
  }
  return (await loaded.get(whole)).default;
}
