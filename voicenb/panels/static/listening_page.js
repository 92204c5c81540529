import { h } from "./shared.js";
import { mount } from "./listening.js";

/** @typedef {import("./listening_trial.js").Vote} Vote */

const PREFIX = "voicenb-listening";

/** The checksum of RFC 1952, as 8 hexadecimal digits. @param {Uint8Array} bytes */
function crc32(bytes) {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (0xedb88320 & -(sum & 1));
  }
  return ((sum ^ 0xffffffff) >>> 0).toString(16).padStart(8, "0");
}

/** A whole number below a limit, each as likely. @param {number} limit */
function drawn(limit) {
  const most = Math.floor(2 ** 32 / limit) * limit;
  for (;;) {
    const [number] = crypto.getRandomValues(new Uint32Array(1));
    if (number < most) return number % limit;
  }
}

/** The browser's storage; null where it is refused. */
function opened() {
  try {
    const probe = `${PREFIX}:probe`;
    localStorage.setItem(probe, probe);
    localStorage.removeItem(probe);
    return localStorage;
  } catch {
    return null;
  }
}

/** The test of this page, and where its votes are kept. */
function startPage() {
  const place = /** @type {HTMLElement} */ (document.getElementById("listening"));
  /** @type {{sheet: import("./listening_trial.js").Sheet, sounds: Record<string, Record<string, string>>}} */
  const { sheet, sounds } = JSON.parse(document.getElementById("listening-data")?.textContent ?? "");
  const wanted = /[#&]row=([^&]*)/.exec(location.hash)?.[1];
  if (wanted !== undefined && !(/^\d+$/.test(wanted) && Number(wanted) < sheet.orders.length)) {
    const rows = `0 to ${sheet.orders.length - 1}`;
    place.append(h("p", { role: "alert" }, `The address names row ${wanted}; this test has rows ${rows}. Ask whoever gave you the address.`));
    return;
  }

  let storage = opened();
  const base = `${PREFIX}:${sheet.id}:${sheet.hash}`;
  /** @type {{listener: string, row: number, name: string, started: number, finished: boolean, votes: Vote[]}} */
  let state = {
    listener: `l_${[...crypto.getRandomValues(new Uint8Array(8))].map((one) => one.toString(16).padStart(2, "0")).join("")}`,
    row: wanted === undefined ? drawn(sheet.orders.length) : Number(wanted),
    name: "",
    started: Date.now(),
    finished: false,
    votes: [],
  };
  // Who comes back is the same listener; each row that an address names has its own.
  const who = `${base}:${wanted === undefined ? "drawn" : `row ${wanted}`}`;
  const mine = () => `${base}:${state.listener}`;
  try {
    const before = storage?.getItem(`${base}:${storage.getItem(who)}`);
    if (before) state = JSON.parse(before);
  } catch {
    storage = null;
  }

  const warning = h("p", { class: "vn-warning", role: "alert", hidden: true }, "This browser keeps no answers. Save the file with your answers before you close or reload this page.");
  let unsaved = false;
  function write() {
    try {
      // Another tab may have the same page, and go on from here.
      const there = JSON.parse(storage?.getItem(mine()) ?? "null")?.votes ?? [];
      const elsewhere = there.filter((/** @type {Vote} */ one) => !state.votes.some(({ trial }) => trial === one.trial));
      state.votes = [...elsewhere, ...state.votes];
      storage?.setItem(mine(), JSON.stringify(state));
      storage?.setItem(who, state.listener);
    } catch {
      storage = null;
    }
    warning.hidden = storage !== null;
    unsaved = true;
  }
  write();
  unsaved = false;
  addEventListener("beforeunload", (event) => {
    if (storage || !unsaved) return;
    event.preventDefault();
    event.returnValue = true;
  });

  /** @param {string} name */
  function save(name) {
    state.name = name;
    write();
    const { listener, row, started, finished, votes } = state;
    const body = JSON.stringify({ test: sheet.id, hash: sheet.hash, listener, row, name, started, saved: Date.now(), finished, votes });
    const crc = crc32(new TextEncoder().encode(body));
    const file = new Blob([JSON.stringify({ format: "voicenb-answers-1", crc32: crc, body })], { type: "application/json" });
    const address = URL.createObjectURL(file);
    const link = h("a", { href: address, download: `answers-${sheet.id.slice(0, 8)}-${listener}.json`, hidden: true });
    document.body.append(link);
    link.click();
    link.remove();
    // The browser reads it after this turn.
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
    unsaved = false;
  }

  place.before(warning);
  mount(
    place,
    {
      sheet,
      row: state.row,
      listener: state.listener,
      audio: async (trial, sound) => Uint8Array.from(atob(sounds[trial][sound]), (one) => one.charCodeAt(0)).buffer,
      votes: async () => state.votes,
      async keep(vote) {
        // A draft gives way to what comes after it; what was confirmed stays.
        state.votes = [...state.votes.filter((one) => one.trial !== vote.trial || !one.draft), vote];
        write();
      },
      async finish() {
        if (state.finished) return;
        state.finished = true;
        write();
      },
      save,
      name: () => state.name,
    },
    document.body,
  );
}

startPage();
