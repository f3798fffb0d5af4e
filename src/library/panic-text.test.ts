// When the text of a panic is one.
// Source: kernel/panic.c of Linux; panic-text.ts.
import { expect, test } from 'vitest';
import { PanicText } from './panic-text.js';

function setUp() {
  const timers: (() => void)[] = [];
  const state = { alive: false, panics: 0 };
  const watch = new PanicText({
    after: (_, then) => void timers.push(then),
    isAlive: () => state.alive,
    panicked: () => void state.panics++,
  });
  const say = (text: string): void => {
    for (const char of text) watch.see(char.charCodeAt(0));
  };
  const looks = (count: number): void => {
    for (let i = 0; i < count; i++) for (const look of timers.splice(0)) look();
  };
  return { state, timers, say, looks };
}

const LAST_WORDS =
  '[ 1.2] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100\n[ 1.3] CPU: 0 PID: 1\n';

test('the text, and half a second in which the kernel does nothing', () => {
  const { state, say, looks } = setUp();
  say(LAST_WORDS);
  looks(9);
  expect(state.panics).toBe(0);
  looks(1);
  expect(state.panics).toBe(1);
});

test('what it still says makes it wait', () => {
  const { state, say, looks } = setUp();
  say(LAST_WORDS);
  looks(9);
  say('Call Trace:\n');
  looks(9);
  expect(state.panics).toBe(0);
  looks(1);
  expect(state.panics).toBe(1);
});

test('a guest that only shows the text is alive, and may show it again', () => {
  const { state, timers, say, looks } = setUp();
  state.alive = true;
  say(LAST_WORDS);
  looks(1);
  expect(timers).toEqual([]);
  say(LAST_WORDS);
  state.alive = false;
  looks(10);
  expect(state.panics).toBe(1);
});

test('a reset that is announced is none of it', () => {
  const { state, say, looks } = setUp();
  say(`${LAST_WORDS}[ 1.4] Rebooting in 5 seconds..`);
  looks(20);
  expect(state.panics).toBe(0);
});
