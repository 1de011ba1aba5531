import * as z from 'zod/mini';
import { binary } from '../../schema.ts';
import { DRIVER_VERSION, VBIOS_VERSION } from '../kit/gpu.ts';
import { CHIP_NAME } from './chip.ts';
import { ARCHITECTURES } from './device.ts';

/** Measurement blocks of a GPU; an NVSwitch has 31. */
const MEASUREMENTS_MAX = 64;
/** RIMs seen have up to four alternatives of one measurement. */
const ALTERNATIVES_MAX = 16;
const RECORDS_MAX = 32;
const DEVICES_MAX = 1024;

const measurement = z.string().check(z.regex(/^[0-9a-f]{96}$/, 'expected a SHA-384 in lower-case hexadecimal'));
/** Index i is block i + 1 of a report. */
const goldenValue = z.strictObject({
  index: z.int().check(z.gte(0), z.lte(254)),
  /** Any one of them will do. An empty list matches nothing. */
  values: z.array(measurement).check(z.maxLength(ALTERNATIVES_MAX)),
});
export type GoldenValue = z.infer<typeof goldenValue>;

/**
 * The active measurements of a RIM, in ascending order of their indices. An empty list matches nothing. Null
 * compares the version alone, which only a device's own firmware vouches for: a GPU in debugging mode then
 * looks like any other.
 */
const golden = z.nullable(
  z.array(goldenValue).check(
    z.maxLength(MEASUREMENTS_MAX),
    z.refine(
      (list: readonly GoldenValue[]) => list.every(({ index }, i) => index > (list[i - 1]?.index ?? -1)),
      'expected each index once, in ascending order',
    ),
  ),
);

/** As NVIDIA's manifests call it, and no leaf's other spelling, which no device would ever be compared with. */
const chip = z.string().check(z.regex(CHIP_NAME, 'expected the name of a chip such as GH100 or LS10'));
/** As the device writes it. */
const marking = z.nullable(z.string().check(z.regex(/^[!-~]{1,16}$/, 'expected 1 to 16 printable characters')));

const driver = z.strictObject({
  chip,
  version: z.string().check(z.regex(DRIVER_VERSION, 'expected a driver version such as 550.144.03')),
  golden,
});
export type DriverRecord = z.infer<typeof driver>;

const vbios = z.strictObject({
  chip,
  version: z.string().check(z.regex(VBIOS_VERSION, 'expected a VBIOS version such as 96.00.5E.00.01')),
  /** Null is not compared; a RIM is named after all three, and an NVSwitch has none. */
  project: marking,
  projectSku: marking,
  chipSku: marking,
  golden,
});
export type VbiosRecord = z.infer<typeof vbios>;

/**
 * What NVIDIA devices must show. A device is compared with one record of a driver (an NVSwitch has no driver)
 * and one of a VBIOS, each as a whole: which is why no two records may fit the same device.
 */
export const nvidiaReferenceValues = z.strictObject({
  platform: z.literal('nvidia'),
  /** NVIDIA Device Identity CA; DER. An empty list refuses every host, as every empty list here. */
  roots: z.array(binary(1, 8192)).check(z.maxLength(4)),
  architectures: z.array(z.enum(ARCHITECTURES)).check(z.maxLength(ARCHITECTURES.length)),
  /**
   * The architectures whose devices may leave the FWID out of their reports: NVSwitches, and Hopper with drivers before
   * 550.
   */
  fwidOptional: z.array(z.enum(ARCHITECTURES)).check(z.maxLength(ARCHITECTURES.length)),
  drivers: z.array(driver).check(z.maxLength(RECORDS_MAX), z.refine(noTwoFit, 'expected a driver once')),
  vbioses: z.array(vbios).check(z.maxLength(RECORDS_MAX), z.refine(noTwoFit, 'expected a VBIOS once')),
  /** What the GPUs' protected-PCIe byte may be: aa on, 55 off, `absent`. Null is not compared. */
  ppcie: z.nullable(z.array(z.string().check(z.regex(/^(?:[0-9a-f]{2}|absent)$/))).check(z.maxLength(8))),
  /** What the GPUs' feature flag may be: 0000, 0100, 0200, `absent`. Null is not compared. */
  featureFlags: z.nullable(z.array(z.string().check(z.regex(/^(?:[0-9a-f]{4}|absent)$/))).check(z.maxLength(8))),
  /**
   * Serial numbers of the identity certificates, the second of a chain: a device keeps its own for life, while
   * its leaf changes with the firmware. Null allows every device that the vendor made.
   */
  devices: z.nullable(
    z
      .array(z.string().check(z.regex(/^(?:[0-9a-f]{2}){1,21}$/, 'expected a serial number')))
      .check(z.maxLength(DEVICES_MAX)),
  ),
});
export type NvidiaReferenceValues = z.infer<typeof nvidiaReferenceValues>;

type Record = DriverRecord | VbiosRecord;

/** Returns whether no two records can fit the same device. A null field fits every device. */
function noTwoFit(records: readonly Record[]): boolean {
  const keys = records.map((record) => Object.entries(record).filter(([field]) => field !== 'golden'));
  return keys.every((key, i) =>
    keys.slice(i + 1).every((other) => {
      const values = new Map(other);
      return key.some(([field, value]) => value !== null && (values.get(field) ?? value) !== value);
    }),
  );
}
