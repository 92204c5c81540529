import { download } from "./download.js";

/**
 * A button that downloads, beside a list of what can be had where there is more than one.
 * @param {(question: Record<string, any>) => Promise<any>} ask  Is asked ``{kind: "download", choice}`` first; the answer is the `Offer`.
 * @param {(text: string, failed: boolean) => void} say  Told what went wrong, and "" when it begins.
 * @param {() => boolean} [over]
 */
export function downloads(ask, say, over = () => false) {
  const element = document.createElement("span");
  const list = document.createElement("select");
  const press = document.createElement("button");
  let words = "Download", busy = false, off = false;
  press.type = "button";
  press.className = "jupyter-button voicenb-outlined vn-download";
  list.className = "vn-formats";
  list.setAttribute("aria-label", "What to download");
  element.className = "vn-downloads";
  element.append(list, press);

  const show = () => {
    if (!busy) press.textContent = words;
    press.disabled = off;
    press.toggleAttribute("aria-busy", busy);
    if (busy) press.setAttribute("aria-busy", "true");
  };
  press.onclick = async () => {
    // A second press while it comes is none; turned off it would lose the keyboard's place.
    if (busy || off) return;
    busy = true;
    say("", false);
    press.textContent = "0 % …";
    show();
    try {
      const offer = await ask({ kind: "download", choice: list.value });
      await download(ask, offer, (done) => (press.textContent = `${Math.floor(100 * done)} % …`), over);
    } catch (error) {
      say(error.message, true);
    }
    busy = false;
    show();
  };

  return {
    element,
    /**
     * @param {string} text  What stands on the button. @param {string} title  What it says when it is hovered over.
     * @param {[string, string][]} choices  Names and words of what can be had. @param {boolean} [disabled]
     */
    show(text, title, choices, disabled = false) {
      words = text;
      off = disabled;
      press.title = title;
      const kept = list.value;
      list.replaceChildren(
        ...choices.map(([name, said]) => {
          const option = document.createElement("option");
          option.value = name;
          option.textContent = said;
          return option;
        }),
      );
      if (choices.some(([name]) => name === kept)) list.value = kept;
      list.hidden = choices.length < 2;
      show();
    },
  };
}
