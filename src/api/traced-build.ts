// BuildKit behind POST /build?version=2, as clients speak to it that have no buildx: files and secrets come by their session, or the request is
// the context; what is told of the build are BuildKit's own messages, each in a line of JSON. moby api/server/backend/build,
// builder/builder-next/builder.go; docker/cli 20.10 cli/command/image/build_buildkit.go.
import { toBase64 } from '../base/base64.js';
import { messageOf } from '../base/errors.js';
import type { ApiBuilds } from '../buildkit/api-builds.js';
import { BuildFailure } from '../engine/build/failure.js';
import type { WholeRequest } from '../engine/build/request.js';
import { InvalidParameter } from '../engine/errors.js';
import type { HttpAnswer, HttpRequest } from '../http/message.js';
import { line } from './answers.js';

const TRACE = 'moby.buildkit.trace';
const IMAGE = 'moby.image.id';
const UPLOAD = 'upload-request';
const SESSION = 'client-session';

/** Throws InvalidParameter. */
export async function tracedBuild(
  builds: ApiBuilds,
  request: HttpRequest,
  asked: WholeRequest,
  quiet: boolean,
): Promise<HttpAnswer> {
  const { query } = request;
  const name = query.get('buildid') ?? '';
  if (name.startsWith(`${UPLOAD}:`)) {
    await builds.upload(name.slice(UPLOAD.length + 1), request.body);
    return { status: 200 };
  }
  const remote = query.get('remote') ?? '';
  const running = await builds.begin({
    name,
    session: query.get('session') ?? '',
    asked,
    tar: remote === '' ? asked.context : remote === UPLOAD ? 'uploaded' : undefined,
    ...(![UPLOAD, SESSION, ''].includes(remote) && { remote }),
    exporters: exportersOf(query.get('outputs')),
  });
  return {
    status: 200,
    headers: { 'Content-Type': 'application/json' },
    body: async (out) => {
      out.onClose(() => running.cancel());
      const told = running.progress.read((bytes) =>
        quiet ? Promise.resolve(true) : out.write(line({ id: TRACE, aux: toBase64(bytes) })),
      );
      try {
        const { image } = await running.result;
        await told;
        if (image !== undefined) void out.write(line({ id: IMAGE, aux: { ID: image } }));
        if (quiet && image !== undefined) void out.write(line({ stream: `${image}\n` }));
      } catch (error) {
        await told;
        const message = messageOf(error);
        const code = error instanceof BuildFailure ? { code: error.code } : {};
        void out.write(line({ errorDetail: { ...code, message }, error: message }));
      }
    },
  };
}

/** Throws InvalidParameter. */
function exportersOf(text: string | undefined): { type: string; attributes: Record<string, string> }[] {
  if (!text) return [];
  let outputs: unknown;
  try {
    outputs = JSON.parse(text);
  } catch (error) {
    throw new InvalidParameter('outputs is no JSON', { cause: error });
  }
  if (outputs === null) return [];
  if (!Array.isArray(outputs) || outputs.length > 1) throw new InvalidParameter('multiple outputs not supported');
  return outputs.map((output: { Type?: unknown; Attrs?: unknown } | null) => {
    const attributes = Object.entries(output?.Attrs ?? {});
    if (typeof output?.Type !== 'string' || !attributes.every(([, value]) => typeof value === 'string'))
      throw new InvalidParameter('outputs: each has a Type, and Attrs that are texts');
    return { type: output.Type, attributes: Object.fromEntries(attributes) };
  });
}
