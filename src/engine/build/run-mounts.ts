// What RUN --mount asks for: places in the container that are no part of the image. docs.docker.com/reference/dockerfile: RUN --mount.
// DEVIATION: bind, secret and ssh need a client's session, which the classic build has none of.
import { InputError } from '../../base/errors.js';
import { parseSize } from '../../base/bytes.js';
import { encodeText } from '../../base/text.js';
import type { StreamCodecs } from '../../base/streams.js';
import { absolute } from './copy.js';

/** Volumes that caches are kept in begin so. */
export const CACHE_VOLUME = 'build-cache-';

/** A mount as a client's HostConfig has it. */
export interface BuildMount {
  Type: 'volume' | 'tmpfs';
  Source?: string;
  Target: string;
  ReadOnly: boolean;
  TmpfsOptions?: { SizeBytes: number };
}

/** Throws InputError. */
export function mountOf(text: string, workingDir: string, codecs: StreamCodecs): BuildMount {
  const fields = new Map(
    text.split(',').map((field): [string, string] => {
      const at = field.indexOf('=');
      return at < 0 ? [field, 'true'] : [field.slice(0, at), field.slice(at + 1)];
    }),
  );
  const type = fields.get('type') ?? 'bind';
  const target = fields.get('target') ?? fields.get('dst') ?? fields.get('destination');
  if (type !== 'cache' && type !== 'tmpfs')
    throw new InputError(`the --mount option of type ${type} requires BuildKit`, 'COPY what the command needs.');
  if (!target) throw new InputError(`--mount=${text}: target is needed`);
  const Target = absolute(workingDir, target).replace(/(.)\/$/, '$1');
  const ReadOnly = ['readonly', 'ro'].some((name) => fields.get(name) === 'true');
  if (type === 'tmpfs') {
    const size = fields.has('size') ? parseSize(fields.get('size')!) : 0;
    if (size === undefined) throw new InputError(`--mount=${text}: size is none`);
    return { Type: 'tmpfs', Target, ReadOnly, ...(size > 0 && { TmpfsOptions: { SizeBytes: size } }) };
  }
  for (const name of ['from', 'source', 'src'])
    if (fields.has(name)) throw new InputError(`--mount=type=cache: ${name} requires BuildKit`);
  const hash = codecs.sha256();
  hash.update(encodeText(fields.get('id') ?? Target));
  return { Type: 'volume', Source: `${CACHE_VOLUME}${hash.digest().slice(0, 32)}`, Target, ReadOnly };
}
