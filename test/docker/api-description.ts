// The Engine API as its makers describe it: is an answer what that says? Swagger 2.0; the files lie beside the repository.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import type { TestContext } from 'vitest';
import { parse } from 'yaml';
import { missing, root } from '../provisioned.js';

const FOLDER = process.env.TABVISOR_DOCKER_API ?? join(root, '../shared/docker-api');
export const VERSIONS = ['1.25', '1.41', '1.44', '1.51'] as const;

type Json = Record<string, unknown>;
interface Description {
  paths: Record<string, Record<string, { responses: Record<string, { schema?: Json }> }>>;
  definitions: Json;
}

export class ApiDescription {
  private readonly ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  private readonly validators = new Map<string, ValidateFunction>();
  private readonly paths: { pattern: RegExp; literal: number; path: string }[];

  private constructor(
    private readonly version: string,
    private readonly description: Description,
  ) {
    this.ajv.addSchema({ definitions: description.definitions }, 'api');
    this.paths = Object.keys(description.paths).map((path) => ({
      path,
      // names of images have slashes
      pattern: new RegExp(
        `^${path
          .replace(/[.*+?^$()|[\]\\]/g, '\\$&')
          .replace(/\{name\}/g, '.+')
          .replace(/\{\w+\}/g, '[^/]+')}$`,
      ),
      literal: path.replace(/\{\w+\}/g, '').length,
    }));
    this.paths.sort((a, b) => b.literal - a.literal);
  }

  /** The newest description that is not newer than a version. The test is skipped where there is none. */
  static of(context: TestContext, version: string): ApiDescription {
    const number = (text: string): number => Number(text.split('.')[1]);
    const found = VERSIONS.filter((each) => number(each) <= number(version)).at(-1) ?? VERSIONS[0];
    const file = join(FOLDER, `v${found}.yaml`);
    if (!existsSync(file))
      missing(
        context,
        `${file} is not there: curl -Lo ${file} https://raw.githubusercontent.com/moby/moby/master/api/docs/v${found}.yaml`,
      );
    // 1.25 has quoted texts whose lines are not indented as YAML has it
    const text = readFileSync(file, 'utf8').replace(/: "[^"]*"/g, (quoted) => quoted.replace(/\s*\n\s*/g, ' '));
    const description = parse(text) as Description;
    return new ApiDescription(found, nullable(description) as Description);
  }

  /** What is wrong with an answer; an empty list: nothing. `path` is without its version and query; `body` undefined: not JSON. */
  problems(method: string, path: string, status: number, body: unknown): string[] {
    const name = `${method} ${path} ${status}`;
    const found = this.paths.find(({ pattern, path: each }) => pattern.test(path) && this.operation(each, method));
    if (!found) return [`${name}: is no call of ${this.version}`];
    const { responses } = this.operation(found.path, method)!;
    const response = responses[status] ?? (status >= 400 ? responses.default : undefined);
    if (!response) return [`${name}: the description has ${Object.keys(responses).join(', ')}`];
    if (!response.schema || body === undefined) return [];
    const validate = this.validator(`${method} ${found.path} ${status}`, response.schema);
    if (validate(body)) return [];
    return validate.errors!.map(
      ({ instancePath, message, params }) => `${name}: ${instancePath} ${message} ${JSON.stringify(params)}`,
    );
  }

  private operation(path: string, method: string) {
    return this.description.paths[path]![method.toLowerCase()];
  }

  private validator(key: string, schema: Json): ValidateFunction {
    let found = this.validators.get(key);
    if (!found) {
      const text = JSON.stringify(schema).replaceAll('"#/definitions/', '"api#/definitions/');
      found = this.ajv.compile(JSON.parse(text));
      this.validators.set(key, found);
    }
    return found;
  }
}

/** x-nullable becomes what JSON Schema has for it; examples, which may look like schemas, go. */
function nullable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(nullable);
  if (value === null || typeof value !== 'object') return value;
  const result: Json = {};
  for (const [key, inner] of Object.entries(value))
    if (key !== 'example' && key !== 'examples') result[key] = nullable(inner);
  if (!('x-nullable' in result) || result['x-nullable'] !== true) return result;
  if (typeof result.type === 'string') result.type = [result.type, 'null'];
  if (Array.isArray(result.enum)) result.enum = [...result.enum, null];
  return result.$ref || result.allOf ? { anyOf: [result, { type: 'null' }] } : result;
}
