import { beforeEach, describe, expect, it } from 'vitest';
import { BenchLine, BenchTimers } from '../test-bench.js';
import { Uart } from './uart.js';

let timers: BenchTimers;
let irq: BenchLine;
let sent: number[];
let rooms: number;
let uart: Uart;
const read = (port: number): number => uart.ports.readPort(port, 1);
const write = (port: number, value: number): void => uart.ports.writePort(port, 1, value);

beforeEach(() => {
  timers = new BenchTimers();
  irq = new BenchLine();
  sent = [];
  rooms = 0;
  uart = new Uart({ irq, timers, transmit: (byte) => sent.push(byte), room: () => rooms++ });
});

describe('identification, as the 8250 driver of Linux does it', () => {
  it('is a 16550A: four bits of IER, a scratch register, both FIFO bits', () => {
    write(1, 0xff);
    expect(read(1)).toBe(0x0f);
    write(1, 0);
    write(7, 0xa5);
    expect(read(7)).toBe(0xa5);
    write(2, 1);
    expect(read(2) >> 6).toBe(3);
    write(2, 0x21);
    expect(read(2) & 0x20, 'no 16750').toBe(0);
  });

  it('loops modem control back to modem status', () => {
    write(4, 0x1a);
    expect(read(6) & 0xf0).toBe(0x90);
  });

  it('keeps the divisor behind DLAB', () => {
    write(3, 0x83);
    write(0, 0x34);
    write(1, 0x12);
    expect([read(0), read(1)]).toEqual([0x34, 0x12]);
    write(3, 0x03);
    expect(read(1)).toBe(0);
    expect(sent).toEqual([]);
  });
});

describe('transmitter', () => {
  it('sends at once and stays empty', () => {
    write(0, 0x41);
    expect(sent).toEqual([0x41]);
    expect(read(5) & 0x60).toBe(0x60);
  });

  it('interrupts when enabled while empty, once for each IIR read, and again after each byte', () => {
    write(4, 0x08);
    write(1, 0x02);
    expect(irq.level).toBe(true);
    expect(read(2)).toBe(0x02);
    expect(irq.level).toBe(false);
    expect(read(2)).toBe(0x01);
    write(0, 0x42);
    expect(irq.edges).toBe(2);
    expect(read(2)).toBe(0x02);
    // Switched off and on it is reasserted: the test for UART_BUG_THRE.
    write(1, 0);
    write(1, 0x02);
    expect(read(2)).toBe(0x02);
  });

  it('interrupts a guest that never sets OUT2, as xv6: no FIFO, one character an interrupt', () => {
    write(4, 0);
    write(2, 0);
    write(1, 0x01);
    uart.receive(Uint8Array.of(0x61, 0x62));
    for (const character of 'ab') {
      expect(irq.level).toBe(true);
      expect(String.fromCharCode(read(0))).toBe(character);
    }
    expect(irq.level).toBe(false);
    expect(irq.edges).toBe(2);
  });
});

describe('receiver', () => {
  it('interrupts at the trigger level and gives the bytes in order', () => {
    write(2, 0x81);
    write(4, 0x08);
    write(1, 0x01);
    uart.receive(Uint8Array.of(1, 2, 3, 4, 5, 6, 7));
    expect(irq.level).toBe(false);
    uart.receive(Uint8Array.of(8));
    expect(read(2)).toBe(0xc4);
    expect(Array.from({ length: 8 }, () => read(0))).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(read(5) & 1).toBe(0);
    expect(irq.level).toBe(false);
  });

  it('times out on bytes below the trigger level after four character times', () => {
    write(3, 0x83);
    write(0, 1);
    write(1, 0);
    write(3, 0x03);
    write(2, 0xc1);
    write(4, 0x08);
    write(1, 0x01);
    uart.receive(Uint8Array.of(9));
    timers.advance(340_000);
    expect(irq.level).toBe(false);
    timers.advance(10_000);
    expect(read(2)).toBe(0xcc);
    expect(read(0)).toBe(9);
    expect(irq.level).toBe(false);
  });

  it('without FIFOs holds one byte and the host keeps the rest', () => {
    write(1, 1);
    uart.receive(Uint8Array.of(1, 2, 3));
    expect([read(0), read(0), read(0)]).toEqual([1, 2, 3]);
    expect(read(5) & 1).toBe(0);
  });

  it('is bounded towards the host and says when there is room', () => {
    const flood = new Uint8Array(10_000).map((_, i) => i);
    write(2, 1);
    write(1, 1);
    const accepted = uart.receive(flood);
    expect(accepted).toBe(4096);
    expect(uart.room).toBe(16);
    uart.receive(flood);
    expect(uart.room).toBe(0);
    expect(rooms).toBe(0);
    for (let i = 0; i < 3000; i++) expect(read(0)).toBe(i & 0xff);
    expect(rooms).toBe(1);
  });

  it('overruns in loopback, where the guest talks to itself, and tells it first', () => {
    write(4, 0x18);
    write(1, 0x05);
    write(0, 1);
    write(0, 2);
    expect(read(2)).toBe(0x06);
    expect(read(5) & 0x03).toBe(0x03);
    expect(read(2)).toBe(0x04);
    expect(read(0)).toBe(2);
    expect(sent).toEqual([]);
  });
});

/** Accesses of a driver, as `[port, value]` for a write and `port` for a read. */
type Access = number | [port: number, value: number];
function access(accesses: readonly Access[]): void {
  for (const one of accesses) {
    if (typeof one === 'number') read(one);
    else write(...one);
  }
}

describe('nothing is lost before the guest listens', () => {
  const input = Uint8Array.from('uname -r\npoweroff -f\n', (char) => char.charCodeAt(0));
  let rest: Uint8Array;
  /** The host's end: it offers what has not been taken yet whenever it may. */
  const offer = (): void => {
    rest = rest.subarray(uart.receive(rest));
  };
  const polled = (most: number): number[] => {
    const bytes: number[] = [];
    for (let i = 0; i < most; i++) if (read(5) & 1) bytes.push(read(0));
    return bytes;
  };

  beforeEach(() => {
    rest = input;
    uart = new Uart({ irq, timers, transmit: (byte) => sent.push(byte), room: offer });
    offer();
  });

  // drivers/tty/serial/8250/8250_port.c of Linux 6.1
  const PROBE: Access[] = [
    ...[1, [1, 0], 1, [1, 0x0f], 1, [1, 0], 3, 4, [4, 0x1a], 6, [4, 0]],
    ...[3, [3, 0xbf], [2, 0], [3, 0], [2, 1], 2, [2, 1], [2, 7], [2, 0], 0, [1, 0]],
  ] as Access[];
  const printing = (text: string): Access[] => [
    ...([1, [1, 0]] as Access[]),
    ...[...text].flatMap((char): Access[] => [5, [0, char.charCodeAt(0)]]),
    ...([5, [1, 0]] as Access[]),
  ];
  const STARTUP: Access[] = [
    ...[[2, 1], [2, 7], [2, 0], 5, 0, 2, 6, 5, 5, [1, 2], 2, [1, 0], [1, 2], 2, [1, 0]],
    ...[[3, 3], [4, 8], [1, 2], 5, 2, [1, 0], 5, 0, 2, 6],
  ] as Access[];
  const TERMIOS: Access[] = [
    ...[
      [1, 5],
      [3, 0x83],
      [0, 1],
      [1, 0],
      [3, 3],
      [2, 1],
      [2, 0x81],
    ],
  ] as Access[];

  it('Linux: probe, boot console, opening, the first interrupts', () => {
    access([
      ...PROBE,
      ...printing('Linux version 6.1'.repeat(20)),
      ...STARTUP,
      ...printing('x'),
      ...STARTUP,
      ...TERMIOS,
    ]);
    const bytes: number[] = [];
    for (let i = 0; i < 10 && bytes.length < input.length; i++) {
      timers.advance(1e9);
      if (read(2) !== 0xc1) bytes.push(...polled(8));
    }
    expect(bytes).toEqual([...input]);
  });

  it('a driver that only polls gets all of it, also when it prints as it waits', () => {
    access([[1, 0], [3, 3], [2, 7], 5, 0]);
    const bytes: number[] = [];
    for (let i = 0; i < 100; i++) {
      bytes.push(...polled(1));
      access([5, [0, 0x2e]]);
    }
    expect(bytes).toEqual([...input]);
  });

  it('a driver that reads and clears what it finds, then polls', () => {
    access([[2, 7], 5, 0, 5, 0, 5, 0, [2, 7], 0, 0, 0]);
    expect(polled(100)).toEqual([...input]);
  });

  it('what it has not read when it stops listening comes again; what it has read does not', () => {
    access([
      [2, 0x81],
      [1, 1],
    ]);
    const bytes = [read(0), read(0), read(0)];
    access([[1, 0], [2, 0x87], 0, 0, [4, 0x10], [0, 0x55], 0, [4, 0], [2, 0x87], [1, 1]]);
    expect([...bytes, ...polled(100)]).toEqual([...input]);
  });

  it('keeps what it says to itself apart from what comes', () => {
    access([
      [1, 1],
      [2, 1],
      [4, 0x10],
      [0, 0x55],
      [0, 0x56],
      [4, 0],
    ]);
    expect(polled(100)).toEqual([0x55, 0x56, ...input]);
  });
});

it('saves and restores mid-traffic', () => {
  write(2, 0xc1);
  write(4, 0x08);
  write(1, 0x01);
  uart.receive(Uint8Array.of(5, 6));
  const state = structuredClone(uart.save());
  const line = new BenchLine();
  const other = new Uart({ irq: line, timers, transmit: () => {} });
  other.restore(state);
  timers.advance(1e9);
  expect(line.level).toBe(true);
  expect([other.ports.readPort(0, 1), other.ports.readPort(0, 1)]).toEqual([5, 6]);
});
