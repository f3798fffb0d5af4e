// Reads a capture as another program would: every block by its length, at both of its ends. draft-ietf-opsawg-pcapng section 3.
export interface Seen {
  interface: string;
  sent: boolean;
  /** Nanoseconds since 1970. */
  time: bigint;
  frame: Uint8Array;
}

/** Throws Error for what is no capture. */
export function readPcapng(bytes: Uint8Array): Seen[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const names: string[] = [];
  const seen: Seen[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [type, length] = [view.getUint32(at, true), view.getUint32(at + 4, true)];
    if (length % 4 !== 0 || at + length > bytes.length || view.getUint32(at + length - 4, true) !== length)
      throw new Error(`block at ${at}: ${length} bytes`);
    if ((at === 0) !== (type === 0x0a0d0d0a)) throw new Error(`block at ${at}: type ${type}`);
    if (type === 1) names.push(textOption(bytes.subarray(at + 16, at + length - 4), 2));
    if (type === 6) {
      const kept = view.getUint32(at + 20, true);
      const flags = view.getUint32(at + 28 + ((kept + 3) & ~3) + 4, true);
      seen.push({
        interface: names[view.getUint32(at + 8, true)]!,
        sent: (flags & 3) === 2,
        time: (BigInt(view.getUint32(at + 12, true)) << 32n) | BigInt(view.getUint32(at + 16, true)),
        frame: bytes.subarray(at + 28, at + 28 + kept),
      });
    }
    at += length;
  }
  return seen;
}

function textOption(options: Uint8Array, wanted: number): string {
  const view = new DataView(options.buffer, options.byteOffset, options.length);
  for (let at = 0; at + 4 <= options.length; ) {
    const [code, length] = [view.getUint16(at, true), view.getUint16(at + 2, true)];
    if (code === wanted) return String.fromCharCode(...options.subarray(at + 4, at + 4 + length));
    at += 4 + ((length + 3) & ~3);
  }
  throw new Error(`no option ${wanted}`);
}
