// Messages of BuildKit's API, as far as builds of Dockerfiles need them: the fields' names and numbers.
// moby/buildkit: api/services/control/control.proto, frontend/gateway/pb/gateway.proto, session/*/*.proto; tonistiigi/fsutil types/*.proto.
import { DEFINITION } from './definition.js';
import { blobs, bytes, flag, message, number, several, text, texts } from '../base/protobuf.js';

export const EMPTY = {};

const TIMESTAMP = { seconds: number(1), nanos: number(2) };
const PLATFORM = { architecture: text(1), os: text(2), variant: text(3) };
const VERSION = { package: text(1), version: text(2), revision: text(3) };
export const WORKER = {
  id: text(1),
  labels: texts(2),
  platforms: several(message(3, PLATFORM)),
  version: message(5, VERSION),
};
export const WORKERS = { records: several(message(1, WORKER)) };
export const INFO = { version: message(1, VERSION) };

const EXPORTER = { type: text(1), attributes: texts(2) };
const CACHE = { type: text(1), attributes: texts(2) };
export const SOLVE = {
  ref: text(1),
  definition: bytes(2),
  exporter: text(3),
  exporterAttributes: texts(4),
  session: text(5),
  frontend: text(6),
  frontendAttributes: texts(7),
  cache: message(8, { exports: several(message(4, CACHE)) }),
  frontendInputs: blobs(10),
  exporters: several(message(13, EXPORTER)),
};
export const SOLVED = { exporterResponse: texts(1) };

export const STATUS_REQUEST = { ref: text(1) };
export const VERTEX = {
  digest: text(1),
  inputs: several(text(2)),
  name: text(3),
  cached: flag(4),
  started: message(5, TIMESTAMP),
  completed: message(6, TIMESTAMP),
  error: text(7),
};
export const VERTEX_STATUS = {
  id: text(1),
  vertex: text(2),
  name: text(3),
  current: number(4),
  total: number(5),
  timestamp: message(6, TIMESTAMP),
  started: message(7, TIMESTAMP),
  completed: message(8, TIMESTAMP),
};
export const VERTEX_LOG = { vertex: text(1), timestamp: message(2, TIMESTAMP), stream: number(3), bytes: bytes(4) };
export const STATUS = {
  vertexes: several(message(1, VERTEX)),
  statuses: several(message(2, VERTEX_STATUS)),
  logs: several(message(3, VERTEX_LOG)),
};

export const USAGE_RECORD = {
  id: text(1),
  mutable: flag(2),
  inUse: flag(3),
  size: number(4),
  created: message(6, TIMESTAMP),
  lastUsed: message(7, TIMESTAMP),
  usageCount: number(8),
  description: text(9),
  recordType: text(10),
  shared: flag(11),
  parents: several(text(12)),
};
export const USAGE = { records: several(message(1, USAGE_RECORD)) };
export const PRUNE = { filters: several(text(1)), all: flag(2), keepDuration: number(3), keepBytes: number(4) };

/** Of google.rpc. */
const ANY = { typeUrl: text(1), value: bytes(2) };
export const RPC_STATUS = { code: number(1), message: text(2), details: several(message(3, ANY)) };

const CAPABILITY = { id: text(1), enabled: flag(2) };
export const PONG = {
  frontend: several(message(1, CAPABILITY)),
  llb: several(message(2, CAPABILITY)),
  workers: several(message(3, WORKER)),
};
const REF = { id: text(1), definition: message(2, DEFINITION) };
const REFS = { refs: blobs(1) };
export const RESULT = { ref: message(3, REF), refs: message(4, REFS), metadata: blobs(10) };
export const GATEWAY_SOLVE = {
  definition: bytes(1),
  frontend: text(2),
  frontendOptions: texts(3),
  frontendInputs: blobs(13),
};
export const GATEWAY_SOLVED = { result: message(3, RESULT) };
/** The error as it came: an RPC_STATUS. */
export const RETURN = { result: message(1, RESULT), error: bytes(2) };

const STAT = {
  path: text(1),
  mode: number(2),
  uid: number(3),
  gid: number(4),
  size: number(5),
  modified: number(6),
  link: text(7),
  major: number(8),
  minor: number(9),
  xattrs: blobs(10),
};
/** Kinds of packets of fsutil. */
export const PACKET_STAT = 0;
export const PACKET_REQUEST = 1;
export const PACKET_DATA = 2;
export const PACKET_END = 3;
export const PACKET_ERROR = 4;
export const PACKET = { type: number(1), stat: message(2, STAT), id: number(3), data: bytes(4) };
export const BYTES = { data: bytes(1) };

export const CREDENTIALS_REQUEST = { host: text(1) };
export const CREDENTIALS = { username: text(1), secret: text(2) };
export const SECRET_REQUEST = { id: text(1), annotations: texts(2) };
export const SECRET = { data: bytes(1) };
