import { button, h } from "./shared.js";
import { download } from "./download.js";

/**
 * A list of formats and a button that hands a clip to the browser.
 * @param {import("./shared.js").Life} life
 * @param {(question: Record<string, any>, patience?: number) => Promise<any>} ask
 * @param {(text: string) => void} say
 * @param {() => number} [place]  Which clip.
 */
export function saver(life, ask, say, place = () => 0) {
  const list = h("select", { class: "vn-formats", "aria-label": "Format to save" });
  const press = button("save", "Download", () => save());
  const element = h("span", { class: "vn-save", hidden: true }, list, press.element);
  let busy = false;

  async function save() {
    // A second press while it comes is none; turned off the button would lose the keyboard's place.
    if (busy) return;
    busy = true;
    press.element.setAttribute("aria-busy", "true");
    try {
      // Encoding a long clip takes its time.
      const offer = await ask({ kind: "download", id: place(), choice: list.value }, 20_000);
      await download(ask, offer, (done) => say(offer.pieces > 1 && done < 1 ? `${Math.floor(100 * done)} % …` : ""), () => life.over);
    } catch (error) {
      say(/** @type {Error} */ (error).message);
    }
    busy = false;
    press.element.removeAttribute("aria-busy");
  }

  return {
    element,
    /** @param {string[]} forms  What it can be saved as. @param {string} [name]  What is saved, in words. */
    show(forms, name = "Download") {
      element.hidden = !forms.length;
      press.show("save", name);
      const kept = list.value;
      list.replaceChildren(...forms.map((form) => h("option", { value: form, selected: form === kept }, form)));
    },
  };
}
