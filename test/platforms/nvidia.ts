import { sha384 } from '@noble/hashes/sha2.js';
import type { SpdmEvidence } from '../../src/core/attest/nvidia/evidence.ts';
import type { GoldenValue, NvidiaReferenceValues } from '../../src/core/attest/nvidia/reference-values.ts';
import { concat, fromHex, toBase64url, toHex, u8, utf8 } from '../../src/core/bytes.ts';
import {
  basicConstraints,
  extension,
  keyUsage,
  makeCertificate,
  name,
  oid,
  signBy,
  spkiOf,
  type TestKey,
  testKey,
  tlv,
} from '../core/x509/certificate-kit.ts';

/** NVIDIA devices under a test root, and what no device would send. */

const le = (value: number, bytes: number): Uint8Array =>
  Uint8Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** i) & 0xff);

type TestArchitecture = 'hopper' | 'blackwell' | 'nvswitch';
/** As leaves spell it. */
const CHIP = { hopper: 'GH100', blackwell: 'GB100', nvswitch: 'LS_10' } as const;
const BLOCKS = { hopper: 64, blackwell: 64, nvswitch: 31 } as const;

const ROOT_KEY = testKey('ES384', 0x70);
const PRODUCT_KEY = testKey('ES384', 0x71);
const PROVISIONER_KEY = testKey('ES384', 0x72);
const dn = (commonName: string) => name({ '2.5.4.3': commonName, '2.5.4.10': 'Test Corporation' });
const authority = (subject: string, key: TestKey, issuer: string, signer: TestKey) =>
  makeCertificate({
    subject: dn(subject),
    issuer: dn(issuer),
    key,
    signer,
    extensions: [basicConstraints(true), keyUsage(5, 6)],
  });

/** The test root, in DER: pinned by `referenceValues`. */
export const TEST_ROOT = authority('Test Device Identity CA', ROOT_KEY, 'Test Device Identity CA', ROOT_KEY);
const PRODUCT = authority('Test Identity', PRODUCT_KEY, 'Test Device Identity CA', ROOT_KEY);
const PROVISIONER = authority('Test Provisioner', PROVISIONER_KEY, 'Test Identity', PRODUCT_KEY);

export const TEST_FWID = toHex(sha384(utf8('firmware')));
export const TEST_NONCE: Uint8Array = sha384(utf8('nonce')).subarray(0, 32);
export const TEST_DRIVER = '570.124.03';
export const TEST_VBIOS = '96.00.5E.00.04';

const SHA_384 = oid('2.16.840.1.101.3.4.2.2');
const fwid = (digest: Uint8Array) => tlv(0x30, SHA_384, tlv(0x04, digest));

/** The leaf's FWID as Hopper writes it. */
export const compositeDeviceId = (digest: Uint8Array, key: TestKey = testKey('ES384', 1)): Uint8Array =>
  extension('2.23.133.5.4.1', tlv(0x30, tlv(0x02, u8(1)), spkiOf(key), fwid(digest)));

/** The leaf's FWID as Blackwell writes it. */
export const tcbInfo = (...digests: Uint8Array[]): Uint8Array =>
  extension(
    '2.23.133.5.4.1.1',
    tlv(
      0x30,
      tlv(0x80, utf8('NVIDIA')),
      tlv(0x81, utf8('GB100 A01 GSP')),
      tlv(0x82, utf8('011')),
      tlv(0x83, u8(1)),
      tlv(0x84, u8(0)),
      tlv(0x85, u8(0)),
      tlv(0xa6, ...digests.map(fwid)),
      tlv(0x87, fromHex('0080000001')),
    ),
  );

export interface DeviceOptions {
  readonly architecture?: TestArchitecture;
  /** 1 to 100: another device, with other keys and serial numbers. */
  readonly seed?: number;
  /** 32 bytes of the request. */
  readonly nonce?: Uint8Array;
  /** Of a GPU: the seeds of the NVSwitches that it is linked to. */
  readonly switches?: readonly number[];
  /** Opaque fields by type; null leaves one out. */
  readonly opaque?: Readonly<Record<number, Uint8Array | null>>;
  /** By block index. */
  readonly measurements?: Readonly<Record<number, Uint8Array>>;
  readonly blocks?: number;
  /** Changes the message before it is signed. */
  readonly edit?: (message: Uint8Array) => Uint8Array;
  readonly trailing?: Uint8Array;
  /** Who signs the report, where it is not the leaf's key. */
  readonly signer?: TestKey;
  readonly leafName?: string;
  readonly leafExtensions?: readonly Uint8Array[];
  /** The chain as sent; it is made of leaf, identity, provisioner, product and root. */
  readonly chain?: (chain: readonly Uint8Array[]) => readonly Uint8Array[];
}

export interface TestDevice {
  readonly spdm: Uint8Array;
  readonly chain: readonly Uint8Array[];
}

/** 8 bytes, not the same from either end: GPUs write them from the last to the first. */
export const switchId = (seed: number): Uint8Array => concat(u8(seed), fromHex('c0ffee00000000'));
export const identitySerial = (seed = 1, architecture: TestArchitecture = 'hopper'): string =>
  architecture === 'nvswitch' ? `50${toHex(switchId(seed))}` : `41${toHex(le(seed, 8))}`;
export const leafSerial = (seed = 1): string => toHex(concat(u8(0x53), sha384(le(seed, 4)).subarray(0, 19)));
const leafKey = (seed: number) => testKey('ES384', seed);
const identityKey = (seed: number) => testKey('ES384', 0x80 + seed);

/** Valid evidence of one device, with anything about it changed. */
export function makeDevice(options: DeviceOptions = {}): TestDevice {
  const {
    seed = 1,
    trailing = new Uint8Array(),
    edit = (message) => message,
    chain = (certificates) => certificates,
  } = options;
  const message = edit(makeMessage(options));
  const signature = signBy(options.signer ?? leafKey(seed), message);
  return { spdm: concat(message, signature, trailing), chain: chain(makeChain(options)) };
}

function makeChain({ architecture = 'hopper', seed = 1, ...options }: DeviceOptions): Uint8Array[] {
  const chip = CHIP[architecture];
  const digest = fromHex(TEST_FWID);
  const identity = makeCertificate({
    subject: dn(`${chip} A01 GSP BROM ${seed}`),
    issuer: dn('Test Provisioner'),
    key: identityKey(seed),
    signer: PROVISIONER_KEY,
    serial: identitySerial(seed, architecture),
    extensions: [basicConstraints(true), keyUsage(5)],
  });
  const leaf = makeCertificate({
    subject: dn(options.leafName ?? `${chip} A01 GSP FMC LF`),
    issuer: dn(`${chip} A01 GSP BROM ${seed}`),
    key: leafKey(seed),
    signer: identityKey(seed),
    serial: leafSerial(seed),
    extensions: options.leafExtensions ?? [
      keyUsage(0),
      architecture === 'blackwell' ? tcbInfo(digest, new Uint8Array(48)) : compositeDeviceId(digest, identityKey(seed)),
    ],
  });
  return [leaf, identity, PROVISIONER, PRODUCT, TEST_ROOT];
}

/** What a device measured at a block, where no option says otherwise. */
export const measured = (index: number): Uint8Array => sha384(utf8(`measurement ${index}`));

const padded = (text: string, bytes: number) => concat(utf8(text), new Uint8Array(bytes - text.length));

/** As many links as a GPU has: several lead to each switch, and some to none. */
function linksTo(seeds: readonly number[]): Uint8Array {
  const links = Array.from({ length: 18 }, (_, link) => seeds[link % (seeds.length + 1)]);
  return concat(...links.map((seed) => (seed === undefined ? new Uint8Array(8) : switchId(seed).toReversed())));
}

function opaqueFields({ architecture, seed = 1, switches }: DeviceOptions): Record<number, Uint8Array | null> {
  if (architecture === 'nvswitch') return { 6: utf8(TEST_VBIOS), 22: switchId(seed), 25: le(1, 2) };
  return {
    22: switches === undefined ? null : linksTo(switches),
    6: fromHex('005e009604000000'),
    14: le(1185, 4),
    15: padded('862', 9),
    17: padded('1010', 5),
    18: padded('0205', 5),
    3: padded(TEST_DRIVER, 11),
    11: u8(0xaa),
    20: fromHex(TEST_FWID),
    21: u8(0x55),
    36: le(0, 2),
  };
}

export const opaqueField = (type: number, value: Uint8Array): Uint8Array =>
  concat(le(type, 2), le(value.length, 2), value);

export const measurementBlock = (index: number, value: Uint8Array): Uint8Array =>
  concat(u8(index), u8(1), le(value.length + 3, 2), u8(1), le(value.length, 2), value);

function makeMessage(options: DeviceOptions): Uint8Array {
  const { architecture = 'hopper', nonce = TEST_NONCE } = options;
  const count = options.blocks ?? BLOCKS[architecture];
  const record = concat(
    ...Array.from({ length: count }, (_, i) =>
      measurementBlock(i + 1, options.measurements?.[i + 1] ?? measured(i + 1)),
    ),
  );
  const opaque = concat(
    ...Object.entries({ ...opaqueFields(options), ...options.opaque }).flatMap(([type, value]) =>
      value === null ? [] : [opaqueField(Number(type), value)],
    ),
  );
  return concat(
    fromHex('11e001ff'),
    nonce,
    u8(0),
    fromHex('11600000'),
    u8(count),
    le(record.length, 3),
    record,
    new Uint8Array(32).fill(0x5e),
    le(opaque.length, 2),
    opaque,
  );
}

export function evidenceOf(...devices: readonly TestDevice[]): SpdmEvidence {
  return {
    kind: 'spdm',
    devices: devices.map(({ spdm, chain }) => ({ spdm: toBase64url(spdm), chain: chain.map(toBase64url) })),
  };
}

/** Golden values that a test device meets at these indices. */
export const goldenAt = (...indices: number[]): GoldenValue[] =>
  indices.map((index) => ({ index, values: [toHex(measured(index + 1))] }));

/** Reference values that every device of the kit meets, but for what a test changes. */
export function referenceValuesFor(changes: Partial<NvidiaReferenceValues> = {}): NvidiaReferenceValues {
  const record = { project: '1010', projectSku: '0205', chipSku: '862' };
  const none = { project: null, projectSku: null, chipSku: null };
  return {
    platform: 'nvidia',
    roots: [toBase64url(TEST_ROOT)],
    architectures: ['hopper', 'blackwell', 'nvswitch'],
    fwidOptional: ['nvswitch'],
    drivers: [
      { chip: 'GH100', version: TEST_DRIVER, golden: goldenAt(7, 21, 35) },
      { chip: 'GB100', version: TEST_DRIVER, golden: goldenAt(7, 22) },
    ],
    vbioses: [
      { chip: 'GH100', version: TEST_VBIOS, ...record, golden: goldenAt(0, 1, 2) },
      { chip: 'GB100', version: TEST_VBIOS, ...record, golden: goldenAt(0, 1) },
      { chip: 'LS10', version: TEST_VBIOS, ...none, golden: goldenAt(0, 30) },
    ],
    ppcie: ['55'],
    featureFlags: ['0000'],
    devices: null,
    ...changes,
  };
}
