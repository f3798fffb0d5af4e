// Keys of the browser's keyboard as the codes of an AT keyboard, by their places and not by what is printed on them.
// UI Events KeyboardEvent code Values; IBM PS/2 scan code set 1 (src/devices/input/ps2-scancodes.ts).
import { KEY_PAUSE, KEY_PRINT_SCREEN, type KeyCode } from '../../src/devices/input/ps2-scancodes.js';

/** Names in the order of their codes, from the code given. */
const RUNS: readonly [first: number, names: string][] = [
  [0x01, 'Escape Digit1 Digit2 Digit3 Digit4 Digit5 Digit6 Digit7 Digit8 Digit9 Digit0 Minus Equal Backspace'],
  [0x0f, 'Tab KeyQ KeyW KeyE KeyR KeyT KeyY KeyU KeyI KeyO KeyP BracketLeft BracketRight Enter'],
  [0x1d, 'ControlLeft KeyA KeyS KeyD KeyF KeyG KeyH KeyJ KeyK KeyL Semicolon Quote Backquote'],
  [0x2a, 'ShiftLeft Backslash KeyZ KeyX KeyC KeyV KeyB KeyN KeyM Comma Period Slash ShiftRight'],
  [0x37, 'NumpadMultiply AltLeft Space CapsLock F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 NumLock ScrollLock'],
  [0x47, 'Numpad7 Numpad8 Numpad9 NumpadSubtract Numpad4 Numpad5 Numpad6 NumpadAdd Numpad1 Numpad2 Numpad3 Numpad0'],
  [0x53, 'NumpadDecimal'],
  [0x56, 'IntlBackslash F11 F12'],
  [0xe047, 'Home ArrowUp PageUp'],
  [0xe04b, 'ArrowLeft'],
  [0xe04d, 'ArrowRight'],
  [0xe04f, 'End ArrowDown PageDown Insert Delete'],
  [0xe01c, 'NumpadEnter ControlRight'],
  [0xe035, 'NumpadDivide'],
  [0xe038, 'AltRight'],
  [0xe05b, 'MetaLeft MetaRight ContextMenu'],
  [KEY_PRINT_SCREEN, 'PrintScreen'],
  [KEY_PAUSE, 'Pause'],
];

const CODES: ReadonlyMap<string, KeyCode> = new Map(
  RUNS.flatMap(([first, names]) => names.split(' ').map((name, i): [string, KeyCode] => [name, first + i])),
);

export function keyCode(event: KeyboardEvent): KeyCode | undefined {
  return CODES.get(event.code);
}

/** By the name of the key's place. */
export const codeOfKey = (name: string): KeyCode | undefined => CODES.get(name);
