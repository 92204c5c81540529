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
