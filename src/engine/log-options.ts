// What is asked of a container's log: which driver, how much is kept, and what is told of the container with each line.
// Docker docs, "JSON File logging driver", "Local file logging driver", "Customize log driver output".
import { parseSize } from '../base/bytes.js';
import type { ContainerConfig } from './container-config.js';
import { InvalidParameter } from './errors.js';
import type { LogLimits } from './log-files.js';

interface LogConfig {
  Type: string;
  Config: Record<string, string>;
}

const KEPT = ['max-size', 'max-file', 'compress', 'mode', 'max-buffer-size'];
const TOLD = ['labels', 'labels-regex', 'env', 'env-regex', 'tag'];
/** By driver: what can be said, and how much is kept when nothing is. */
const DRIVERS: Readonly<Record<string, { options: readonly string[]; limits: LogLimits }>> = {
  // DEVIATION: Docker's files of json-file have no bound unless one is given, and fill the host's disk
  'json-file': { options: [...KEPT, ...TOLD], limits: { maxSize: 64 << 20, maxFiles: 2 } },
  local: { options: KEPT, limits: { maxSize: 20 << 20, maxFiles: 5 } },
  none: { options: [], limits: { maxSize: 1 << 20, maxFiles: 1 } },
};
export const LOG_DRIVERS = Object.keys(DRIVERS);

/** From HostConfig.LogConfig. Throws InvalidParameter. */
export function logLimits({ Type, Config }: LogConfig): LogLimits {
  const driver = Object.hasOwn(DRIVERS, Type) ? DRIVERS[Type] : undefined;
  if (!driver)
    throw new InvalidParameter(
      `logger: no log driver named '${Type}' is registered: there are ${LOG_DRIVERS.join(', ')}`,
    );
  for (const name of Object.keys(Config))
    if (!driver.options.includes(name)) throw new InvalidParameter(`unknown log opt '${name}' for ${Type} log driver`);
  const { 'max-size': size, 'max-file': files } = Config;
  const maxSize = size === undefined ? driver.limits.maxSize : parseSize(size);
  if (maxSize === undefined || maxSize <= 0) throw new InvalidParameter(`invalid value for max-size: ${size}`);
  if (files !== undefined && !/^[1-9]\d{0,2}$/.test(files))
    throw new InvalidParameter(`max-file cannot be less than 1: ${files}`);
  // of json-file one file alone when its size is given and no number, as with Docker
  const alone = Type === 'json-file' && size !== undefined ? 1 : driver.limits.maxFiles;
  return { maxSize, maxFiles: files !== undefined ? Number(files) : alone };
}

/** Warnings. Throws InvalidParameter. */
export function checkLog(log: LogConfig): string[] {
  const { maxFiles } = logLimits(log);
  const { compress, mode, 'max-buffer-size': buffer, 'max-size': size, tag, ...others } = log.Config;
  if (compress !== undefined && !['true', 'false'].includes(compress))
    throw new InvalidParameter(`invalid value for compress: ${compress}`);
  if (compress === 'true' && log.Type === 'json-file' && (maxFiles < 2 || size === undefined))
    throw new InvalidParameter('compress cannot be true when max-file is less than 2 or max-size is not set');
  if (mode !== undefined && !['blocking', 'non-blocking'].includes(mode))
    throw new InvalidParameter(`logger: logging mode is not supported: ${mode}`);
  if (buffer !== undefined && (mode !== 'non-blocking' || (parseSize(buffer) ?? 0) <= 0))
    throw new InvalidParameter(
      'logger: max-buffer-size option is only supported with mode=non-blocking, and is a size',
    );
  for (const name of ['labels-regex', 'env-regex'])
    if (others[name] !== undefined) throw new InvalidParameter(`log opt ${name} is not supported here: name them`);
  if (tag !== undefined) tagOf(tag, { id: '', name: '', image: '' });
  return compress === 'true' ? ['Files of logs that have been put aside are not compressed here.'] : [];
}

interface Teller {
  id: string;
  name: string;
  image: string;
}

/** Throws InvalidParameter. */
function tagOf(template: string, { id, name, image }: Teller): string {
  const values = { ID: id.slice(0, 12), FullID: id, Name: name, ImageName: image, DaemonName: 'tabvisor' };
  return template.replace(/\{\{\s*(.*?)\s*\}\}/g, (_whole, what: string) => {
    const value = Object.entries(values).find(([known]) => `.${known}` === what)?.[1];
    if (value === undefined)
      throw new InvalidParameter(
        `log opt tag: {{${what}}} is not supported here, but ${Object.keys(values).join(', ')} are`,
      );
    return value;
  });
}

/** What `logs --details` has before each line: labels, variables and the tag that were asked for, by their names. */
export function logDetails({ Config }: LogConfig, config: ContainerConfig, teller: Teller): string {
  const wanted = (name: string): string[] => (Config[name] ?? '').split(',').filter(Boolean);
  const found = new Map<string, string>();
  for (const name of wanted('labels')) if (Object.hasOwn(config.Labels, name)) found.set(name, config.Labels[name]!);
  for (const name of wanted('env')) {
    const entry = config.Env.find((one) => one.startsWith(`${name}=`));
    if (entry !== undefined) found.set(name, entry.slice(name.length + 1));
  }
  if (Config.tag) found.set('tag', tagOf(Config.tag, teller));
  const pairs = [...found].map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  return pairs.sort().join(',');
}
