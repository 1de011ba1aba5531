import { parseAppraisal } from '../../src/core/attest/appraisal.ts';
import { parseEvidence } from '../../src/core/attest/evidence.ts';
import { parseSpdm } from '../../src/core/attest/nvidia/spdm.ts';
import { parseTcbInfo } from '../../src/core/attest/tdx/collateral.ts';
import { parseTdxQuote } from '../../src/core/attest/tdx/parse.ts';
import { parseKeySet } from '../../src/core/attest/token/jwks.ts';
import { parseCompactJws } from '../../src/core/attest/token/jws.ts';
import { fromBase64url, fromHex, type Hex, toHex, utf8 } from '../../src/core/bytes.ts';
import { digestOf, parseCanonical } from '../../src/core/canonical.ts';
import { readWholeCborMap } from '../../src/core/cbor.ts';
import { checkKemPublicKey, decapsulate } from '../../src/core/envelope/xwing.ts';
import { TwinlockError } from '../../src/core/errors.ts';
import { parseJson } from '../../src/core/json.ts';
import { parseEntry } from '../../src/core/log/entry.ts';
import { parseNote } from '../../src/core/log/note.ts';
import { decodePoint, decodeScalar } from '../../src/core/share/group.ts';
import { parseCoseKey } from '../../src/core/signature/cose.ts';
import { requirePublicKey } from '../../src/core/signature/precheck.ts';
import { apply } from '../../src/core/state/apply.ts';
import { verifyAuthority } from '../../src/core/state/authority.ts';
import type { State } from '../../src/core/state/state.ts';
import { parsePolicy } from '../../src/core/statement/policy.ts';
import { attestedCredential } from '../../src/core/webauthn/attestation.ts';
import { checkAssertionData } from '../../src/core/webauthn/authenticator-data.ts';
import { parseManifest } from '../../src/core/weights/manifest.ts';
import { parseFilePaths } from '../../src/core/weights/names.ts';
import { parseCertificateOfAnyKey } from '../../src/core/x509/certificate.ts';
import { parseCrl } from '../../src/core/x509/crl.ts';
import { attributesOf } from '../../src/core/x509/name.ts';
import { derOfPem } from '../../src/core/x509/pem.ts';
import { referenceBulkCrypto } from '../core/weights/reference-bulk-crypto.ts';

export const RP_ID = 'tl-abcdefgh01234567.localhost';

/** What reads an extreme input: bytes in hexadecimal, or the text itself. */
const PARSERS = {
  cbor: (hex: string) => readWholeCborMap(fromHex(hex), 'test'),
  cose: (hex: string) => parseCoseKey(fromHex(hex)),
  assertionData: (hex: string) => checkAssertionData(fromHex(hex), RP_ID),
  attestationObject: (hex: string) => attestedCredential(fromHex(hex), RP_ID),
  certificate: (hex: string) => parseCertificateOfAnyKey(fromHex(hex)),
  crl: (hex: string) => parseCrl(fromHex(hex)),
  name: (hex: string) => attributesOf(fromHex(hex), '2.5.4.3'),
  spdm: (hex: string) => parseSpdm(fromHex(hex)),
  quote: (hex: string) => parseTdxQuote(fromHex(hex)),
  point: (hex: string) => decodePoint(fromHex(hex)).toHex(),
  scalar: (hex: string) => decodeScalar(fromHex(hex)),
  ed25519: (hex: string) => requirePublicKey('Ed25519', fromHex(hex)),
  p256: (hex: string) => requirePublicKey('ES256', fromHex(hex)),
  kem: (hex: string) => checkKemPublicKey(fromHex(hex)),
  encapsulation: (hex: string) => decapsulate(new Uint8Array(32), fromHex(hex)),
  ciphertext: (hex: string) =>
    referenceBulkCrypto.aead.open(new Uint8Array(32), new Uint8Array(12), new Uint8Array(), fromHex(hex)),
  hex: fromHex,
  base64url: fromBase64url,
  pem: (text: string) => derOfPem(text, 'CERTIFICATE'),
  json: parseJson,
  canonical: (text: string) => parseCanonical(utf8(text), 1 << 22),
  entry: (text: string) => parseEntry(utf8(text)),
  evidence: (text: string) => parseEvidence(utf8(text)),
  appraisal: (text: string) => parseAppraisal(utf8(text)),
  policy: (text: string) => parsePolicy(utf8(text)),
  manifest: (text: string) => parseManifest(utf8(text)),
  tcbInfo: parseTcbInfo,
  jwks: parseKeySet,
  jws: (text: string) => parseCompactJws(text, 'test'),
  note: (text: string) => parseNote(utf8(text)),
  paths: (text: string) => parseFilePaths(text.split('\n')),
} as const satisfies Readonly<Record<string, (text: string) => unknown>>;

/** An input is `before`, `times` times `unit`, and `after`; `#` in a unit is the number of the repetition. */
export interface Extreme {
  readonly name: string;
  readonly parser: keyof typeof PARSERS;
  readonly before: string;
  readonly unit: string;
  readonly times: number;
  readonly after: string;
}

/** A log, and entries that might be its next: what a process judges that replays it. */
export interface Fold {
  readonly entries: readonly string[];
  /** By digest, base64url. */
  readonly objects: Readonly<Record<Hex, string>>;
  readonly next: Readonly<Record<string, string>>;
}

/** An authority chain whose last entry is repeated. */
export interface Chain {
  readonly chain: { readonly entries: readonly unknown[] };
  readonly vault: Hex;
  readonly release: Hex;
  readonly times: number;
}

/** As it travels to another process. */
export interface Corpus {
  readonly extremes: readonly Extreme[];
  readonly fold: Fold;
  readonly chain: Chain;
}

/** By name: `ok` and the digest of what was read, or the code of the refusal, or what crashed. */
export type Verdicts = Readonly<Record<string, string>>;

export function judgeCorpus({ extremes, fold, chain }: Corpus): Verdicts {
  const judged = extremes.map((one) => [one.name, verdict(() => PARSERS[one.parser](inputOf(one)))]);
  return { ...Object.fromEntries(judged), ...judgeFold(fold), 'a chain of repeated entries': judgeChain(chain) };
}

function inputOf({ before, unit, times, after }: Extreme): string {
  const units = unit.includes('#') ? Array.from({ length: times }, (_, i) => unit.replaceAll('#', String(i))) : null;
  return before + (units === null ? unit.repeat(times) : units.join('')) + after;
}

function judgeFold({ entries, objects, next }: Fold): Verdicts {
  const beside = new Map(Object.entries(objects).map(([digest, text]) => [digest, fromBase64url(text)]));
  let state: State | null = null;
  for (const text of entries) state = apply(state, utf8(text), beside).state;
  const judged = Object.entries(next).map(([name, text]) => [
    name,
    verdict(() => {
      const { frontier, last } = apply(state, utf8(text), beside).state.chain;
      return [frontier.size, last];
    }),
  ]);
  return Object.fromEntries(judged);
}

function judgeChain({ chain, vault, release, times }: Chain): string {
  const repeated = new Array<unknown>(times).fill(chain.entries.at(-1));
  const altered = { ...chain, entries: [...chain.entries, ...repeated] };
  return verdict(() => verifyAuthority(altered, vault, release));
}

function verdict(read: () => unknown): string {
  try {
    return `ok ${digestOf(utf8(JSON.stringify(read(), plain)))}`;
  } catch (error) {
    return error instanceof TwinlockError ? error.code : `crash: ${error}`;
  }
}

/** Maps as pairs, bytes and large integers as text. */
function plain(_name: string, value: unknown): unknown {
  if (value instanceof Map) return [...value];
  if (typeof value === 'bigint') return value.toString();
  return value instanceof Uint8Array ? toHex(value) : value;
}
