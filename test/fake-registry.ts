// A registry in memory behind the interface of HTTP, honest or not: it does what a test tells it to.
// OCI distribution-spec, as far as pull and push need it.
import { type HttpClient, HttpError, type HttpRequest, type HttpResponse } from '../src/base/http.js';
import type { Digest } from '../src/oci/digest.js';
import { OCI_MANIFEST } from '../src/oci/media-types.js';
import { type MadeImage, sha256 } from './images.js';

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: Uint8Array | string;
  /** The connection breaks after so many bytes of the body. */
  cut?: number;
}

export class FakeRegistry implements HttpClient {
  readonly blobs = new Map<string, Uint8Array>();
  readonly manifests = new Map<string, { bytes: Uint8Array; type: string }>();
  readonly requests: HttpRequest[] = [];
  /** Says something else than the registry would, where it returns something. */
  override: (request: HttpRequest, path: string) => Answer | undefined = () => undefined;
  private readonly uploads = new Map<string, Uint8Array>();
  private uploaded = 0;

  constructor(readonly origin = 'https://registry.example') {}

  add(repository: string, tag: string, image: MadeImage, type = OCI_MANIFEST): void {
    for (const [digest, bytes] of image.blobs) this.blobs.set(`${repository}/${digest}`, bytes);
    this.manifest(repository, tag, image.manifest, type);
  }

  manifest(repository: string, tag: string, bytes: Uint8Array, type: string): Digest {
    const digest = sha256(bytes);
    for (const name of [tag, digest]) this.manifests.set(`${repository}/${name}`, { bytes, type });
    return digest;
  }

  async send(request: HttpRequest): Promise<HttpResponse> {
    this.requests.push(request);
    const path = request.url.replace(/^https?:\/\/[^/]+/, '');
    const overridden = this.override(request, path);
    if (!overridden && !request.url.startsWith(`${this.origin}/`))
      throw new HttpError(`${request.url}: nobody is there`, request.url.startsWith('https'));
    return responseOf(overridden ?? (await this.answer(request, path)));
  }

  private async answer({ method, headers, body }: HttpRequest, path: string): Promise<Answer> {
    if (path === '/v2/') return { status: 200 };
    const manifest = /^\/v2\/(.+)\/manifests\/([^/]+)$/.exec(path);
    if (manifest) {
      const [, repository, name] = manifest;
      if (method === 'PUT') {
        const digest = this.manifest(repository!, name!, (body as Uint8Array).slice(), headers['Content-Type']!);
        return { status: 201, headers: { 'docker-content-digest': digest } };
      }
      const found = this.manifests.get(`${repository}/${name}`);
      if (!found) return { status: 404, body: '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}' };
      return {
        status: 200,
        headers: { 'content-type': found.type, 'docker-content-digest': sha256(found.bytes) },
        body: found.bytes,
      };
    }
    if (path.includes('/blobs/uploads/')) return this.upload(method, path, body as Uint8Array);
    const blob = /^\/v2\/(.+)\/blobs\/(sha256:[0-9a-f]{64})$/.exec(path);
    const bytes = blob && this.blobs.get(`${blob[1]}/${blob[2]}`);
    if (!bytes) return { status: 404, body: '{"errors":[{"code":"BLOB_UNKNOWN","message":"blob unknown"}]}' };
    if (method === 'HEAD') return { status: 200 };
    const from = Number(/^bytes=(\d+)-$/.exec(headers.Range ?? '')?.[1] ?? 0);
    if (from === 0) return { status: 200, body: bytes };
    return {
      status: 206,
      headers: { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` },
      body: bytes.subarray(from),
    };
  }

  private upload(method: string, path: string, body: Uint8Array): Answer {
    const [, repository, rest] = /^\/v2\/(.+)\/blobs\/uploads\/(.*)$/.exec(path)!;
    const mount = /^\?mount=(sha256:[0-9a-f]{64})&from=(.+)$/.exec(rest!);
    const there = mount && this.blobs.get(`${decodeURIComponent(mount[2]!)}/${mount[1]}`);
    if (mount && there) {
      this.blobs.set(`${repository}/${mount[1]}`, there);
      return { status: 201 };
    }
    if (method === 'POST') {
      const name = `upload-${this.uploaded++}`;
      this.uploads.set(name, new Uint8Array(0));
      return { status: 202, headers: { location: `/v2/${repository}/blobs/uploads/${name}?state=x` } };
    }
    const [name] = rest!.split('?');
    const old = this.uploads.get(name!);
    if (!old) return { status: 404 };
    const all = new Uint8Array(old.length + body.length);
    all.set(old);
    all.set(body, old.length);
    this.uploads.set(name!, all);
    if (method === 'PATCH')
      return { status: 202, headers: { location: `${this.origin}/v2/${repository}/blobs/uploads/${name}?state=y` } };
    const digest = decodeURIComponent(/[?&]digest=([^&]+)/.exec(rest!)?.[1] ?? '');
    if (sha256(all) !== digest) return { status: 400, body: '{"errors":[{"code":"DIGEST_INVALID"}]}' };
    this.blobs.set(`${repository}/${digest}`, all);
    return { status: 201 };
  }
}

function responseOf({ status, headers = {}, body = '', cut }: Answer): HttpResponse {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  const PIECE = 700;
  return {
    status,
    header: (name) => headers[name],
    body: (async function* () {
      const end = cut ?? bytes.length;
      for (let at = 0; at < end; at += PIECE) yield bytes.slice(at, Math.min(end, at + PIECE));
      if (cut !== undefined) throw new HttpError('the connection broke', false);
    })(),
    cancel() {},
  };
}
