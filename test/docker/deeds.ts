// What clients ask of an engine and count on afterwards, each with what must hold of an engine whose last process ended in the middle of it.
import { type MadeImage, sha256 } from '../images.js';
import { tarOf } from '../tar.js';
import { expect } from 'vitest';
import type { Api } from './engine-here.js';

export interface Deed {
  prepare?(api: Api): Promise<unknown>;
  /** What a client asks for. */
  act(api: Api): Promise<{ status: number; body: string }>;
  /** It was said to be done. */
  isDone?(answer: { status: number; body: string }): boolean;
  /**
   * What must hold of what the next process has; what was asked for is done again where it was not. `done`: how many answers have said that
   * it is; `kept`: no power was cut.
   */
  check(api: Api, done: number, kept: boolean): Promise<void>;
  /** All of it goes. */
  undo(api: Api): Promise<unknown>;
}

export async function ok(
  api: Api,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: string }> {
  const answer = await api.call(method, path, body);
  expect(answer.status, `${method} ${path}: ${answer.body}`).toBeLessThan(300);
  return answer;
}
export const inspect = async (api: Api, name: string) =>
  JSON.parse((await ok(api, 'GET', `/containers/${name}/json`)).body);
const there = async (api: Api, path: string): Promise<boolean> => (await api.call('GET', path)).status === 200;
const volumes = async (api: Api): Promise<string[]> =>
  JSON.parse((await ok(api, 'GET', '/volumes')).body).Volumes.map(({ Name }: { Name: string }) => Name);

const ONE = { Image: 'busybox', Cmd: ['sh', '-c', 'echo new >/file; echo c >/a/file'], Volumes: { '/a': {} } };
const makeOne = (api: Api, more: object = {}) => ok(api, 'POST', '/containers/create?name=one', { ...ONE, ...more });
const wait = (api: Api, name = 'one') => ok(api, 'POST', `/containers/${name}/wait`);
const startAndWait = async (api: Api): Promise<{ status: number; body: string }> => {
  await ok(api, 'POST', '/containers/one/start');
  return wait(api);
};
const run = async (api: Api, name = 'one'): Promise<void> => {
  await ok(api, 'POST', `/containers/${name}/start`);
  expect(JSON.parse((await wait(api, name)).body).StatusCode).toBe(0);
};
const makeAndRun = async (api: Api): Promise<void> => {
  await makeOne(api);
  await run(api);
};
const drop = (name: string) => (api: Api) => api.call('DELETE', `/containers/${name}?force=1&v=1`);
const removeOne = drop('one');
const has = async (api: Api, path: string, text: string, name = 'one'): Promise<void> =>
  expect((await ok(api, 'GET', `/containers/${name}/archive?path=${path}`)).body).toContain(text);
/** That an image has a file with a text. */
async function imageHas(api: Api, image: string, path: string, text: string): Promise<void> {
  await ok(api, 'POST', '/containers/create?name=probe', { Image: image, Cmd: ['/none'] });
  await has(api, path, text, 'probe');
  await ok(api, 'DELETE', '/containers/probe?v=1');
}

/** An image as `docker load` takes it: OCI's image layout. */
function archiveOf({ blobs, manifest, manifestDigest }: MadeImage, name: string): Uint8Array {
  const index = {
    schemaVersion: 2,
    manifests: [
      {
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        digest: manifestDigest,
        size: manifest.length,
        annotations: { 'io.containerd.image.name': `docker.io/library/${name}` },
      },
    ],
  };
  return tarOf([
    { name: 'oci-layout', data: '{"imageLayoutVersion":"1.0.0"}' },
    { name: 'index.json', data: JSON.stringify(index) },
    ...[manifest, ...blobs.values()].map((data) => ({ name: `blobs/sha256/${sha256(data).slice(7)}`, data })),
  ]);
}

/** `app`: an image with /etc/motd and, in another layer, /srv/data, at `registry`/app:1. */
export const deedsWith = (registry: string, app: MadeImage): Record<string, () => Deed> => ({
  pull: () => ({
    act: (api) => api.call('POST', `/images/create?fromImage=${registry}/app&tag=1`),
    isDone: ({ body }) => body.includes('Status: '),
    async check(api, done) {
      const name = `${registry}/app:1`;
      if (done || (await there(api, `/images/${name}/json`))) await imageHas(api, name, '/etc/motd', 'hello');
      else {
        expect((await this.act(api)).body).toContain('Status: ');
        await imageHas(api, name, '/srv/data', 'xxx');
      }
    },
    undo: (api) => api.call('DELETE', `/images/${registry}/app:1?force=1`),
  }),
  create: () => ({
    act: (api) => api.call('POST', '/containers/create?name=one', { ...ONE, HostConfig: { Binds: ['named:/n'] } }),
    async check(api, done) {
      if (done || (await there(api, '/containers/one/json'))) {
        const { Mounts, State } = await inspect(api, 'one');
        expect(State.Status).toBe('created');
        expect(await volumes(api)).toEqual(expect.arrayContaining(Mounts.map(({ Name }: { Name: string }) => Name)));
      } else await makeOne(api);
      await run(api);
    },
    async undo(api) {
      await removeOne(api);
      await api.call('DELETE', '/volumes/named');
    },
  }),
  start: () => ({
    prepare: makeOne,
    act: startAndWait,
    isDone: ({ status, body }) => status === 204 || body.includes('"StatusCode":0'),
    async check(api, done, kept) {
      const { State } = await inspect(api, 'one');
      if (done) expect(State.Status).toBe('exited');
      expect(State.ExitCode).toBe(State.Status === 'created' ? 0 : State.ExitCode && 137);
      // the program has ended, and its files are there without a sync of its own, as long as the power is
      if (done > 1 && kept) {
        await has(api, '/file', 'new');
        await has(api, '/a/file', 'c');
      }
      await run(api);
      await has(api, '/file', 'new');
    },
    undo: removeOne,
  }),
  sync: () => ({
    prepare: (api) => makeOne(api, { Cmd: ['sh', '-c', 'mkdir /d; echo new >/d/file; echo c >/a/file; sync'] }),
    act: startAndWait,
    isDone: ({ body }) => body.includes('"StatusCode":0'),
    async check(api, done) {
      if (!done) return;
      await has(api, '/d/file', 'new');
      await has(api, '/a/file', 'c');
    },
    undo: removeOne,
  }),
  copy: () => ({
    prepare: makeOne,
    act: (api) =>
      api.call('PUT', '/containers/one/archive?path=/', tarOf([{ name: 'copied', data: 'in\n'.repeat(5000) }])),
    async check(api, done) {
      if (done) await has(api, '/copied', 'in\n'.repeat(5000));
      await run(api);
    },
    undo: removeOne,
  }),
  commit: () => ({
    prepare: makeAndRun,
    act: (api) => api.call('POST', '/commit?container=one&repo=made'),
    async check(api, done) {
      if (!done && !(await there(api, '/images/made/json'))) await this.act(api);
      await imageHas(api, 'made', '/file', 'new');
    },
    async undo(api) {
      await removeOne(api);
      await api.call('DELETE', '/images/made');
    },
  }),
  remove: () => {
    let volume = '';
    return {
      async prepare(api) {
        await makeAndRun(api);
        volume = (await inspect(api, 'one')).Mounts[0].Name;
      },
      act: (api) => api.call('DELETE', '/containers/one?v=1'),
      async check(api, done) {
        const left = await there(api, '/containers/one/json');
        if (done) expect(left).toBe(false);
        expect((await volumes(api)).includes(volume)).toBe(left);
        if (left) await run(api);
      },
      undo: removeOne,
    };
  },
  rename: () => ({
    prepare: makeOne,
    act: (api) => api.call('POST', '/containers/one/rename?name=two'),
    async check(api, done) {
      const [one, two] = [await there(api, '/containers/one/json'), await there(api, '/containers/two/json')];
      expect(one).toBe(!two);
      if (done) expect(two).toBe(true);
      await run(api, two ? 'two' : 'one');
    },
    async undo(api) {
      await removeOne(api);
      await drop('two')(api);
    },
  }),
  update: () => ({
    prepare: makeOne,
    act: (api) => api.call('POST', '/containers/one/update', { PidsLimit: 77 }),
    async check(api, done) {
      const { PidsLimit } = (await inspect(api, 'one')).HostConfig;
      if (done || PidsLimit) expect(PidsLimit).toBe(77);
      await run(api);
    },
    undo: removeOne,
  }),
  'volume create': () => ({
    act: (api) => api.call('POST', '/volumes/create', { Name: 'fresh', Labels: { a: 'b' } }),
    async check(api, done) {
      if (!done && !(await there(api, '/volumes/fresh'))) await this.act(api);
      expect(JSON.parse((await ok(api, 'GET', '/volumes/fresh')).body).Labels).toEqual({ a: 'b' });
      await makeOne(api, { HostConfig: { Binds: ['fresh:/n'] } });
      await run(api);
    },
    async undo(api) {
      await removeOne(api);
      await api.call('DELETE', '/volumes/fresh');
    },
  }),
  'volume rm': () => ({
    async prepare(api) {
      await makeOne(api, { HostConfig: { Binds: ['fresh:/a'] } });
      await run(api);
      await removeOne(api);
    },
    act: (api) => api.call('DELETE', '/volumes/fresh'),
    async check(api, done) {
      const left = await there(api, '/volumes/fresh');
      if (done) expect(left).toBe(false);
      await makeOne(api, { HostConfig: { Binds: ['fresh:/a'] } });
      // what is there is whole, and what is gone has gone with all in it
      expect((await api.call('GET', '/containers/one/archive?path=/a/file')).status).toBe(left ? 200 : 404);
      await run(api);
    },
    async undo(api) {
      await removeOne(api);
      await api.call('DELETE', '/volumes/fresh');
    },
  }),
  'network create': () => ({
    act: (api) => api.call('POST', '/networks/create', { Name: 'net', Labels: { a: 'b' } }),
    async check(api, done) {
      if (!done && !(await there(api, '/networks/net'))) await this.act(api);
      expect(JSON.parse((await ok(api, 'GET', '/networks/net')).body).Labels).toEqual({ a: 'b' });
      await makeOne(api, { HostConfig: { NetworkMode: 'net' } });
      await run(api);
    },
    async undo(api) {
      await removeOne(api);
      await api.call('DELETE', '/networks/net');
    },
  }),
  'network rm': () => ({
    prepare: (api) => ok(api, 'POST', '/networks/create', { Name: 'net' }),
    act: (api) => api.call('DELETE', '/networks/net'),
    async check(api, done) {
      const left = await there(api, '/networks/net');
      if (done) expect(left).toBe(false);
      if (!left) await ok(api, 'POST', '/networks/create', { Name: 'net' });
      await makeOne(api, { HostConfig: { NetworkMode: 'net' } });
      await run(api);
    },
    async undo(api) {
      await removeOne(api);
      await api.call('DELETE', '/networks/net');
    },
  }),
  tag: () => ({
    act: (api) => api.call('POST', '/images/busybox/tag?repo=other&tag=1'),
    async check(api, done) {
      if (!done && !(await there(api, '/images/other:1/json'))) await this.act(api);
      await makeOne(api, { Image: 'other:1' });
      await run(api);
    },
    async undo(api) {
      await removeOne(api);
      await api.call('DELETE', '/images/other:1');
    },
  }),
  load: () => ({
    act: (api) => api.call('POST', '/images/load', archiveOf(app, 'app:2')),
    isDone: ({ body }) => body.includes('Loaded image'),
    async check(api, done) {
      if (!done && !(await there(api, '/images/app:2/json')))
        expect((await this.act(api)).body).toContain('Loaded image');
      await imageHas(api, 'app:2', '/srv/data', 'xxx');
    },
    undo: (api) => api.call('DELETE', '/images/app:2'),
  }),
  rmi: () => ({
    prepare: (api) => ok(api, 'POST', '/images/load', archiveOf(app, 'app:2')),
    act: (api) => api.call('DELETE', '/images/app:2'),
    async check(api, done) {
      const left = await there(api, '/images/app:2/json');
      if (done) expect(left).toBe(false);
      if (left) await imageHas(api, 'app:2', '/srv/data', 'xxx');
      else expect((await api.call('POST', '/images/load', archiveOf(app, 'app:2'))).body).toContain('Loaded image');
    },
    undo: (api) => api.call('DELETE', '/images/app:2'),
  }),
  build: () => ({
    act: (api) =>
      api.call('POST', '/build?t=built', tarOf([{ name: 'Dockerfile', data: 'FROM busybox\nRUN echo made >/made\n' }])),
    isDone: ({ body }) => body.includes('Successfully tagged'),
    async check(api, done) {
      if (!done && !(await there(api, '/images/built/json')))
        expect((await this.act(api)).body).toContain('Successfully tagged');
      await imageHas(api, 'built', '/made', 'made');
    },
    undo: (api) => api.call('DELETE', '/images/built'),
  }),
  // lines go to files of which the oldest go: what is there is without a gap
  log: () => ({
    prepare: (api) =>
      makeOne(api, {
        Cmd: ['sh', '-c', 'i=100; while [ $i -lt 140 ]; do echo line $i; i=$((i+1)); done'],
        HostConfig: { LogConfig: { Type: 'json-file', Config: { 'max-size': '1k', 'max-file': '3' } } },
      }),
    act: startAndWait,
    isDone: ({ body }) => body.includes('"StatusCode":0'),
    async check(api, done, kept) {
      const numbers = async (): Promise<number[]> =>
        [...(await ok(api, 'GET', '/containers/one/logs?stdout=1')).body.matchAll(/line (\d+)/g)].map(([, n]) =>
          Number(n),
        );
      const found = await numbers();
      if (kept) expect(found).toEqual(found.map((_, i) => found[0]! + i));
      if (done && kept) expect(found.at(-1)).toBe(139);
      await run(api);
      expect((await numbers()).at(-1)).toBe(139);
    },
    undo: removeOne,
  }),
});
