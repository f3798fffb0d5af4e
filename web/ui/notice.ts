// What the person at the page must know: what failed and what to do about it, until it is dismissed.
// Ours.
import { InputError, messageOf } from '../../src/base/errors.js';
import { byId, element } from './element.js';

export type NoticeKind = 'error' | 'hint';

/** Shows a notice; the same text is shown once. What is returned takes it away. */
export function notice(kind: NoticeKind, what: string, advice = ''): () => void {
  const notices = byId('notices');
  const text = `${what} ${advice}`.trim();
  for (const shown of notices.children) if ((shown as HTMLElement).dataset.text === text) return () => shown.remove();
  const close = element('button', { type: 'button', 'aria-label': 'Dismiss' }, '×');
  const box = element('div', {
    class: `notice ${kind}`,
    role: kind === 'error' ? 'alert' : 'status',
    'data-text': text,
  });
  box.append(element('p', {}, element('strong', {}, what), advice ? ` ${advice}` : ''), close);
  close.onclick = () => box.remove();
  notices.append(box);
  return () => box.remove();
}

/** Takes errors away: what they were about is being tried again. */
export function clearErrors(): void {
  for (const shown of byId('notices').querySelectorAll('.notice.error')) shown.remove();
}

/** What has failed, as a sentence, with what to do. */
export function failed(error: unknown): void {
  const text = messageOf(error);
  notice('error', /[.!?]$/.test(text) ? text : `${text}.`, error instanceof InputError ? error.advice : '');
}
