/**
 * The copies that a widget's results have left in the notebook: while it lives, the same stands inside it, and they are hidden. Without
 * its kernel it plays nothing any more; then they do.
 * @param {string} name  As the kernel names them.
 */
export function copiesOf(name) {
  const style = document.createElement("style");
  style.textContent = `.voicenb-kept-${name} { display: none; }`;
  return {
    /** @param {boolean} wanted */
    hide(wanted) {
      if (wanted) document.head.append(style);
      else style.remove();
    },
  };
}

/**
 * Hides the copy that a player has left beside itself, while its kernel lives.
 * @param {any} model @param {import("./shared.js").Life} life
 */
export function covers(model, life) {
  const copies = copiesOf(model.get("key"));
  const hide = (wanted) => !life.over && copies.hide(wanted);
  // A notebook that was opened again has the model, too, and no kernel behind it; its scripts are models that share its fate.
  const script = model.get("_scripts")?.[0]?.replace("IPY_MODEL_", "");
  Promise.resolve(script && model.widget_manager?.get_model(script)).then((one) => hide(one?.comm_live !== false));
  life.on(model, "comm_live_update", () => hide(false));
  life.free(() => copies.hide(false));
}
