// Holds the code to the picture of rooms: who may import whom, what stays free of Node, and which names say nothing.
// Source: docs/ARCHITECTURE.md, whose picture this table repeats; change both together.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from './provisioned.js';

/** What is numbers and records only, and so open to the whole core: it leads nowhere. */
const coreNumbers = [
  'assembly/abi',
  'assembly/uop',
  'assembly/trace',
  'assembly/vmcs',
  ...['micro-ops', 'tables', 'forms', 'vmcs'].map((name) => `assembly/generated/${name}`),
];
const core = (...names: string[]): string[] => [...names.map((name) => `assembly/${name}`), ...coreNumbers];

/** What a machine is made of. */
const machineRooms = ['base', 'vcpu', 'net', 'devices', 'vmm'].map((name) => `src/${name}`);

/** Room: what it may import besides itself. A file is in the room of its longest matching entry; all are paths without `.ts`. */
const rooms: Record<string, string[]> = {
  ...Object.fromEntries(coreNumbers.map((room) => [room, []])),
  'assembly/isa/opcodes': [],
  'assembly/cpu': core(),
  'assembly/mmu': core('cpu'),
  'assembly/isa': core('mmu'),
  'assembly/ops': core('cpu', 'mmu'),
  'assembly/generated/handlers': core('cpu', 'mmu', 'ops'),
  'assembly/vmx': core('cpu', 'mmu', 'ops'),
  'assembly/interpreter': core('isa', 'ops', 'vmx', 'mmu', 'cpu', 'generated/dispatch'),
  'assembly/generated/dispatch': core('interpreter', 'ops', 'generated/handlers'),
  'assembly/translator': core(
    'translator/wasm',
    'interpreter',
    'generated/dispatch',
    'isa',
    'ops',
    'vmx',
    'mmu',
    'cpu',
  ),
  'assembly/translator/wasm': [],
  'assembly/index': ['assembly'],

  'src/base': [],
  'src/vcpu': ['src/base', 'assembly/abi', 'assembly/isa/opcodes', 'assembly/uop', 'assembly/vmcs'],
  'src/net': ['src/base'],
  'src/devices': ['src/base', 'src/net', 'src/vcpu/guest-memory'],
  'src/devices/virtio': ['src/devices', 'src/base', 'src/net', 'src/vcpu/guest-memory'],
  'src/vmm': ['src/vcpu', 'src/devices', 'src/base'],
  'src/modes': ['src/vmm/config', 'src/devices/storage/block-backend', 'src/base'],
  'src/kernel': ['src/vcpu', 'src/net', 'src/base', 'assembly/abi'],
  'src/oci': ['src/base'],
  'src/node/contract': ['src/base'],
  'src/wasi': ['src/kernel/abi', 'src/base'],
  'src/node': ['src/node/contract', 'src/wasi', 'src/kernel', 'src/oci', 'src/net', 'src/base'],
  'src/runtime': ['src/node/contract', 'src/oci', 'src/base'],
  'src/engine': ['src/runtime', 'src/oci', 'src/net', 'src/base'],
  'src/http': ['src/base'],
  'src/buildkit': ['src/http', 'src/engine', 'src/oci', 'src/base'],
  'src/api': ['src/buildkit', 'src/http', 'src/engine', 'src/net', 'src/base'],
  'src/kube': ['src/http', 'src/net', 'src/base'],
  'src/library': machineRooms,
  'src/hosts/node': [...machineRooms, 'src/library', 'src/http'],
  'src/hosts/browser': [...machineRooms, 'src/library'],
  'src/cli': ['src'],

  web: [
    ...[...machineRooms, 'src/modes', 'src/library', 'src/hosts/browser', 'src/kernel', 'src/oci'],
    ...['src/node', 'src/runtime', 'src/engine', 'src/http', 'src/buildkit', 'src/api'],
    ...['src/cli/docker', 'src/cli/help-text', 'src/cli/layer-progress'],
  ],
  bench: ['src/modes'],
};

/** What tests beside the code may import besides: the tools of test/, and for the core the host half that runs it. */
const openToTests = {
  assembly: ['test', 'scripts', 'src/vcpu', 'src/base', 'assembly'],
  src: ['test'],
  web: ['test'],
  bench: ['test'],
};
const knowNode = ['src/cli', 'src/hosts/node'];
/** Of these, what runs in a browser too. */
const portableWithin = ['src/cli/docker', 'src/cli/help-text', 'src/cli/layer-progress'];
const isPortable = (path: string): boolean =>
  portableWithin.some((place) => within(path.replace(/\.ts$/, ''), place)) && !within(path, 'src/cli/docker/node');
/** The instruction table's rows are files of their own. */
const partOfTable = /^assembly\/isa\/rows-[a-z0-9-]+$/;

const namesThatSayNothing = new Set(['utils', 'util', 'helpers', 'helper', 'common', 'misc', 'types', 'manager']);
const isTest = (path: string): boolean => /\.test\.tsx?$|\/test-[^/]*\.ts$/.test(path);
const within = (path: string, place: string): boolean => path === place || path.startsWith(`${place}/`);

function roomOf(module: string): string | undefined {
  if (partOfTable.test(module)) return 'assembly/isa/opcodes';
  return Object.keys(rooms)
    .filter((room) => within(module, room))
    .sort((a, b) => b.length - a.length)[0];
}

/** The specifiers of all imports, static, dynamic, of types, re-exports and worker URLs. */
function importsOf(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const forms =
    /\b(?:from|import)\s*\(?\s*['"]([^'"]+)['"]|\bnew URL\(\s*['"](\.[^'"]+\.[jt]sx?)['"],\s*import\.meta\.url/g;
  return [...code.matchAll(forms)].map((match) => (match[1] ?? match[2])!);
}

/** What is wrong with one file, in words. `path` is relative to the root, with forward slashes. */
function violations(path: string, source: string): string[] {
  const module = path.replace(/\.tsx?$/, '');
  const top = path.split('/')[0] as keyof typeof openToTests;
  const room = roomOf(module);
  const found: string[] = [];
  if (module.split('/').some((name) => namesThatSayNothing.has(name.split('.')[0]!)))
    found.push(`${path}: the name says nothing`);
  if (room === undefined) return [...found, `${path}: is in no room of the picture`];

  const allowed = [...rooms[room]!, ...(isTest(path) ? openToTests[top] : [])];
  for (const specifier of importsOf(source)) {
    if (!specifier.startsWith('.')) {
      const package_ = specifier.replace(/^node:/, '').split('/')[0]!;
      const ofNode = specifier.startsWith('node:') || builtinModules.includes(package_);
      const portable =
        within(path, 'web') ||
        isPortable(path) ||
        (within(path, 'src') && !knowNode.some((place) => within(path, place)));
      if (ofNode && portable && !isTest(path))
        found.push(`${path}: imports ${specifier}, but only ${knowNode.join(' and ')} may know Node`);
      continue;
    }
    const target = posix.join(posix.dirname(path), specifier).replace(/\.(js|ts|tsx)$/, '');
    if (roomOf(target) === room || allowed.some((place) => within(target, place))) continue;
    found.push(`${path}: imports ${target}, but ${room} may import ${allowed.join(', ') || 'nothing'}`);
  }
  return found;
}

function filesOf(folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => posix.join(folder, entry.parentPath.slice(join(root, folder).length), entry.name))
    .filter((path) => !/(^|\/)(node_modules|dist|build)\//.test(path));
}

describe('the code keeps to its rooms', () => {
  for (const folder of ['assembly', 'src', 'web', 'bench']) {
    test(`${folder}/`, () => {
      const found = filesOf(folder).flatMap((path) => violations(path, readFileSync(join(root, path), 'utf8')));
      expect(found).toEqual([]);
    });
  }
});

describe('the picture is enforced', () => {
  test.each([
    ['the interpreter from the CPU state', 'assembly/cpu/regs.ts', `import { run } from '../interpreter/run';`],
    ['exits from the CPU state', 'assembly/cpu/vmx.ts', `import { leave } from '../vmx/exit';`],
    ['the decoder from address translation', 'assembly/mmu/fetch.ts', `import { decode } from '../isa/decode';`],
    ['the decoder from the operations', 'assembly/ops/integer/alu.ts', `import { decode } from "../../isa/decode";`],
    ['x86 from the wasm writer', 'assembly/translator/wasm/writer.ts', `import { EAX } from '../../abi';`],
    ['anything from the instruction table', 'assembly/isa/rows-x87.ts', `import { EAX } from '../abi';`],
    [
      'the core from the CPU host half',
      'src/vcpu/vcpu.ts',
      `import { step } from '../../assembly/interpreter/run.js';`,
    ],
    ['the monitor from a device', 'src/devices/serial/uart.ts', `import { Bus } from '../../vmm/bus.js';`],
    ['a type counts', 'src/devices/serial/uart.ts', `import type { Vcpu } from '../../vcpu/vcpu.js';`],
    ['virtio from a plain device', 'src/devices/storage/ide.ts', `import { Queue } from '../virtio/virtqueue.js';`],
    ['the monitor from the kernel', 'src/kernel/task/run.ts', `export * from '../../vmm/vm.js';`],
    ['the kernel from the monitor', 'src/vmm/vm.ts', `const kernel = await import('../kernel/kernel.js');`],
    ['a worker of another room', 'src/base/host.ts', `new Worker(new URL('../vmm/worker.js', import.meta.url));`],
    ['the command line from the exports', 'src/vmm/vm.ts', `import { main } from '../cli/main.js';`],
    ['the command line from the page', 'web/main.ts', `import { vmRun } from '../src/cli/commands/vm-run.js';`],
    ['the page from the machine', 'src/vmm/vm.ts', `import { MODES } from '../../web/modes.js';`],
    ['the command line from the host', 'src/hosts/node/lan.ts', `import { parseNet } from '../../cli/net-option.js';`],
    ['a host from the machine', 'src/vmm/vm.ts', `import { NodeHost } from '../hosts/node/host.js';`],
    ['Node from the browser', 'src/hosts/browser/host.ts', `import { NodeHost } from '../node/host.js';`],
    ['Node’s host from the page', 'web/main.ts', `import { NodeHost } from '../src/hosts/node/host.js';`],
    ['Node from the page', 'web/worker/files.ts', `import { readFileSync } from 'node:fs';`],
    ['the assembly from the bench', 'bench/run.ts', `import { EAX } from '../assembly/abi.js';`],
    ['Node outside the command line', 'src/base/host.ts', `import { readFileSync } from 'node:fs';`],
    ['Node without its prefix', 'src/net/tcp.ts', `import { connect } from 'net';`],
    ['a room that is not in the picture', 'src/plugins/plugin.ts', ''],
    ['a name that says nothing', 'src/base/utils.ts', ''],
    [
      'a test of a room that may not see it',
      'src/devices/serial/uart.test.ts',
      `import { Vm } from '../../vmm/vm.js';`,
    ],
  ])('refuses %s', (_what, path, source) => {
    expect(violations(path, source)).toHaveLength(1);
  });

  test.each([
    ['a sibling', 'src/vmm/boot/bzimage.ts', `import { layout } from '../layout.js';`],
    [
      'what is below',
      'src/vmm/builder.ts',
      `import { Uart } from '../devices/uart.js';\nimport '../devices/virtio/block.js';`,
    ],
    ['guest memory', 'src/devices/storage/ide.ts', `import type { GuestMemory } from '../../vcpu/guest-memory.js';`],
    ['the instruction table', 'src/vcpu/exit.ts', `import { rows } from '../../assembly/isa/opcodes.js';`],
    ['rows of the table', 'assembly/isa/opcodes.ts', `import { x87 } from './rows-x87';`],
    ['trace flags', 'assembly/mmu/tlb.ts', `import { TRACE } from '../trace';`],
    ['packages', 'src/cli/main.ts', `import { Command } from 'commander';\nimport { readFileSync } from 'node:fs';`],
    ['Node in a test', 'src/base/bytes.test.ts', `import { randomBytes } from 'node:crypto';`],
    ['a comment', 'src/base/log.ts', `// import { Bus } from '../vmm/bus.js';\n/* from '../vmm/vm.js' */`],
  ])('allows %s', (_what, path, source) => {
    expect(violations(path, source)).toEqual([]);
  });
});
