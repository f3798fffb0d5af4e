// The configuration of an image: its platform, what a container of it runs, the checksums of its layers, its history.
// OCI image-spec, config.md; Docker's image specification 1.2 has Healthcheck, OnBuild and Shell besides.
import { InputError } from '../base/errors.js';
import { type Digest, parseDigest } from './digest.js';
import { Fields, type JsonObject, parseJson } from './json.js';
import { LAYERS_MAX } from './manifest.js';
import type { Platform } from './platform.js';

const LIST_MAX = 8192;
const HISTORY_MAX = 4096;

/** What a container begins with; each may be overridden. */
export interface ContainerDefaults {
  user: string;
  env: string[];
  entrypoint?: string[];
  cmd?: string[];
  workingDir: string;
  exposedPorts: string[];
  volumes: string[];
  labels: Map<string, string>;
  stopSignal?: string;
  shell?: string[];
  onBuild: string[];
  /** In nanoseconds. */
  healthcheck?: {
    test: string[];
    interval: number;
    timeout: number;
    startPeriod: number;
    startInterval: number;
    retries: number;
  };
}

export interface HistoryEntry {
  created?: string;
  createdBy: string;
  author?: string;
  comment?: string;
  /** It has no layer. */
  empty: boolean;
}

export interface ImageConfig {
  platform: Platform;
  created?: string;
  author?: string;
  config: ContainerDefaults;
  /** Digests of the uncompressed layers, the lowest first. */
  diffIds: Digest[];
  history: HistoryEntry[];
  /** The document as it is, for those who know more of it. */
  document: JsonObject;
}

/** Throws InputError. */
export function parseConfig(bytes: Uint8Array, what: string): ImageConfig {
  const document = parseJson(bytes, what);
  const fields = new Fields(document, what);
  const architecture = fields.text('architecture');
  const os = fields.text('os');
  if (!architecture || !os)
    throw new InputError(`${what}: says neither for which system nor for which processor it is`);
  const variant = fields.text('variant');
  const rootfs = fields.fields('rootfs');
  if (rootfs?.text('type') !== 'layers') throw new InputError(`${what}: its rootfs is not of layers`);
  const diffIds = (rootfs.texts('diff_ids', LAYERS_MAX) ?? []).map((id, i) => parseDigest(id, `${what}: layer ${i}`));
  return {
    platform: { os, architecture, ...(variant && { variant }) },
    created: fields.text('created'),
    author: fields.text('author'),
    config: defaultsOf(fields.fields('config'), what),
    diffIds,
    history: (fields.objects('history', HISTORY_MAX) ?? []).map((entry) => historyOf(entry, what)),
    document,
  };
}

function defaultsOf(fields: Fields | undefined, what: string): ContainerDefaults {
  const env = fields?.texts('Env', LIST_MAX) ?? [];
  const odd = env.find((entry) => entry.startsWith('=') || entry.includes('\0'));
  if (odd !== undefined)
    throw new InputError(`${what}: Env has ${JSON.stringify(odd.slice(0, 100))}, which is no NAME=VALUE`);
  return {
    user: fields?.text('User') ?? '',
    env,
    entrypoint: fields?.texts('Entrypoint', LIST_MAX),
    cmd: fields?.texts('Cmd', LIST_MAX),
    workingDir: fields?.text('WorkingDir') ?? '',
    exposedPorts: fields?.set('ExposedPorts', LIST_MAX) ?? [],
    volumes: fields?.set('Volumes', LIST_MAX) ?? [],
    labels: fields?.map('Labels', LIST_MAX) ?? new Map(),
    stopSignal: fields?.text('StopSignal'),
    shell: fields?.texts('Shell', LIST_MAX),
    onBuild: fields?.texts('OnBuild', LIST_MAX) ?? [],
    healthcheck: healthcheckOf(fields?.fields('Healthcheck')),
  };
}

function healthcheckOf(fields: Fields | undefined): ContainerDefaults['healthcheck'] {
  const test = fields?.texts('Test', LIST_MAX);
  if (!fields || !test) return undefined;
  return {
    test,
    interval: fields.size('Interval') ?? 0,
    timeout: fields.size('Timeout') ?? 0,
    startPeriod: fields.size('StartPeriod') ?? 0,
    startInterval: fields.size('StartInterval') ?? 0,
    retries: fields.size('Retries') ?? 0,
  };
}

function historyOf(object: JsonObject, what: string): HistoryEntry {
  const fields = new Fields(object, `${what}: history`);
  return {
    created: fields.text('created'),
    createdBy: fields.text('created_by') ?? '',
    author: fields.text('author'),
    comment: fields.text('comment'),
    empty: fields.flag('empty_layer') ?? false,
  };
}
