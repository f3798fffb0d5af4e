// Paths of POSIX as texts: no file is looked at. POSIX.1-2017, 4.13 and basename(3), dirname(3).

/** Without `.`, `..` and empty names; absolute, from `folder` on. */
export function absolute(folder: string, path: string): string {
  const names: string[] = [];
  for (const name of (path.startsWith('/') ? path : `${folder}/${path}`).split('/'))
    if (name === '..') names.pop();
    else if (name !== '' && name !== '.') names.push(name);
  return `/${names.join('/')}`;
}

const bare = (path: string): string => path.replace(/(?<=.)\/+$/, '');

export const basename = (path: string): string => bare(path).split('/').at(-1)!;

export function dirname(path: string): string {
  const text = bare(path);
  const at = text.lastIndexOf('/');
  return at < 0 ? '.' : bare(text.slice(0, at)) || '/';
}

export const join = (folder: string, name: string): string => `${bare(folder)}/${name}`.replace(/^\/\//, '/');

/** From one absolute path to another. */
export function relative(from: string, to: string): string {
  const [has, wants] = [from, to].map((path) => path.split('/').filter(Boolean)) as [string[], string[]];
  let same = 0;
  while (same < has.length && same < wants.length && has[same] === wants[same]) same++;
  return [...has.slice(same).map(() => '..'), ...wants.slice(same)].join('/');
}
