import { ByteReader } from '../../byte-reader.ts';
import { type Hex, toHex } from '../../bytes.ts';
import { must } from '../../errors.ts';
import { type Layout, readLayout } from '../../layout.ts';
import { readTpm2b } from './tpm2b.ts';

/** The head of a TPMS_ATTEST (TPM 2.0 Library part 2, section 10.12.12). Integers are big-endian. */
const HEAD = { magic: [0, 4, 'u32be'], type: [4, 2, 'u16be'] } as const satisfies Layout;

/** TPMS_CLOCK_INFO (section 10.11.1), and the firmware's version after it. */
const CLOCK_INFO = {
  clock: [0, 8, 'u64be'],
  resetCount: [8, 4, 'u32be'],
  restartCount: [12, 4, 'u32be'],
  safe: [16, 1, 'u8'],
  firmware: [17, 8, 'bytes'],
} as const satisfies Layout;

/** TPMS_PCR_SELECTION (section 10.6.2). So many bytes of `select` follow. */
const SELECTION = { hash: [0, 2, 'u16be'], selectBytes: [2, 1, 'u8'] } as const satisfies Layout;

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

/** The PCRs of one bank that a quote covers. */
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
  /** The digest of the selected PCRs, in order, by the hash of the signature. */
  readonly pcrDigest: Hex;
}

/**
 * Parses an attacker-controlled TPMS_ATTEST (TPM 2.0 Library part 2, section 10.12.12) of type quote, whose
 * bytes nothing follows. Throws `malformed`, also for other types and for what a TPM did not generate.
 */
export function parseTpmsAttest(bytes: Uint8Array): Quote {
  const reader = new ByteReader(bytes, 'quote');
  const { magic, type } = readLayout(reader, HEAD);
  must(magic === MAGIC, 'malformed', 'quote: expected the magic ff544347 at offset 0');
  must(type === ATTEST_QUOTE, 'malformed', 'quote: expected the type 8018, a quote, at offset 4');
  const qualifiedSigner = toHex(readTpm2b(reader, 'quote: qualifiedSigner', NAME_BYTES_MAX));
  const extraData = toHex(readTpm2b(reader, 'quote: extraData', DIGEST_BYTES_MAX));
  const { clock: clockMs, resetCount, restartCount, safe, firmware } = readLayout(reader, CLOCK_INFO);
  must(safe <= 1, 'malformed', `quote: expected 0 or 1 as safe, got ${safe}`);
  const selections = readSelections(reader);
  const pcrDigest = toHex(readTpm2b(reader, 'quote: pcrDigest', DIGEST_BYTES_MAX));
  reader.end();
  const clockInfo = { clockMs, resetCount, restartCount, safe: safe === 1 };
  return { qualifiedSigner, extraData, ...clockInfo, firmware: toHex(firmware), selections, pcrDigest };
}

/** Returns the selection as a rule shows it, banks in their order: `sha256:0,7 sha1:`. */
export function selectionText(selections: readonly PcrSelection[]): string {
  return selections.map(({ bank, indices }) => `${bank}:${indices.join(',')}`).join(' ');
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
  const { hash, selectBytes } = readLayout(reader, SELECTION);
  const message = `quote: expected a PCR selection of ${SELECT_BYTES} bytes, got ${selectBytes}`;
  must(selectBytes === SELECT_BYTES, 'malformed', message);
  const select = reader.bytes(SELECT_BYTES);
  const indices = Array.from({ length: 8 * SELECT_BYTES }, (_, index) => index);
  return {
    bank: HASHES.get(hash) ?? `algorithm-${hash.toString(16).padStart(4, '0')}`,
    indices: indices.filter((index) => (((select[index >> 3] ?? 0) >> (index & 7)) & 1) === 1),
  };
}
