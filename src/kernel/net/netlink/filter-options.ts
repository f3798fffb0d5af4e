// What the options of all kinds of filters share. uapi/linux/pkt_cls.h.
import { EINVAL, ENOENT } from '../../abi/errno.js';
import { TCA_CLS_FLAGS_NOT_IN_HW } from '../../abi/rtnetlink.js';
import { refusal } from './route-qdisc.js';
import type { Refusal } from './route-requests.js';

/** What the user may say of hardware: SKIP_HW, SKIP_SW (not both), VERBOSE. */
export function flagsOf(given = 0): number | undefined {
  const known = (given & ~(1 | 2 | 16)) === 0;
  return known && (given & 3) !== 3 ? given | TCA_CLS_FLAGS_NOT_IN_HW : undefined;
}
export const badFlags = (): Refusal => refusal(EINVAL, 'Invalid filter flags');
export const noActions = (): Refusal => refusal(ENOENT, 'Failed to load TC action module');
