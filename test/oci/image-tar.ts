// An image of one layer as a tar, for linux/386.
import { createHash } from 'node:crypto';
import { tarOf } from '../tar.js';

/** As docker save writes it. */
export function imageTar(layer: Uint8Array, name: string): Uint8Array {
  const sha256 = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
  const config = JSON.stringify({
    ...{ architecture: '386', os: 'linux', config: { Cmd: ['sh'], Env: ['PATH=/bin'] } },
    rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] },
  });
  const file = `${sha256(config)}.json`;
  return tarOf([
    { name: file, data: config },
    { name: 'one/layer.tar', data: layer },
    { name: 'manifest.json', data: JSON.stringify([{ Config: file, RepoTags: [name], Layers: ['one/layer.tar'] }]) },
  ]);
}
