import { bytes, h } from "./shared.js";

/**
 * The sound of a player that has one: fetched from the kernel when it is first wanted, and given back with the view.
 * @param {import("./shared.js").Life} life
 * @param {(question: Record<string, any>) => Promise<any>} ask
 * @param {(text: string) => void} say
 * @param {() => void} [ready]  Called when a sound has come.
 */
export function track(life, ask, say, ready = () => {}) {
  const audio = /** @type {HTMLAudioElement} */ (h("audio", { hidden: true }));
  /** @type {Promise<void> | null} */
  let loading = null;
  let turn = 0; // counts the sounds, so that one that comes late knows that it is no longer wanted

  function release() {
    turn++;
    audio.pause();
    if (audio.src) URL.revokeObjectURL(audio.src);
    audio.removeAttribute("src");
    loading = null;
  }

  function load() {
    const mine = turn;
    loading ??= ask({ kind: "audio", id: 0 }).then(
      (answer) => {
        if (life.over || turn !== mine) return;
        audio.src = URL.createObjectURL(new Blob([bytes(answer)], { type: answer.mime }));
        ready();
      },
      (error) => {
        if (turn === mine) loading = null;
        say(error.message);
      },
    );
    return loading;
  }

  /** @param {() => void} place  Called when it is about to begin. */
  async function play(place) {
    await load();
    if (!audio.src) return;
    place();
    await audio.play().catch((error) => error.name === "AbortError" || say("The browser did not play it: press again."));
  }

  life.listen(audio, "error", () => audio.src && say("This browser cannot play the sound."));
  life.free(release);
  return { audio, load, play, release };
}
