// The codec that tests of snapshots use.
// Source: src/cli/node-codec.ts.
export { nodeCodec } from '../src/cli/node-codec.js';
