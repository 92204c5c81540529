/** A file from the kernel, fetched in pieces, for the browser's downloads. */

/** @typedef {{file: string, name: string, mime: string, size: number, pieces: number}} Offer  As `ChunkedDownload.offer` makes it. */

/**
 * Fetches a file and hands it to the browser.
 * @param {(question: Record<string, any>) => Promise<any>} ask  Asks the kernel; an answer has ``buffers``.
 * @param {Offer} offer
 * @param {(done: number) => void} [progress]  Told the share that is there, 0 to 1.
 * @param {() => boolean} [over]  Whether nobody wants it any more.
 */
export async function download(ask, offer, progress = () => {}, over = () => false) {
  const parts = [];
  for (let piece = 0; piece < offer.pieces; piece++) {
    progress(piece / offer.pieces);
    const { buffers } = await ask({ kind: "piece", file: offer.file, piece });
    if (over()) return;
    // A copy that the browser may keep on disk: the view is a window on a whole message.
    parts.push(new Blob([buffers[0]]));
  }
  const whole = new Blob(parts, { type: offer.mime });
  if (whole.size !== offer.size) throw new Error("The file did not come whole: press again.");
  const address = URL.createObjectURL(whole);
  const link = document.createElement("a");
  link.href = address;
  link.download = offer.name;
  link.click();
  progress(1);
  // The browser reads the address after this turn, and asks a person first where it is set so.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
