import { beforeEach, describe, expect, it } from 'vitest';
import { A20Gate, Port92 } from '../firmware/a20.js';
import { I8042 } from './i8042.js';
import { KEY_PAUSE, KEY_PRINT_SCREEN } from './ps2-scancodes.js';
import { BenchLine } from '../test-bench.js';

let irq1: BenchLine;
let irq12: BenchLine;
let resets: number;
let a20: A20Gate;
let kbc: I8042;
const command = (value: number): void => kbc.commandPort.writePort(0, 1, value);
const data = (value: number): void => kbc.dataPort.writePort(0, 1, value);
const read = (): number => kbc.dataPort.readPort(0, 1);
const status = (): number => kbc.commandPort.readPort(0, 1);
const drain = (): number[] => {
  const bytes: number[] = [];
  while (status() & 1) bytes.push(read());
  return bytes;
};
const setControl = (value: number): void => {
  command(0x60);
  data(value);
};
const toMouse = (...values: number[]): number[] =>
  values.flatMap((value) => {
    command(0xd4);
    data(value);
    return drain();
  });

beforeEach(() => {
  irq1 = new BenchLine();
  irq12 = new BenchLine();
  resets = 0;
  a20 = new A20Gate(() => {});
  kbc = new I8042({ irq1, irq12, a20, requestReset: () => resets++ });
});

describe('controller', () => {
  it('passes its tests', () => {
    command(0xaa);
    expect(drain()).toEqual([0x55]);
    expect(status() & 4).toBe(4);
    command(0xab);
    command(0xa9);
    expect(drain()).toEqual([0, 0]);
  });

  it('reads back its command byte', () => {
    setControl(0x65);
    command(0x20);
    expect(drain()).toEqual([0x65]);
    command(0xa7);
    command(0xad);
    command(0x20);
    expect(drain()).toEqual([0x75]);
  });

  it('loops a byte back as the mouse, as Linux tests the AUX port', () => {
    setControl(0x02);
    command(0xd3);
    data(0x5a);
    expect(status() & 0x21).toBe(0x21);
    expect(irq12.level).toBe(true);
    expect(read()).toBe(0x5a);
    expect(irq12.level).toBe(false);
  });

  it('switches A20 and resets', () => {
    command(0xd1);
    data(0xdd);
    expect(a20.open).toBe(false);
    command(0xd0);
    expect(read() & 2).toBe(0);
    command(0xd1);
    data(0xdf);
    expect(a20.open).toBe(true);
    expect(resets).toBe(0);
    command(0xfe);
    expect(resets).toBe(1);
  });

  it('shares the gate with port 0x92', () => {
    const port = new Port92(a20, () => resets++).ports;
    port.writePort(0, 1, 0);
    command(0xd0);
    expect(read() & 2).toBe(0);
    port.writePort(0, 1, 3);
    port.writePort(0, 1, 3);
    expect(port.readPort(0, 1)).toBe(3);
    expect(resets).toBe(1);
  });
});

describe('keyboard', () => {
  it('translates to set 1 and interrupts once a byte', () => {
    setControl(0x41);
    kbc.key(0x1e, true);
    kbc.key(0x1e, false);
    kbc.key(0xe048, true);
    kbc.key(0xe048, false);
    expect(irq1.level).toBe(true);
    expect(drain()).toEqual([0x1e, 0x9e, 0xe0, 0x48, 0xe0, 0xc8]);
    expect(irq1.edges).toBe(6);
  });

  it('sends set 2 untranslated, and set 1 when asked to', () => {
    setControl(0x00);
    kbc.key(0x1e, true);
    kbc.key(0x1e, false);
    expect(drain()).toEqual([0x1c, 0xf0, 0x1c]);
    data(0xf0);
    data(0x01);
    expect(drain()).toEqual([0xfa, 0xfa]);
    kbc.key(0x1e, false);
    expect(drain()).toEqual([0x9e]);
  });

  it('sends the long sequences of Pause and Print Screen', () => {
    kbc.key(KEY_PAUSE, true);
    kbc.key(KEY_PRINT_SCREEN, true);
    kbc.key(KEY_PRINT_SCREEN, false);
    expect(drain()).toEqual([0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5, 0xe0, 0x2a, 0xe0, 0x37, 0xe0, 0xb7, 0xe0, 0xaa]);
  });

  it('every key of set 1 survives set 2 and translation', () => {
    for (let code = 1; code <= 0x53; code++) {
      kbc.key(code, true);
      kbc.key(code, false);
      expect(drain()).toEqual([code, code | 0x80]);
    }
  });

  it('answers the commands of a driver', () => {
    data(0xff);
    expect(drain()).toEqual([0xfa, 0xaa]);
    data(0xf2);
    expect(drain()).toEqual([0xfa, 0xab, 0x41]);
    data(0xed);
    data(0x02);
    expect(drain()).toEqual([0xfa, 0xfa]);
    expect(kbc.keyboard.leds).toBe(2);
    data(0xee);
    expect(drain()).toEqual([0xee]);
    data(0xf5);
    kbc.key(0x1e, true);
    data(0xf4);
    expect(drain()).toEqual([0xfa, 0xfa]);
    data(0xf3);
    data(0x00);
    data(0x99);
    expect(drain()).toEqual([0xfa, 0xfa, 0xfe]);
  });

  it('holds keys while disabled, and no more than fit', () => {
    command(0xad);
    let taken = 0;
    while (taken < 1000 && kbc.key(0x1e, true)) taken++;
    expect(taken).toBe(64);
    expect(status() & 1).toBe(0);
    command(0xae);
    expect(drain().length).toBe(64);
  });
});

describe('mouse', () => {
  it('resets, identifies itself and learns the wheel', () => {
    expect(toMouse(0xff)).toEqual([0xfa, 0xaa, 0x00]);
    expect(toMouse(0xf2)).toEqual([0xfa, 0x00]);
    toMouse(0xf3, 200, 0xf3, 100, 0xf3, 80);
    expect(toMouse(0xf2)).toEqual([0xfa, 0x03]);
    toMouse(0xf3, 200, 0xf3, 200, 0xf3, 80);
    expect(toMouse(0xf2)).toEqual([0xfa, 0x04]);
  });

  it('streams packets once enabled, splitting far motion', () => {
    kbc.moveMouse(5, 5, 0, 0);
    expect(drain()).toEqual([]);
    toMouse(0xff, 0xf4);
    setControl(0x02);
    kbc.moveMouse(3, -2, 0, 1);
    expect(irq12.level).toBe(true);
    expect(drain()).toEqual([0x29, 3, 0xfe]);
    kbc.moveMouse(300, 0, 0, 0);
    expect(drain()).toEqual([0x08, 255, 0, 0x08, 45, 0]);
  });

  it('keeps motion bounded while nobody reads', () => {
    toMouse(0xf3, 200, 0xf3, 100, 0xf3, 80, 0xf4);
    for (let i = 0; i < 10_000; i++) kbc.moveMouse(1000, -1000, 1, i & 7);
    expect(kbc.mouse.output.length).toBeLessThanOrEqual(80);
    expect(drain().length).toBeLessThan(200_000);
  });

  it('reports when polled in remote mode', () => {
    toMouse(0xf0, 0xf4);
    kbc.moveMouse(1, 1, 0, 4);
    expect(drain()).toEqual([]);
    expect(toMouse(0xeb)).toEqual([0xfa, 0x0c, 1, 1]);
    expect(toMouse(0xe9)).toEqual([0xfa, 0x62, 2, 100]);
  });
});

it('saves and restores with bytes under way', () => {
  setControl(0x41);
  kbc.key(0x1e, true);
  kbc.key(0x1e, false);
  const line = new BenchLine();
  const other = new I8042({ irq1: line, irq12, a20, requestReset: () => {} });
  other.restore(structuredClone(kbc.save()));
  expect(line.level).toBe(true);
  expect([other.dataPort.readPort(0, 1), other.dataPort.readPort(0, 1)]).toEqual([0x1e, 0x9e]);
});
