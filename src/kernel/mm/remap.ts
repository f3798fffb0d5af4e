// mremap(2): a mapping made smaller, larger, or moved with its pages.
import { EFAULT, EINVAL, ENOMEM } from '../abi/errno.js';
import type { AddressSpace } from './address-space.js';
import { pageCeil, PAGE_SIZE } from './frames.js';

/** mremap(2) of [start, start + oldLength). The address, or a negated errno. */
export function remap(
  space: AddressSpace,
  start: number,
  oldLength: number,
  newLength: number,
  mayMove: boolean,
  fixed = -1,
): number {
  const oldSize = pageCeil(oldLength);
  const newSize = pageCeil(newLength);
  if (start % PAGE_SIZE !== 0 || newSize === 0) return -EINVAL;
  const area = space.areas.at(start);
  if (!area || start + oldSize > area.end) return -EFAULT;
  if (fixed < 0) {
    if (newSize <= oldSize) {
      if (oldSize > 0 && newSize < oldSize) space.unmap(start + newSize, oldSize - newSize);
      return start;
    }
    const end = start + oldSize;
    const grown = start + newSize;
    if (
      oldSize > 0 &&
      end === area.end &&
      grown <= space.layout.userEnd &&
      space.areas.within(end, grown).length === 0
    ) {
      const more = area.part(area.start, area.end);
      more.start = end;
      more.end = grown;
      more.offset = area.cache ? area.offset + (end - area.start) : 0;
      space.addArea(more);
      return start;
    }
    if (!mayMove) return -ENOMEM;
  }
  const model = area.part(start, Math.min(area.end, start + Math.max(oldSize, PAGE_SIZE)));
  if (fixed >= 0) {
    if (
      fixed % PAGE_SIZE !== 0 ||
      fixed + newSize > space.layout.userEnd ||
      (fixed < start + oldSize && start < fixed + newSize)
    )
      return -EINVAL;
    space.unmap(fixed, newSize);
  }
  const to = fixed >= 0 ? fixed : space.place(0, newSize, 0);
  if (to < 0) return to;
  model.start = to;
  model.end = to + newSize;
  space.addArea(model);
  movePages(space, start, start + Math.min(oldSize, newSize), to);
  if (oldSize > 0) space.unmap(start, oldSize);
  return to;
}

function movePages(space: AddressSpace, from: number, end: number, to: number): void {
  space.table.each(from, end, (address, frame, flags) => {
    if (space.table.set(to + (address - from), frame, flags)) space.table.clear(address);
  });
  space.translations.forget(space, from, end);
}
