// Documents of images as JSON: read within bounds, field by field, each checked when it is taken.
// RFC 8259; what is in a field is always an image's word, so nothing of it is believed before its type is.
import { InputError } from '../base/errors.js';
import { decodeText, encodeText } from '../base/text.js';

/** Of a manifest or a configuration; registries take no larger ones. */
export const DOCUMENT_MAX = 4 << 20;

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `what` names the document in messages. Throws InputError. */
export function parseJson(bytes: Uint8Array, what: string): JsonObject {
  if (bytes.length > DOCUMENT_MAX) throw new InputError(`${what}: longer than ${DOCUMENT_MAX >> 20} MiB`);
  let value: unknown;
  try {
    value = JSON.parse(decodeText(bytes) ?? '');
  } catch (error) {
    throw new InputError(`${what}: is no JSON`, 'It is damaged, or something else.', { cause: error });
  }
  if (!isObject(value)) throw new InputError(`${what}: is no JSON object`, 'It is damaged, or something else.');
  return value;
}

export const jsonBytes = (value: unknown): Uint8Array => encodeText(JSON.stringify(value));

/** Takes fields of one object out, by type. All throw InputError. */
export class Fields {
  constructor(
    private readonly object: JsonObject,
    private readonly what: string,
  ) {}

  private take(key: string): unknown {
    // null is as good as nothing, as Go has it
    return Object.hasOwn(this.object, key) ? (this.object[key] ?? undefined) : undefined;
  }

  private wrong(key: string, should: string): InputError {
    return new InputError(`${this.what}: '${key}' is no ${should}`, 'The document is not as OCI has it.');
  }

  has(key: string): boolean {
    return this.take(key) !== undefined;
  }

  text(key: string): string | undefined {
    const value = this.take(key);
    if (value !== undefined && typeof value !== 'string') throw this.wrong(key, 'text');
    return value;
  }

  flag(key: string): boolean | undefined {
    const value = this.take(key);
    if (value !== undefined && typeof value !== 'boolean') throw this.wrong(key, 'true or false');
    return value;
  }

  /** A whole number that is not negative. */
  size(key: string): number | undefined {
    const value = this.take(key);
    if (value !== undefined && !(Number.isSafeInteger(value) && (value as number) >= 0)) throw this.wrong(key, 'size');
    return value as number | undefined;
  }

  integer(key: string): number | undefined {
    const value = this.take(key);
    if (value !== undefined && !Number.isSafeInteger(value)) throw this.wrong(key, 'number');
    return value as number | undefined;
  }

  object_(key: string): JsonObject | undefined {
    const value = this.take(key);
    if (value !== undefined && !isObject(value)) throw this.wrong(key, 'object');
    return value;
  }

  fields(key: string): Fields | undefined {
    const value = this.object_(key);
    return value && new Fields(value, `${this.what}: ${key}`);
  }

  list(key: string, most: number): readonly unknown[] | undefined {
    const value = this.take(key);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) throw this.wrong(key, 'list');
    if (value.length > most) throw new InputError(`${this.what}: '${key}' has more than ${most} entries`);
    return value;
  }

  objects(key: string, most: number): JsonObject[] | undefined {
    return this.list(key, most)?.map((value) => {
      if (!isObject(value)) throw this.wrong(key, 'list of objects');
      return value;
    });
  }

  texts(key: string, most: number): string[] | undefined {
    return this.list(key, most)?.map((value) => {
      if (typeof value !== 'string') throw this.wrong(key, 'list of texts');
      return value;
    });
  }

  /** Texts by name. */
  map(key: string, most: number): Map<string, string> | undefined {
    const value = this.object_(key);
    if (!value) return undefined;
    const entries = Object.entries(value);
    if (entries.length > most) throw new InputError(`${this.what}: '${key}' has more than ${most} entries`);
    return new Map(
      entries.map(([name, text]) => {
        if (typeof text !== 'string') throw this.wrong(key, 'map of texts');
        return [name, text];
      }),
    );
  }

  /** Names that are keys of empty objects, as Go writes sets. */
  set(key: string, most: number): string[] | undefined {
    const value = this.object_(key);
    if (!value) return undefined;
    const names = Object.keys(value);
    if (names.length > most) throw new InputError(`${this.what}: '${key}' has more than ${most} entries`);
    return names;
  }
}
