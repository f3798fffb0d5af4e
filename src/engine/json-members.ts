// Members of a client's JSON as what they must be: what is absent or null is the default, what is of another type is refused.
import { InvalidParameter } from './errors.js';

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string' && !value.includes('\0');

export class Members {
  private readonly object: Json;

  /** `what` names it in messages. Throws InvalidParameter. */
  constructor(
    value: unknown,
    private readonly what: string,
  ) {
    if (value !== undefined && value !== null && !isObject(value))
      throw new InvalidParameter(`${what} must be an object`);
    this.object = (value ?? {}) as Json;
  }

  private fail(name: string, kind: string): never {
    throw new InvalidParameter(`${this.what}.${name} must be ${kind}`);
  }

  has(name: string): boolean {
    return this.object[name] !== undefined && this.object[name] !== null;
  }

  text(name: string, otherwise = ''): string {
    const value = this.object[name] ?? otherwise;
    return isText(value) ? value : this.fail(name, 'a string');
  }

  flag(name: string): boolean {
    const value = this.object[name] ?? false;
    return typeof value === 'boolean' ? value : this.fail(name, 'true or false');
  }

  number(name: string, otherwise = 0): number {
    const value = this.object[name] ?? otherwise;
    return typeof value === 'number' && Number.isFinite(value) ? value : this.fail(name, 'a number');
  }

  optionalNumber(name: string): number | undefined {
    return this.has(name) ? this.number(name) : undefined;
  }

  /** Also one string alone, as old clients send Cmd and Entrypoint. */
  texts(name: string): string[] | null {
    if (!this.has(name)) return null;
    const value = this.object[name];
    if (isText(value)) return [value];
    return Array.isArray(value) && value.every(isText) ? value : this.fail(name, 'a list of strings');
  }

  map(name: string): Record<string, string> {
    const value = this.object[name] ?? {};
    if (!isObject(value) || !Object.values(value).every(isText)) this.fail(name, 'an object of strings');
    return value as Record<string, string>;
  }

  /** An object whose keys alone count. */
  set(name: string): Record<string, object> | null {
    if (!this.has(name)) return null;
    return Object.fromEntries(this.entries(name).map(([key]) => [key, {}]));
  }

  list(name: string): unknown[] {
    const value = this.object[name] ?? [];
    return Array.isArray(value) ? value : this.fail(name, 'a list');
  }

  entries(name: string): [string, unknown][] {
    const value = this.object[name] ?? {};
    return isObject(value) ? Object.entries(value) : this.fail(name, 'an object');
  }

  members(name: string): Members {
    return new Members(this.object[name], `${this.what}.${name}`);
  }
}
