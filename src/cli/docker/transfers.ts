// Long work of an engine as it tells of it: layers that come and go, steps of a build. Engine API, ImageCreate, ImagePush, ImageBuild.
import { layerProgress } from '../layer-progress.js';
import { type Json, jsonLines } from './api-client.js';
import type { Response } from './channel.js';
import type { Output } from './host.js';
import { Complaint } from './complaint.js';

interface Message {
  stream?: string;
  status?: string;
  id?: string;
  progressDetail?: { current?: number; total?: number };
  error?: string;
  errorDetail?: { message?: string };
  aux?: Json;
}

/** Shows it to its end, and tells what it says besides. Rejects with Complaint. */
export async function showTransfer(
  response: Response,
  out: Output,
  { quiet = false, aux = () => {} }: { quiet?: boolean; aux?: (value: Json) => void } = {},
): Promise<void> {
  const progress = layerProgress(out);
  for await (const message of jsonLines(response.body) as AsyncIterable<Message>) {
    const { error, errorDetail, stream, status, id, progressDetail } = message;
    if (error !== undefined || errorDetail !== undefined) throw new Complaint(errorDetail?.message ?? error!);
    if (message.aux !== undefined) aux(message.aux);
    // a quiet build says its ID as text
    else if (quiet && stream !== undefined) aux({ ID: stream.trim() });
    if (quiet) continue;
    if (stream !== undefined) out.write(stream);
    else if (status !== undefined) {
      const { current, total } = progressDetail ?? {};
      if (out.isTTY)
        progress({
          status,
          ...(id !== undefined && { id }),
          ...(current !== undefined && { current, total }),
        } as never);
      else if (current === undefined && total === undefined)
        out.write(`${id === undefined ? '' : `${id}: `}${status}\n`);
    }
  }
}
