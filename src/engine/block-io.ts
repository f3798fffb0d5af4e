// Limits of what a container moves to and from disks, and its weight among others: Docker's of a device's path, OCI's of its numbers.
// Docker docs, "Block IO bandwidth (Blkio) constraint"; OCI runtime-spec, config-linux.md, "Block IO".
import type { BlockIoSpec } from '../base/runtime-spec.js';
import { InvalidParameter } from './errors.js';
import { Members } from './json-members.js';

export interface DeviceRate {
  Path: string;
  /** Bytes, or operations, a second. */
  Rate: number;
}

export interface BlockIo {
  BlkioWeight: number;
  BlkioWeightDevice: { Path: string; Weight: number }[];
  BlkioDeviceReadBps: DeviceRate[];
  BlkioDeviceWriteBps: DeviceRate[];
  BlkioDeviceReadIOps: DeviceRate[];
  BlkioDeviceWriteIOps: DeviceRate[];
}

const WEIGHT_MIN = 10;
const WEIGHT_MAX = 1000;
/** Of the disks of a node: Linux's virtio-blk, which has 16 minor numbers for each. */
const DISK_MAJOR = 254;
const DISK_MINORS = 16;

export function parseBlockIo(host: Members): BlockIo {
  const rates = (name: string): DeviceRate[] =>
    host.list(name).map((item) => {
      const { Path, value } = deviceOf(item, name, 'Rate');
      return { Path, Rate: value };
    });
  return {
    BlkioWeight: host.number('BlkioWeight'),
    BlkioWeightDevice: host.list('BlkioWeightDevice').map((item) => {
      const { Path, value } = deviceOf(item, 'BlkioWeightDevice', 'Weight');
      return { Path, Weight: value };
    }),
    BlkioDeviceReadBps: rates('BlkioDeviceReadBps'),
    BlkioDeviceWriteBps: rates('BlkioDeviceWriteBps'),
    BlkioDeviceReadIOps: rates('BlkioDeviceReadIOps'),
    BlkioDeviceWriteIOps: rates('BlkioDeviceWriteIOps'),
  };
}

function deviceOf(item: unknown, list: string, value: string): { Path: string; value: number } {
  const device = new Members(item, `HostConfig.${list}`);
  return { Path: device.text('Path'), value: device.number(value) };
}

/** Throws InvalidParameter. */
export function blockIoOf(io: BlockIo): BlockIoSpec {
  const rates = (list: readonly DeviceRate[]) => list.map(({ Path, Rate }) => ({ ...numbersOf(Path), rate: Rate }));
  return {
    ...(io.BlkioWeight > 0 && { weight: checkedWeight(io.BlkioWeight) }),
    weightDevice: io.BlkioWeightDevice.map(({ Path, Weight }) => ({
      ...numbersOf(Path),
      weight: checkedWeight(Weight),
    })),
    throttleReadBpsDevice: rates(io.BlkioDeviceReadBps),
    throttleWriteBpsDevice: rates(io.BlkioDeviceWriteBps),
    throttleReadIOPSDevice: rates(io.BlkioDeviceReadIOps),
    throttleWriteIOPSDevice: rates(io.BlkioDeviceWriteIOps),
  };
}

function checkedWeight(weight: number): number {
  if (weight < WEIGHT_MIN || weight > WEIGHT_MAX)
    throw new InvalidParameter('Range of blkio weight is from 10 to 1000');
  return weight;
}

/** /dev/vda is the first disk of a node, as its /proc/partitions shows. */
function numbersOf(path: string): { major: number; minor: number } {
  const letters = /^\/dev\/vd([a-z]{1,3})$/.exec(path)?.[1];
  if (letters === undefined)
    throw new InvalidParameter(
      `no such device: ${path}: the disks are /dev/vda and so on, as /proc/partitions has them`,
    );
  let number = 0;
  for (const letter of letters) number = number * 26 + letter.charCodeAt(0) - 96;
  return { major: DISK_MAJOR, minor: (number - 1) * DISK_MINORS };
}
