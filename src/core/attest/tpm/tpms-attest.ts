import { type Hex, toHex } from '../../bytes.ts';
import { must } from '../../errors.ts';
import { ByteReader } from '../kit/byte-reader.ts';

/** TPM_GENERATED_VALUE, "\xffTCG": a restricted key signs nothing from outside the TPM that begins with it. */
const MAGIC = 0xff54_4347;
/** TPM_ST_ATTEST_QUOTE: other attestations of the same key (creation, certify, time) say nothing about PCRs. */
const ATTEST_QUOTE = 0x8018;
/** A two-byte algorithm and the largest digest, SHA-512's. */
const NAME_BYTES_MAX = 66;
const DIGEST_BYTES_MAX = 64;
/** Implementations have at most a handful of banks. */
const SELECTIONS_MAX = 16;
/** 24 PCRs: what PC clients have, and what tools ask for. */
const SELECT_BYTES = 3;

/** TPM_ALG_ID of hashes (TCG Algorithm Registry, table 3). */
const HASHES: ReadonlyMap<number, string> = new Map([
  [0x0004, 'sha1'],
  [0x000b, 'sha256'],
  [0x000c, 'sha384'],
  [0x000d, 'sha512'],
  [0x0012, 'sm3-256'],
]);

/** What one bank contributes to a quote. */
interface PcrSelection {
  readonly bank: string;
  /** Ascending, each at most once. */
  readonly indices: readonly number[];
}

/** A TPMS_ATTEST of a quote: what the attestation key signs. Integers are big-endian. */
export interface Quote {
  /** TPM2B_NAME of the key under its parents: a hash over the hierarchy it is in. */
  readonly qualifiedSigner: Hex;
  /** At most 64 bytes, chosen by the party that asked for the quote. */
  readonly extraData: Hex;
  /** Milliseconds that the TPM has run in its life. */
  readonly clockMs: bigint;
  readonly resetCount: number;
  readonly restartCount: number;
  /** Whether `clockMs` has never gone back, to what was last written down before a power failure. */
  readonly safe: boolean;
  /** 8 bytes, as the vendor numbers them. */
  readonly firmware: Hex;
  readonly selections: readonly PcrSelection[];
  /** Of the selected PCRs, in order, by the hash of the signature. */
  readonly pcrDigest: Hex;
}

/**
 * Parses an attacker-controlled TPMS_ATTEST (TPM 2.0 Library part 2, section 10.12.12) of type quote, whose
 * bytes nothing follows. Throws `malformed`, also for other types and for what a TPM did not generate.
 */
export function parseTpmsAttest(bytes: Uint8Array): Quote {
  const reader = new ByteReader(bytes, 'quote');
  must(reader.u32be() === MAGIC, 'malformed', 'quote: expected the magic ff544347 at offset 0');
  must(reader.u16be() === ATTEST_QUOTE, 'malformed', 'quote: expected the type 8018, a quote, at offset 4');
  const quote = {
    qualifiedSigner: toHex(readSized(reader, NAME_BYTES_MAX, 'qualifiedSigner')),
    extraData: toHex(readSized(reader, DIGEST_BYTES_MAX, 'extraData')),
    clockMs: reader.u64be(),
    resetCount: reader.u32be(),
    restartCount: reader.u32be(),
    safe: readYesNo(reader),
    firmware: toHex(reader.bytes(8)),
    selections: readSelections(reader),
    pcrDigest: toHex(readSized(reader, DIGEST_BYTES_MAX, 'pcrDigest')),
  };
  reader.end();
  return quote;
}

/** What was quoted, for a rule: `sha256:0,7 sha1:` and the like, banks in their order. */
export function selectionText(selections: readonly PcrSelection[]): string {
  return selections.map(({ bank, indices }) => `${bank}:${indices.join(',')}`).join(' ');
}

/** The bytes of a TPM2B. */
function readSized(reader: ByteReader, maxBytes: number, field: string): Uint8Array {
  const at = reader.offset;
  const size = reader.u16be();
  must(
    size <= maxBytes,
    'malformed',
    `quote: ${field} at offset ${at} has ${size} bytes, expected at most ${maxBytes}`,
  );
  return reader.bytes(size);
}

function readYesNo(reader: ByteReader): boolean {
  const at = reader.offset;
  const value = reader.u8();
  must(value <= 1, 'malformed', `quote: expected 0 or 1 as safe at offset ${at}`);
  return value === 1;
}

function readSelections(reader: ByteReader): PcrSelection[] {
  const at = reader.offset;
  const count = reader.u32be();
  must(
    count <= SELECTIONS_MAX,
    'malformed',
    `quote: expected at most ${SELECTIONS_MAX} PCR selections at offset ${at}`,
  );
  return Array.from({ length: count }, () => readSelection(reader));
}

function readSelection(reader: ByteReader): PcrSelection {
  const hash = reader.u16be();
  const at = reader.offset;
  must(
    reader.u8() === SELECT_BYTES,
    'malformed',
    `quote: expected a PCR selection of ${SELECT_BYTES} bytes at offset ${at}`,
  );
  const select = reader.bytes(SELECT_BYTES);
  const indices = Array.from({ length: 8 * SELECT_BYTES }, (_, index) => index);
  return {
    bank: HASHES.get(hash) ?? `algorithm-${hash.toString(16).padStart(4, '0')}`,
    indices: indices.filter((index) => (((select[index >> 3] ?? 0) >> (index & 7)) & 1) === 1),
  };
}
