// What has changed over a tree: paths that are new, changed, or gone.
// Docker Engine API, ContainerChanges (docker diff).
import type { LayerNode } from '../../base/layer-index.js';
import { isOpaque, isWhiteout } from './tree.js';

export const CHANGED = 0;
export const ADDED = 1;
export const DELETED = 2;

export interface Change {
  /** From the root, with a slash at its beginning. */
  path: string;
  kind: typeof CHANGED | typeof ADDED | typeof DELETED;
}

/** `lower`: what lies below, without whiteouts (`flatten`); in the order of paths. */
export function changesOf(lower: LayerNode, upper: LayerNode): Change[] {
  const changes: Change[] = [];
  below(lower, upper, '', changes);
  return changes.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function below(lower: LayerNode | undefined, upper: LayerNode, path: string, changes: Change[]): void {
  const before = lower?.children;
  if (before && isOpaque(upper))
    for (const name of before.keys())
      if (!upper.children!.has(name)) changes.push({ path: `${path}/${name}`, kind: DELETED });
  for (const [name, node] of upper.children!) {
    const old = before?.get(name);
    const full = `${path}/${name}`;
    if (isWhiteout(node)) {
      if (old) changes.push({ path: full, kind: DELETED });
      continue;
    }
    changes.push({ path: full, kind: old ? CHANGED : ADDED });
    if (node.children) below(old?.children ? old : undefined, node, full, changes);
  }
}
