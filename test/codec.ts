// The codec that tests of snapshots use.
// Source: src/hosts/node/codec.ts.
export { nodeCodec } from '../src/hosts/node/codec.js';
