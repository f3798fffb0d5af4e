// `--net-rate` of `tabvisor kernel run`: how fast the network is, as `tc` writes rates.
import { parseSize } from '../base/bytes.js';
import { InputError } from '../base/errors.js';
import { burstOf, type ShapeOptions } from '../kernel/net/queue/shaper.js';

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9 };
/** Bits a second: a frame takes a second and a half at the least of them. */
const RATE_MIN = 8_000;
const RATE_MAX = 100e9;
/** The longest frame goes at once. */
const BURST_MIN = 1514;
const BURST_MAX = 1 << 30;

/** `RATE[:BURST]`: bits a second as 512kbit, 10mbit, 1gbit, and a size in bytes. Throws InputError. */
export function parseNetRate(text: string): ShapeOptions {
  const match = /^(\d{1,12}(?:\.\d{1,6})?)([kmg]?)bit(?::(.+))?$/i.exec(text);
  const bits = match ? Number(match[1]) * UNITS[match[2]!.toLowerCase()]! : Number.NaN;
  if (!match || !(bits >= RATE_MIN && bits <= RATE_MAX))
    throw new InputError(`--net-rate ${text}: is no rate of 8kbit to 100gbit`, 'For example --net-rate 10mbit.');
  const rate = bits / 8;
  if (match[3] === undefined) return { rate, burst: burstOf(rate) };
  const burst = parseSize(match[3]);
  if (burst === undefined || burst < BURST_MIN || burst > BURST_MAX)
    throw new InputError(
      `--net-rate ${text}: the burst must be ${BURST_MIN} bytes to 1G`,
      'For example --net-rate 10mbit:64K.',
    );
  return { rate, burst };
}
