// Node's zlib as the codec of snapshots.
// Contract: Codec in src/base/host.ts.
import { promisify } from 'node:util';
import { constants, deflateRaw, inflateRaw } from 'node:zlib';
import type { Codec } from '../base/host.js';

const pack = promisify(deflateRaw);
const unpack = promisify(inflateRaw);

export const nodeCodec: Codec = {
  async deflate(bytes) {
    return pack(bytes, { level: constants.Z_BEST_SPEED });
  },
  async inflate(bytes, size) {
    try {
      return await unpack(bytes, { maxOutputLength: Math.max(1, size) });
    } catch {
      return undefined;
    }
  },
};
