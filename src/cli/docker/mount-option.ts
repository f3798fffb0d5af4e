// --mount of `run` and `create`. Docker docs, "docker container run", "Add bind mounts, volumes or memory filesystems".
import { Complaint } from './complaint.js';
import { parseBytes } from './flags.js';
import { host } from './host.js';

/** Comma-separated, as a line of CSV. */
export const fields = (text: string): string[] =>
  [...text.matchAll(/(?:^|,)("(?:[^"]|"")*"|[^,]*)/g)].map(([, one]) =>
    one!.startsWith('"') ? one!.slice(1, -1).replaceAll('""', '"') : one!,
  );

/** Throws Complaint. */
export function mountOf(text: string): object {
  const fail = (why: string): never => {
    throw new Complaint(`invalid argument "${text}" for "--mount" flag: ${why}`, 125);
  };
  const mount: Record<string, unknown> = { Type: 'volume' };
  const [tmpfs, bind, volume, driver, image]: Record<string, unknown>[] = [{}, {}, {}, {}, {}];
  const addTo = (where: Record<string, unknown>, name: string, pair: string): void => {
    const at = pair.indexOf('=');
    where[name] = { ...(where[name] as object), [at < 0 ? pair : pair.slice(0, at)]: at < 0 ? '' : pair.slice(at + 1) };
  };
  for (const field of fields(text)) {
    const at = field.indexOf('=');
    const [name, value] =
      at < 0 ? [field.toLowerCase(), 'true'] : [field.slice(0, at).toLowerCase(), field.slice(at + 1)];
    const isTrue = (): boolean =>
      ['true', '1'].includes(value) ||
      (['false', '0'].includes(value) ? false : fail(`invalid value for ${name}: ${value}`));
    const set: Readonly<Record<string, () => unknown>> = {
      type: () => (mount.Type = value.toLowerCase()),
      source: () => (mount.Source = value.startsWith('.') ? host.files.resolve(value) : value),
      target: () => (mount.Target = value),
      readonly: () => (mount.ReadOnly = isTrue()),
      consistency: () => {},
      'bind-propagation': () => (bind!.Propagation = value),
      'bind-recursive': () => (bind!.NonRecursive = value === 'disabled'),
      'bind-nonrecursive': () => (bind!.NonRecursive = isTrue()),
      'volume-nocopy': () => (volume!.NoCopy = isTrue()),
      'volume-subpath': () => (volume!.Subpath = value),
      'image-subpath': () => (image!.Subpath = value),
      'volume-label': () => addTo(volume!, 'Labels', value),
      'volume-driver': () => (driver!.Name = value),
      'volume-opt': () => addTo(driver!, 'Options', value),
      'tmpfs-size': () => (tmpfs!.SizeBytes = parseBytes(value) ?? fail(`invalid value for ${name}: ${value}`)),
      'tmpfs-mode': () =>
        (tmpfs!.Mode = /^[0-7]{1,4}$/.test(value)
          ? Number.parseInt(value, 8)
          : fail(`invalid value for ${name}: ${value}`)),
    };
    const known = { src: 'source', dst: 'target', destination: 'target', ro: 'readonly' }[name] ?? name;
    if (!Object.hasOwn(set, known)) fail(`unexpected key '${name}' in '${field}'`);
    set[known]!();
  }
  if (!mount.Target) fail('target is required');
  if (Object.keys(driver!).length > 0) volume!.DriverConfig = driver;
  const has = (options: object | undefined): boolean => Object.keys(options!).length > 0;
  return {
    ...mount,
    ...(has(bind) && { BindOptions: bind }),
    ...(has(volume) && { VolumeOptions: volume }),
    ...(has(image) && { ImageOptions: image }),
    ...(has(tmpfs) && { TmpfsOptions: tmpfs }),
  };
}
