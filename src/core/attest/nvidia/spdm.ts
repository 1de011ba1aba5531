import { ByteReader } from '../../byte-reader.ts';
import { toHex } from '../../bytes.ts';
import { must } from '../../errors.ts';
import { type Layout, readLayout } from '../../layout.ts';
import { type OpaqueData, parseOpaqueData } from './opaque.ts';

/** SHA-384, the only hash that these devices measure with. */
const MEASUREMENT_BYTES = 48;
/** ECDSA P-384, r ‖ s, big-endian: over all that is before it. */
const SIGNATURE_BYTES = 96;
/** A line end or a zero that a collector left there: unsigned, ignored, and shown as a claim. */
const TRAILING_BYTES_MAX = 2;

/** Version 1.1, GET_MEASUREMENTS, with a signature, all measurements. */
const REQUEST_HEADER = '11e001ff';
/** Version 1.1, MEASUREMENTS, a reserved byte; the last byte is the request's slot. */
const RESPONSE_HEADER = '116000';
/** MeasurementSpecification: DMTF. */
const DMTF = 0x01;
/** DMTFSpecMeasurementValueType: set where the value is no digest but the measured thing itself. */
const RAW_BIT = 0x80;

/** GET_MEASUREMENTS (DMTF DSP0274 1.1, section 10.11). Integers are little-endian. */
const REQUEST = {
  header: [0, 4, 'bytes'],
  nonce: [4, 32, 'bytes'],
  slot: [36, 1, 'bytes'],
} as const satisfies Layout;

/** MEASUREMENTS, which follows the request. The record, a nonce and opaque data follow in turn. */
const RESPONSE = {
  header: [0, 4, 'bytes'],
  blocks: [4, 1, 'u8'],
  recordBytes: [5, 3, 'u24le'],
} as const satisfies Layout;

const AFTER_RECORD = { nonce: [0, 32, 'bytes'], opaqueBytes: [32, 2, 'u16le'] } as const satisfies Layout;

/** A block of the record ("Measurement block format"); so many bytes follow. */
const BLOCK = {
  index: [0, 1, 'u8'],
  specification: [1, 1, 'u8'],
  bytes: [2, 2, 'u16le'],
} as const satisfies Layout;

/** The header of a block of DMTF's specification. The value follows it. */
const MEASUREMENT = { type: [0, 1, 'u8'], bytes: [1, 2, 'u16le'] } as const satisfies Layout;

/** A request and its response, as NVIDIA's drivers hand them out, one after the other. */
export interface SpdmReport {
  /** All that is signed: the request and the response without its signature. */
  readonly signed: Uint8Array;
  /** 96 bytes, r ‖ s. */
  readonly signature: Uint8Array;
  /** 32 bytes that the requester chose. */
  readonly requestNonce: Uint8Array;
  /** 32 bytes that the device chose. */
  readonly responseNonce: Uint8Array;
  /** 48 bytes each, by block index (from 1), in ascending order. */
  readonly measurements: ReadonlyMap<number, Uint8Array>;
  readonly opaque: OpaqueData;
  /** What follows the signature: 0 to 2 bytes that no signature covers and no rule reads. */
  readonly trailingBytes: number;
}

/** Parses attacker-controlled bytes; nothing of it holds before the signature is checked. Throws `malformed`. */
export function parseSpdm(bytes: Uint8Array): SpdmReport {
  const reader = new ByteReader(bytes, 'spdm');
  const request = readLayout(reader, REQUEST);
  requireHeader('request', request.header, REQUEST_HEADER, 0);
  const responseAt = reader.offset;
  const response = readLayout(reader, RESPONSE);
  requireHeader('response', response.header, RESPONSE_HEADER + toHex(request.slot), responseAt);
  const measurements = parseRecord(reader.bytes(response.recordBytes), response.blocks);
  const { nonce: responseNonce, opaqueBytes } = readLayout(reader, AFTER_RECORD);
  const opaque = parseOpaqueData(reader.bytes(opaqueBytes));
  const signed = bytes.subarray(0, reader.offset);
  const signature = reader.bytes(SIGNATURE_BYTES);
  const trailingBytes = reader.remaining;
  const few = `spdm: expected at most ${TRAILING_BYTES_MAX} bytes after the signature, got ${trailingBytes}`;
  must(trailingBytes <= TRAILING_BYTES_MAX, 'malformed', few);
  return { signed, signature, requestNonce: request.nonce, responseNonce, measurements, opaque, trailingBytes };
}

function requireHeader(message: string, header: Uint8Array, expected: string, at: number): void {
  const got = toHex(header);
  must(got === expected, 'malformed', `spdm ${message}: expected ${expected} at offset ${at}, got ${got}`);
}

/** Blocks in ascending order of their indices, each once; as many as the response says, and nothing else. */
function parseRecord(record: Uint8Array, blocks: number): ReadonlyMap<number, Uint8Array> {
  const reader = new ByteReader(record, 'spdm measurement record');
  const measurements = new Map<number, Uint8Array>();
  let last = 0;
  for (let i = 0; i < blocks; i++) {
    const { index, specification, bytes } = readLayout(reader, BLOCK);
    must(index > last, 'malformed', `spdm measurement record: expected an index above ${last}, got ${index}`);
    last = index;
    const what = `spdm measurement ${index}`;
    must(specification === DMTF, 'malformed', `${what}: expected specification ${DMTF}, got ${specification}`);
    measurements.set(index, parseMeasurement(reader.bytes(bytes), what));
  }
  reader.end();
  return measurements;
}

function parseMeasurement(block: Uint8Array, what: string): Uint8Array {
  const reader = new ByteReader(block, what);
  const { type, bytes } = readLayout(reader, MEASUREMENT);
  must(type < RAW_BIT, 'malformed', `${what}: expected a digest, got type ${type}`);
  must(bytes === MEASUREMENT_BYTES, 'malformed', `${what}: expected ${MEASUREMENT_BYTES} bytes, got ${bytes}`);
  const measurement = reader.bytes(bytes);
  reader.end();
  return measurement;
}
