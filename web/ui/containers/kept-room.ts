// How much is kept in the browser, how much more it gives, and whether it may take it back.
// Storage standard (estimate, persist).
import { formatSize } from '../../../src/base/bytes.js';
import { element } from '../element.js';

export async function showRoom(place: HTMLElement): Promise<void> {
  const { quota = 0, usage = 0 } = await navigator.storage.estimate();
  const persists = (await navigator.storage.persisted?.()) ?? false;
  const more = formatSize(Math.max(0, quota - usage));
  place.textContent = `${formatSize(usage)} are kept in this browser, which gives up to ${more} more${persists ? '' : ' and may take it back when its disk is full'}.`;
  if (persists || !navigator.storage.persist) return;
  const ask = element('button', { type: 'button', id: 'keep' }, 'Keep it');
  ask.onclick = async () => {
    if (await navigator.storage.persist()) return void showRoom(place);
    place.textContent +=
      ' The browser did not agree to keep it: a bookmark of this page, or its use, may change its mind.';
  };
  place.append(' ', ask);
}
