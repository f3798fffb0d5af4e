// Objects by class, however they hang together. Ours.
import { expect, test } from 'vitest';
import { census } from './census.js';

class Leaf {
  readonly bytes = new Uint8Array(1000);
}
class Tree {
  readonly leaves = new Set([new Leaf(), new Leaf()]);
  readonly named = new Map<object, Leaf>([[{}, new Leaf()]]);
  readonly list = [1, 2, { leaf: new Leaf() }];
  readonly self = this;
  readonly empty = null;
  get asked(): never {
    throw new Error('a property that is computed is not looked at');
  }
}

test('each object is counted once, through sets, maps, lists and circles', () => {
  const tree = new Tree();
  Object.defineProperty(tree, 'own', { enumerable: true, get: () => tree.asked });
  const found = { Array: 1, Leaf: 4, Map: 1, Object: 2, Set: 1, Tree: 1, Uint8Array: 4, entries: 6 };
  expect(census(tree)).toEqual(found);
  expect(census(tree, tree)).toEqual({ ...found, Tree: 1 });
});
