import { ByteReader } from '../../byte-reader.ts';
import { fromUtf8, type Hex, toHex } from '../../bytes.ts';
import { must, TwinlockError } from '../../errors.ts';
import { type Layout, readLayout } from '../../layout.ts';
import { VBIOS_VERSION } from '../kit/gpu.ts';

/** The types of the fields that rules are about; NVIDIA numbers them in the source of its verifiers. */
const DRIVER = 3;
const VBIOS = 6;
const NVDEC0_STATUS = 11;
const CHIP_SKU = 15;
const PROJECT = 17;
const PROJECT_SKU = 18;
const FWID = 20;
const PROTECTED_PCIE_STATUS = 21;
const SWITCH_IDS = 22;
const FEATURE_FLAG = 36;

/** Before a value of so many bytes. */
const FIELD = { type: [0, 2, 'u16le'], bytes: [2, 2, 'u16le'] } as const satisfies Layout;
/** A GPU's version of its firmware: a u32 and a byte more. Its text has the most significant byte first. */
const GPU_VBIOS = {
  version: [0, 4, 'bytes'],
  build: [4, 1, 'bytes'],
  reserved: [5, 3, 'zeros'],
} as const satisfies Layout;

const GPU_VBIOS_BYTES = 8;

const SWITCH_ID_BYTES = 8;
/** A GPU has 18 links. */
const SWITCH_IDS_MAX = 64;

/**
 * What a device says of itself, signed with its measurements: a list of u16 type, u16 size, value, integers
 * little-endian. Null for what it does not say; fields that no rule is about are passed over.
 */
export interface OpaqueData {
  /** `535.86.09`; no NVSwitch says one. */
  readonly driver: string | null;
  /** Five bytes in upper-case hexadecimal with dots: `96.00.5E.00.01`. */
  readonly vbios: string | null;
  readonly project: string | null;
  readonly projectSku: string | null;
  readonly chipSku: string | null;
  /** One byte: 55 where the video decoder is off. */
  readonly nvdec0: Hex | null;
  /** One byte: aa where the device is in protected-PCIe mode, 55 where it is not. */
  readonly ppcie: Hex | null;
  /** Two bytes, as they lie: 0000 for one GPU alone, 0100 for several, 0200 for protected PCIe. */
  readonly featureFlag: Hex | null;
  /** SHA-384 of the firmware that holds the attestation key. */
  readonly fwid: Hex | null;
  /**
   * 8 bytes each, as they lie. Of an NVSwitch its own id; of a GPU, for each of its links, the id of the switch at the
   * other end with its bytes in reverse, zeros for none.
   */
  readonly switchIds: readonly Uint8Array[] | null;
}

/** Parses attacker-controlled opaque data; a field at most once. Throws `malformed`. */
export function parseOpaqueData(bytes: Uint8Array): OpaqueData {
  const reader = new ByteReader(bytes, 'spdm opaque data');
  const fields = new Map<number, Uint8Array>();
  while (reader.remaining > 0) {
    const { type, bytes: size } = readLayout(reader, FIELD);
    must(!fields.has(type), 'malformed', `spdm opaque data: field ${type} is repeated`);
    fields.set(type, reader.bytes(size));
  }
  const text = (type: number) => mapField(fields, type, textOf);
  const hex = (type: number, length: number) => mapField(fields, type, (value) => hexOf(value, type, length));
  return {
    driver: text(DRIVER),
    vbios: mapField(fields, VBIOS, vbiosOf),
    project: text(PROJECT),
    projectSku: text(PROJECT_SKU),
    chipSku: text(CHIP_SKU),
    nvdec0: hex(NVDEC0_STATUS, 1),
    ppcie: hex(PROTECTED_PCIE_STATUS, 1),
    featureFlag: hex(FEATURE_FLAG, 2),
    fwid: hex(FWID, 48),
    switchIds: mapField(fields, SWITCH_IDS, switchIdsOf),
  };
}

function mapField<T>(fields: ReadonlyMap<number, Uint8Array>, type: number, read: (value: Uint8Array) => T): T | null {
  const value = fields.get(type);
  return value === undefined ? null : read(value);
}

/** Printable ASCII without spaces, padded with zeros; null where there is nothing but padding. */
function textOf(value: Uint8Array): string | null {
  const end = value.findLastIndex((byte) => byte !== 0) + 1;
  const bytes = value.subarray(0, end);
  const printable = bytes.every((byte) => byte > 0x20 && byte < 0x7f);
  must(printable, 'malformed', `spdm opaque data: expected printable ASCII padded with zeros, got ${toHex(value)}`);
  return end === 0 ? null : fromUtf8(bytes);
}

function hexOf(value: Uint8Array, type: number, length: number): Hex {
  const message = `spdm opaque data: expected ${length} bytes of field ${type}, got ${value.length}`;
  must(value.length === length, 'malformed', message);
  return toHex(value);
}

function switchIdsOf(value: Uint8Array): Uint8Array[] {
  const count = value.length / SWITCH_ID_BYTES;
  const isList = Number.isInteger(count) && count <= SWITCH_IDS_MAX;
  const expected = `at most ${SWITCH_IDS_MAX} ids of ${SWITCH_ID_BYTES} bytes in field ${SWITCH_IDS}`;
  must(isList, 'malformed', `spdm opaque data: expected ${expected}, got ${value.length} bytes`);
  return Array.from({ length: count }, (_, i) => value.subarray(i * SWITCH_ID_BYTES, (i + 1) * SWITCH_ID_BYTES));
}

/** A GPU writes the version as a u32 and the fifth byte after it, in 8 bytes; an NVSwitch as text. */
function vbiosOf(value: Uint8Array): string {
  if (value.length === GPU_VBIOS_BYTES) {
    const { version, build } = readLayout(
      new ByteReader(value, 'spdm opaque data, VBIOS version of five bytes'),
      GPU_VBIOS,
    );
    const bytes = [...version.toReversed(), ...build];
    return bytes.map((byte) => toHex(Uint8Array.of(byte)).toUpperCase()).join('.');
  }
  const text = textOf(value);
  if (text !== null && VBIOS_VERSION.test(text)) return text;
  throw new TwinlockError('malformed', `spdm opaque data: expected a VBIOS version, got ${toHex(value)}`);
}
