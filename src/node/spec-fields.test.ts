// Fields of config.json: the page has them all, and each that is not honoured is refused or said. OCI runtime-spec 1.2, config.md.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkProcess, checkResources, checkSpec } from './spec-check.js';
import { FIELDS, fieldTable, passedOver } from './spec-fields.js';

const GOOD = { ociVersion: '1.2.0', process: { args: ['true'] } };

/** A config that has `value` at a path. */
function configWith(path: string, value: unknown): unknown {
  const [name, ...rest] = path.split('.');
  const inner = rest.length > 0 ? configWith(rest.join('.'), value) : value;
  return name!.endsWith('[]') ? { [name!.slice(0, -2)]: [inner] } : { [name!]: inner };
}

function merged(one: Record<string, unknown>, other: Record<string, unknown>): Record<string, unknown> {
  const found = { ...one };
  for (const [name, value] of Object.entries(other)) {
    const old = found[name];
    const both = typeof old === 'object' && typeof value === 'object' && !Array.isArray(old);
    found[name] = both ? merged(old as Record<string, unknown>, value as Record<string, unknown>) : value;
  }
  return found;
}

/** What a list's items need besides. */
const NEEDED: Record<string, object> = {
  mounts: { destination: '/x' },
  syscalls: { names: ['read'], action: 'SCMP_ACT_ALLOW' },
  weightDevice: { major: 254, minor: 0 },
};

function completed(value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      Array.isArray(inner) && NEEDED[name]
        ? inner.map((item) => ({ ...NEEDED[name], ...(item as object) }))
        : name === 'seccomp'
          ? { defaultAction: 'SCMP_ACT_ALLOW', ...(completed(inner) as object) }
          : name === 'scheduler'
            ? { policy: 'SCHED_OTHER', ...(inner as object) }
            : completed(inner),
    ]),
  );
}

const config = (path: string, value: unknown): Record<string, unknown> =>
  merged(GOOD, completed(configWith(path, value)) as Record<string, unknown>);

test('the page has the table', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/oci-runtime.md'), 'utf8');
  // node scripts/gen-oci-fields.mjs writes it
  expect(page).toContain(fieldTable());
});

test.each(Object.entries(FIELDS).filter(([, { support }]) => support === 'refused'))(
  '%s is refused, with the reason',
  (path, { note }) => {
    expect(() => checkSpec(config(path, 1))).toThrow(`config.json: ${path} 1: ${note}`);
    for (const nothing of [null, 0, '', false, [], {}]) {
      const asked = config(path, nothing);
      expect(() => checkSpec(asked), JSON.stringify(asked)).not.toThrow();
    }
  },
);

test.each(Object.entries(FIELDS).filter(([, { refuses }]) => refuses))(
  '%s: some values are refused',
  (path, { note }) => {
    expect(() => checkSpec(config(path, 'nothing'))).toThrow(`config.json: ${path} nothing: ${note}`);
  },
);

test.each(Object.entries(FIELDS).filter(([, { support }]) => support === 'said'))(
  '%s is passed over, and said',
  (path, { note }) => {
    const asked = config(path, 'x');
    expect(() => checkSpec(asked)).not.toThrow();
    expect(passedOver(asked)).toEqual([`config.json: ${path} x: is passed over: ${note}`]);
    expect(passedOver(GOOD)).toEqual([]);
  },
);

test('processes and resources alone, as exec and update have them', () => {
  expect(() => checkProcess({ args: ['a'], scheduler: { policy: 'SCHED_DEADLINE' } })).toThrow(
    'process.scheduler.policy',
  );
  expect(() => checkResources({ cpu: { realtimeRuntime: 1 } })).toThrow(
    'linux.resources.cpu.realtimeRuntime 1: there is no',
  );
  expect(() => checkResources({ cpu: { realtimeRuntime: 0 } })).not.toThrow();
});

test('what nobody knows is nobody’s', () => {
  expect(() => checkSpec({ ...GOOD, unknown: 1, linux: { unknown: 1 } })).not.toThrow();
});
