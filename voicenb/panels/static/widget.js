/** The `_esm` of each widget whose scripts are shared: finds what loads them, and leaves the drawing to it. */
export default {
  async render(view) {
    const manager = view.model.widget_manager, [first] = view.model.get("_scripts");
    const text = (await manager.get_model(first.replace("IPY_MODEL_", ""))).get("source");
    const loaded = (globalThis.voicenbLoaded ??= new Map());
    if (!loaded.has(text)) loaded.set(text, import(URL.createObjectURL(new Blob([text], { type: "text/javascript" }))));
    return (await (await loaded.get(text)).default(view.model)).render(view);
  },
};
