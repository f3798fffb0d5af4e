// Dark and light: as the system has it, or as the switch says; terminals follow.
// CSS Color Adjustment 1 (color-scheme), Media Queries 5 (prefers-color-scheme).
import type { ITheme } from '@xterm/xterm';
import { byId } from './element.js';
import { store, stored } from './stored.js';

const CHOICES = ['auto', 'light', 'dark'] as const;
type Choice = (typeof CHOICES)[number];
const KEY = 'theme';
const SIGNS: Record<Choice, string> = { auto: '◐', light: '☀', dark: '☾' };

const system = matchMedia('(prefers-color-scheme: dark)');
const listeners = new Set<() => void>();
let choice: Choice = 'auto';

/** What terminals are drawn with at the moment. */
export function terminalTheme(): ITheme {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  return {
    background: colour('--terminal'),
    foreground: colour('--terminal-ink'),
    cursor: colour('--accent'),
    cursorAccent: colour('--terminal'),
    selectionBackground: colour('--selection'),
  };
}

/** Calls back at each change of theme until the answer is called. */
export function onTheme(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function startTheme(): void {
  const button = byId<HTMLButtonElement>('theme');
  const kept = stored(KEY);
  choice = CHOICES.find((one) => one === kept) ?? choice;
  button.onclick = () => {
    choice = CHOICES[(CHOICES.indexOf(choice) + 1) % CHOICES.length];
    store(KEY, choice);
    apply();
  };
  system.addEventListener('change', apply);
  apply();

  function apply(): void {
    document.documentElement.dataset.theme = choice === 'auto' ? (system.matches ? 'dark' : 'light') : choice;
    button.textContent = SIGNS[choice];
    button.title = `Colours: ${choice}`;
    button.setAttribute('aria-label', `Colours: ${choice}. Change`);
    for (const listener of listeners) listener();
  }
}
