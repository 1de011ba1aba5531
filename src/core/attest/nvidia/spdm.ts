import { toHex } from '../../bytes.ts';
import { must } from '../../errors.ts';
import { ByteReader } from '../kit/byte-reader.ts';
import { type OpaqueData, parseOpaqueData } from './opaque.ts';

const NONCE_BYTES = 32;
/** ECDSA P-384, r ‖ s, big-endian. */
const SIGNATURE_BYTES = 96;
/** SHA-384, the only hash that these devices measure with. */
const MEASUREMENT_BYTES = 48;
/** A line end or a zero that a collector left there: unsigned, ignored, and shown as a claim. */
const TRAILING_BYTES_MAX = 2;

const SPDM_1_1 = 0x11;
const GET_MEASUREMENTS = 0xe0;
const MEASUREMENTS = 0x60;
/** Param1 of the request: a signature is asked for. */
const WITH_SIGNATURE = 0x01;
/** Param2 of the request: all measurements are asked for. */
const ALL_MEASUREMENTS = 0xff;
/** MeasurementSpecification: DMTF. */
const DMTF = 0x01;
/** DMTFSpecMeasurementValueType: set where the value is no digest but the measured thing itself. */
const RAW_BIT = 0x80;

/**
 * A GET_MEASUREMENTS request and its MEASUREMENTS response (DMTF DSP0274 1.1, section 10.11), as NVIDIA's
 * drivers hand them out, one after the other:
 *
 *     request    0  11 E0 01 FF    version 1.1, GET_MEASUREMENTS, signed, all
 *                4  nonce 32
 *               36  slot 1
 *     response  37  11 60 00       version 1.1, MEASUREMENTS
 *               40  slot 1         the request's
 *               41  blocks 1
 *               42  record length 3
 *               45  record         blocks of: index 1, 01, size 2, type 1, value size 2, value 48
 *                …  nonce 32
 *                …  opaque length 2, opaque data
 *                …  signature 96   over all that is before it
 *
 * Integers are little-endian.
 */
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
  expect(reader, 'request', [SPDM_1_1, GET_MEASUREMENTS, WITH_SIGNATURE, ALL_MEASUREMENTS]);
  const requestNonce = reader.bytes(NONCE_BYTES);
  const slot = reader.u8();
  expect(reader, 'response', [SPDM_1_1, MEASUREMENTS, 0, slot]);
  const blocks = reader.u8();
  const measurements = parseRecord(reader.bytes(reader.u24le()), blocks);
  const responseNonce = reader.bytes(NONCE_BYTES);
  const opaque = parseOpaqueData(reader.bytes(reader.u16le()));
  const signed = bytes.subarray(0, reader.offset);
  const signature = reader.bytes(SIGNATURE_BYTES);
  const trailingBytes = reader.remaining;
  const few = `spdm: expected at most ${TRAILING_BYTES_MAX} bytes after the signature, got ${trailingBytes}`;
  must(trailingBytes <= TRAILING_BYTES_MAX, 'malformed', few);
  return { signed, signature, requestNonce, responseNonce, measurements, opaque, trailingBytes };
}

/** The header of a message: version, code and two parameters. */
function expect(reader: ByteReader, message: string, header: readonly number[]): void {
  const at = reader.offset;
  const expected = toHex(Uint8Array.from(header));
  const got = toHex(reader.bytes(header.length));
  must(got === expected, 'malformed', `spdm ${message}: expected ${expected} at offset ${at}, got ${got}`);
}

/** Blocks in ascending order of their indices, each once; as many as the response says, and nothing else. */
function parseRecord(record: Uint8Array, blocks: number): ReadonlyMap<number, Uint8Array> {
  const reader = new ByteReader(record, 'spdm measurement record');
  const measurements = new Map<number, Uint8Array>();
  let last = 0;
  for (let i = 0; i < blocks; i++) {
    const index = reader.u8();
    must(index > last, 'malformed', `spdm measurement record: expected an index above ${last}, got ${index}`);
    last = index;
    const what = `spdm measurement ${index}`;
    const specification = reader.u8();
    must(specification === DMTF, 'malformed', `${what}: expected specification ${DMTF}, got ${specification}`);
    const measurement = new ByteReader(reader.bytes(reader.u16le()), what);
    const type = measurement.u8();
    must(type < RAW_BIT, 'malformed', `${what}: expected a digest, got type ${type}`);
    const size = measurement.u16le();
    must(size === MEASUREMENT_BYTES, 'malformed', `${what}: expected ${MEASUREMENT_BYTES} bytes, got ${size}`);
    measurements.set(index, measurement.bytes(size));
    measurement.end();
  }
  reader.end();
  return measurements;
}
