// Copies the named fields of a device into plain data and back.
// Source: the Snapshottable contract in device.ts.

type Typed = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array;

export class SnapshotError extends Error {
  override readonly name = 'SnapshotError';
}

function isTyped(value: unknown): value is Typed {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

function copy(value: unknown): unknown {
  if (isTyped(value)) return value.slice();
  if (Array.isArray(value)) return value.map(copy);
  return value;
}

export function saveFields(device: object, names: readonly string[]): Record<string, unknown> {
  const fields = device as Record<string, unknown>;
  return Object.fromEntries(names.map((name) => [name, copy(fields[name])]));
}

/** Throws SnapshotError, before it has changed anything, when a field is missing or has another shape. */
export function restoreFields(device: object, names: readonly string[], state: unknown): void {
  const fields = device as Record<string, unknown>;
  const from = section(state);
  for (const name of names) check(name, fields[name], from[name]);
  for (const name of names) {
    const now = fields[name];
    const then = from[name];
    if (isTyped(now)) now.set(then as Uint8Array);
    else fields[name] = copy(then);
  }
}

/** A state as the record it must be; with `name`, that member of it. */
export function section(state: unknown, name?: string): Record<string, unknown> {
  const value = name === undefined ? state : section(state)[name];
  if (typeof value !== 'object' || value === null) {
    throw new SnapshotError(`snapshot: ${name ?? 'device state'} is not a record`);
  }
  return value as Record<string, unknown>;
}

function check(name: string, now: unknown, then: unknown): void {
  const shape = (value: unknown): string => {
    if (isTyped(value)) return `${value.constructor.name}(${value.length})`;
    return Array.isArray(value) ? 'array' : typeof value;
  };
  if (shape(now) !== shape(then)) {
    throw new SnapshotError(`snapshot: field ${name} is ${shape(then)}, this device has ${shape(now)}`);
  }
}
