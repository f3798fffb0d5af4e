import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteQueue } from './byte-queue.js';

const step = fc.oneof(
  fc.record({ append: fc.uint8Array({ maxLength: 600 }) }),
  fc.record({ push: fc.nat(255) }),
  fc.record({ drop: fc.nat(700) }),
  fc.record({ truncate: fc.nat(700) }),
);

test('it holds what an array holds after the same steps', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const queue = new ByteQueue();
      let model: number[] = [];
      for (const each of steps) {
        if ('append' in each) {
          queue.append(each.append);
          model.push(...each.append);
        } else if ('push' in each) {
          queue.push(each.push);
          model.push(each.push);
        } else if ('drop' in each) {
          queue.drop(each.drop);
          model = model.slice(each.drop);
        } else {
          queue.truncate(each.truncate);
          model = model.slice(0, each.truncate);
        }
        expect([...queue.peek(Number.MAX_SAFE_INTEGER)]).toEqual(model);
        expect(queue.length).toBe(model.length);
      }
    }),
  );
});
