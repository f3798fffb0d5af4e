// The machine in ACPI machine language: the PCI root, its interrupt routing, the ISA devices, soft off.
// Source: ACPI Specification 6.4 sections 6.2.13 (_PRT), 5.8.1 (_PIC), 7.4.2.6 (_S5).
import {
  ARG0,
  type Aml,
  and,
  busNumbers,
  byteFields,
  decrement,
  define,
  device,
  eisaId,
  give,
  integer,
  ioPorts,
  ioWindow,
  isaDma,
  isaIrq,
  lessThan,
  levelIrqs,
  list,
  LOCAL0,
  lowestBit,
  memoryWindow,
  method,
  name,
  notify,
  ONE,
  or,
  pciConfigRegion,
  resources,
  scope,
  shiftLeft,
  store,
  text,
  when,
  wordField,
  ZERO,
} from './aml.js';
import { hex } from '../../base/bytes.js';
import { pirqOf } from '../pci/pci-bus.js';
import { PIRQ_ROUTE } from '../pci/piix3.js';
import { SLEEP_TYPE_S5 } from '../pci/piix4-pm.js';

/** I/O APIC pins 16 to 19 are PIRQA# to PIRQD#. */
const FIRST_PIRQ_PIN = 16;
/** IRQ 5, 10 and 11 may serve PCI where there is only the PIC. */
const PIRQ_CHOICES = 0x0c20;
const ROUTING_OFF = integer(0x80);
/** The general-purpose event of a changed VM generation ID, and what its device is told then. */
export const GENERATION_EVENT = 5;
const GENERATION_CHANGED = 0x80;
const PIRQS = ['A', 'B', 'C', 'D'];

export interface DsdtOptions {
  /** The window for PCI devices in memory: first and last address. */
  pciWindow: readonly [number, number];
  /** First ports of the serial ports; their IRQs are 4, 3, 4, 3 in turn. */
  serialPorts: readonly number[];
  /** Where the VM generation ID lies. */
  generation: number;
  /** Port of the panic device. */
  panicPort: number;
  /** There is a floppy drive. Default false. */
  floppy?: boolean;
}

/** The body of the DSDT, without its header. */
export function dsdtBody(options: DsdtOptions): Aml {
  return [
    // Which interrupt controller the system uses: 0 the PIC, 1 the APIC.
    ...define('\\PICM', ZERO),
    ...method('\\_PIC', 1, store(ARG0, name('\\PICM'))),
    ...define('\\_S5', list(integer(SLEEP_TYPE_S5), integer(SLEEP_TYPE_S5), ZERO, ZERO)),
    ...scope('\\_SB', pciRoot(options), ...PIRQS.map(linkDevice), generationId(options.generation)),
    ...scope('\\_GPE', method(`_E${hex(GENERATION_EVENT, 2)}`, 0, notify('\\_SB.VGEN', GENERATION_CHANGED))),
  ];
}

function pciRoot(options: DsdtOptions): Aml {
  const [first, last] = options.pciWindow;
  return device(
    'PCI0',
    define('_HID', eisaId('PNP0A03')),
    define('_UID', ZERO),
    define('_BBN', ZERO),
    define(
      '_CRS',
      resources(
        busNumbers(0, 0xff),
        ioPorts(0xcf8, 8),
        ioWindow(0x0000, 0x0cf7),
        ioWindow(0x0d00, 0xffff),
        memoryWindow(0xa0000, 0xbffff),
        memoryWindow(first, last),
      ),
    ),
    define(
      'PRTP',
      routing((pirq) => [name(`LNK${PIRQS[pirq]}`), ZERO]),
    ),
    define(
      'PRTA',
      routing((pirq) => [ZERO, integer(FIRST_PIRQ_PIN + pirq)]),
    ),
    method('_PRT', 0, when(name('\\PICM'), give(name('PRTA'))), give(name('PRTP'))),
    isaBridge(options),
  );
}

/** Microsoft, "Virtual Machine Generation ID": found by its compatible ID, its address in two halves. */
function generationId(address: number): Aml {
  return device(
    'VGEN',
    define('_HID', text('TABV0001')),
    define('_CID', text('VM_Gen_Counter')),
    define('_DDN', text('VM_Gen_Counter')),
    define('ADDR', list(integer(address), ZERO)),
  );
}

/** One entry for each pin of each slot. */
function routing(source: (pirq: number) => Aml[]): Aml {
  const entries: Aml[] = [];
  for (let slot = 1; slot < 32; slot++) {
    for (let pin = 0; pin < 4; pin++) {
      entries.push(list(integer(slot * 0x10000 + 0xffff), integer(pin), ...source(pirqOf(slot, pin + 1))));
    }
  }
  return list(...entries);
}

function isaBridge({ serialPorts, panicPort, floppy }: DsdtOptions): Aml {
  return device(
    'ISA',
    define('_ADR', integer(0x00010000)),
    pciConfigRegion('PIRQ', PIRQ_ROUTE, 4),
    byteFields('PIRQ', ...PIRQS.map((letter) => `PRQ${letter}`)),
    isaDevice('RTC', 'PNP0B00', ioPorts(0x70, 2), isaIrq(8)),
    isaDevice('TIMR', 'PNP0100', ioPorts(0x40, 4), isaIrq(0)),
    isaDevice('KBD', 'PNP0303', ioPorts(0x60, 1), ioPorts(0x64, 1), isaIrq(1)),
    isaDevice('MOU', 'PNP0F13', isaIrq(12)),
    ...serialPorts.map((port, index) =>
      device(
        `COM${index + 1}`,
        define('_HID', eisaId('PNP0501')),
        define('_UID', integer(index + 1)),
        define('_CRS', resources(ioPorts(port, 8), isaIrq(index & 1 ? 3 : 4))),
      ),
    ),
    ...(floppy ? [isaDevice('FDC', 'PNP0700', ioPorts(0x3f0, 6), ioPorts(0x3f7, 1), isaIrq(6), isaDma(2))] : []),
    device(
      'PEVT',
      define('_HID', text('QEMU0001')),
      define('_CRS', resources(ioPorts(panicPort, 1))),
      define('_STA', integer(0x0f)),
    ),
  );
}

function isaDevice(path: string, id: string, ...descriptors: Aml[]): Aml {
  return device(path, define('_HID', eisaId(id)), define('_CRS', resources(...descriptors)));
}

/** An interrupt link: lets a system without I/O APIC route a PIRQ to an ISA interrupt. */
function linkDevice(letter: string, index: number): Aml {
  const register = name(`\\_SB.PCI0.ISA.PRQ${letter}`);
  return device(
    `LNK${letter}`,
    define('_HID', eisaId('PNP0C0F')),
    define('_UID', integer(index + 1)),
    define('_PRS', resources(levelIrqs(PIRQ_CHOICES))),
    method('_STA', 0, when(and(register, ROUTING_OFF), give(integer(0x09))), give(integer(0x0b))),
    method('_DIS', 0, or(register, ROUTING_OFF, register)),
    method(
      '_CRS',
      0,
      store(resources(levelIrqs(0)), LOCAL0),
      wordField(LOCAL0, ONE, 'IRQW'),
      when(lessThan(register, ROUTING_OFF), shiftLeft(ONE, register, name('IRQW'))),
      give(LOCAL0),
    ),
    method(
      '_SRS',
      1,
      wordField(ARG0, ONE, 'IRQW'),
      lowestBit(name('IRQW'), LOCAL0),
      decrement(LOCAL0),
      store(LOCAL0, register),
    ),
  );
}
