// What a build has failed of, as BuildKit's clients show it: its words, and the lines of the Dockerfile that it failed in.
// moby/buildkit util/grpcerrors/grpcerrors.go, solver/errdefs/source.go: a google.rpc.Status with details in JSON.
import { toBase64 } from '../base/base64.js';
import { messageOf } from '../base/errors.js';
import { encode } from '../base/protobuf.js';
import { encodeText } from '../base/text.js';
import { Cancelled } from '../engine/build/cancellation.js';
import { BuildFailure } from '../engine/build/failure.js';
import { CANCELLED, RpcError, UNKNOWN } from '../http/grpc.js';
import { RPC_STATUS } from './messages.js';

const SOURCE = 'github.com/moby/buildkit/errdefs.Source+json';

/** Where a build was when it failed. */
export interface Place {
  filename: string;
  text: string;
  first: number;
  last: number;
}

/** As BuildKit says it. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof BuildFailure)) return messageOf(error);
  const command = JSON.stringify(error.command.join(' '));
  return `process ${command} did not complete successfully: exit code: ${error.code}`;
}

export function failureOf(error: unknown, place?: Place): RpcError {
  if (error instanceof RpcError) return error;
  const isCancelled = error instanceof Cancelled || (error as { cause?: unknown }).cause instanceof Cancelled;
  const message = isCancelled ? 'context canceled' : wordsOf(error);
  const code = isCancelled ? CANCELLED : UNKNOWN;
  const details = place && !isCancelled ? [{ typeUrl: SOURCE, value: sourceOf(place) }] : [];
  return new RpcError(code, message, encode(RPC_STATUS, { code, message, details }));
}

function sourceOf({ filename, text, first, last }: Place): Uint8Array {
  const info = { filename, data: toBase64(encodeText(text)), language: 'Dockerfile' };
  const ranges = [{ start: { line: first }, end: { line: last } }];
  return encodeText(JSON.stringify({ info, ranges }));
}
