// An image that one build has made as what another one begins with: to clients it is a definition of one source, which they hand on as it is.
// moby/buildkit solver/pb/ops.proto, Definition; client/llb/definition.go. Other definitions are none of ours.
import { blobs, bytes, decode, type Draft, encode, message, number, several, text } from '../base/protobuf.js';
import type { StreamCodecs } from '../base/streams.js';

const SCHEME = 'tabvisor-image://';
const OP = {
  inputs: several(message(1, { digest: text(1), index: number(2) })),
  source: message(3, { identifier: text(1) }),
};
/** `metadata`: by digests, of which clients want one to be there. */
export const DEFINITION = { ops: several(bytes(1)), metadata: blobs(2) };

/** The source, and what takes it. */
export function definitionOf(image: string, codecs: StreamCodecs): Draft<typeof DEFINITION> {
  const source = encode(OP, { source: { identifier: `${SCHEME}${image}` } });
  const hash = codecs.sha256();
  hash.update(source);
  const digest = `sha256:${hash.digest()}`;
  const ops = [source, encode(OP, { inputs: [{ digest, index: 0 }] })];
  return { ops, metadata: { [digest]: new Uint8Array() } };
}

/** The image that a definition of ours stands for; undefined: it is none. Throws ProtobufError. */
export function imageOf(definition: Uint8Array): string | undefined {
  const [source] = decode(DEFINITION, definition).ops;
  const identifier = source && decode(OP, source).source?.identifier;
  return identifier?.startsWith(`${SCHEME}sha256:`) ? identifier.slice(SCHEME.length) : undefined;
}
