import { fromBase64url, type Hex, toHex, u32, utf8 } from '../../../src/core/bytes.ts';
import { canonicalBytes, digestOf } from '../../../src/core/canonical.ts';
import { deriveCustodianKeys } from '../../../src/core/envelope/custodian-keys.ts';
import { openCustodianShare, sealCustodianShare } from '../../../src/core/envelope/custodian-share.ts';
import { kemKeyPairFromSeed } from '../../../src/core/envelope/xwing.ts';
import { frame } from '../../../src/core/frame.ts';
import { appendLeaf, EMPTY_FRONTIER, frontierRoot, leafHash } from '../../../src/core/log/merkle.ts';
import { combineShares, verifyShare } from '../../../src/core/share/combine.ts';
import { encodeScalar, uniformScalar } from '../../../src/core/share/group.ts';
import { splitSecret } from '../../../src/core/share/split.ts';
import type { Applied } from '../../../src/core/state/apply.ts';
import type { Claim } from '../../../src/core/state/judgement.ts';
import { replay } from '../../../src/core/state/replay.ts';
import type { Facts } from '../../../src/core/state/state.ts';
import { comparisonCode, GENESIS_WORDS } from '../../../src/core/statement/comparison-code.ts';
import { challengeOf } from '../../../src/core/webauthn/challenge.ts';
import { ciphertextRoot } from '../../../src/core/weights/ciphertext-tree.ts';
import { decryptFile, encryptFile } from '../../../src/core/weights/file.ts';
import { keyCheckValue, manifestContext, releaseKey } from '../../../src/core/weights/release-key.ts';
import { verifyWeb } from '../../../src/platform/verify-web.ts';
import { seededRandom } from '../../core/seeded-random.ts';
import { encodeLeaves } from '../../core/weights/leaves.ts';
import { referenceBulkCrypto } from '../../core/weights/reference-bulk-crypto.ts';

/** What a run gave, by what was run: bytes in hex, or their digest. */
export type Results = Readonly<Record<string, string>>;

const DIGEST: Hex = '5a'.repeat(32);

/** The core on fixed input and seeded randomness: the same text on every engine. */
export async function runCore(): Promise<Results> {
  return { ...encodings(), ...(await sharesAndEnvelopes()), ...bulk(), ...merkle() };
}

function encodings(): Results {
  const tricky = { '\u20ac': 1e21, '\ud83d\ude00': -0, a: [1.5, 'é\u0007', null, true], '': { b: 333333333.3333333 } };
  return {
    frame: toHex(frame('twinlock/v1/possession', utf8('é'), u32(7), new Uint8Array(0))),
    canonical: toHex(canonicalBytes(tricky)),
    words: comparisonCode(DIGEST, GENESIS_WORDS),
    challenge: toHex(challengeOf({ label: 'propose', vault: DIGEST, statement: DIGEST })),
  };
}

async function sharesAndEnvelopes(): Promise<Results> {
  const random = seededRandom('shares in the page');
  const secret = encodeScalar(uniformScalar(random));
  const { shares, commitments } = splitSecret({ secret, threshold: 2, indices: [1, 2, 5] }, random);
  for (const share of shares) verifyShare(share, commitments);
  const keys = kemKeyPairFromSeed(random(32));
  const bound = { vault: DIGEST, manifest: DIGEST, epoch: 1 };
  const [, second, third] = shares;
  if (second === undefined || third === undefined) throw new Error('expected three shares');
  const sealed = await sealCustodianShare(bound, keys.publicKey, second, random);
  const opened = await openCustodianShare(bound, 2, keys, sealed);
  const prf = { prfFirst: random(32), rpId: 'tl-abcdefgh01234567.localhost', credentialId: random(16), keyEpoch: 1 };
  const custodian = deriveCustodianKeys(prf);
  return {
    commitments: commitments.map(toHex).join(' '),
    shares: shares.map(({ s, r }) => toHex(s) + toHex(r)).join(' '),
    publicKey: digestOf(keys.publicKey),
    sealed: toHex(sealed),
    opened: toHex(opened.s),
    combined: toHex(combineShares([third, opened], commitments, 2)),
    secret: toHex(secret),
    custodianKem: digestOf(custodian.kem.publicKey),
    custodianSigning: toHex(custodian.signing.publicKey),
  };
}

function bulk(): Results {
  const random = seededRandom('weights in the page');
  const context = manifestContext(DIGEST, 'acme/ocr', '1');
  const key = releaseKey(encodeScalar(uniformScalar(random)), context);
  const plaintext = random(100_000);
  const file = { releaseKey: key, context, index: 1, plainBytes: plaintext.length };
  const encryption = encryptFile(file, random, referenceBulkCrypto);
  const { bytes, leaf } = encryption.segment(0, plaintext);
  const ciphertext = { header: encryption.header, root: ciphertextRoot([leaf]), leaves: encodeLeaves([leaf]) };
  const decrypted = decryptFile(file, ciphertext, referenceBulkCrypto).segment(0, bytes);
  return {
    keyCheck: toHex(keyCheckValue(key)),
    header: toHex(encryption.header),
    segment: digestOf(bytes),
    leaf: toHex(leaf),
    plaintext: digestOf(plaintext),
    decrypted: digestOf(decrypted),
  };
}

function merkle(): Results {
  let frontier = EMPTY_FRONTIER;
  const roots: string[] = [];
  for (let i = 0; i < 20; i++) {
    frontier = appendLeaf(frontier, leafHash(u32(i)));
    roots.push(toHex(frontierRoot(frontier)));
  }
  return { roots: roots.join(' ') };
}

/** A log as it travels into the page. */
export interface CarriedLog {
  readonly entries: readonly string[];
  /** By digest, base64url. */
  readonly objects: Readonly<Record<Hex, string>>;
}

export function objectsOf({ objects }: CarriedLog): ReadonlyMap<Hex, Uint8Array> {
  return new Map(Object.entries(objects).map(([digest, text]) => [digest, fromBase64url(text)]));
}

/** What a log has established, each claim discharged with WebCrypto. Throws its fault. */
export async function factsOf(log: CarriedLog): Promise<Facts> {
  return (await last(log)).state.facts;
}

async function last(log: CarriedLog): Promise<Applied & { readonly allClaims: readonly Claim[] }> {
  const { sound, fault } = await replay(null, log.entries.map(utf8), objectsOf(log), verifyWeb);
  if (fault !== null) throw fault;
  const end = sound.at(-1);
  if (end === undefined) throw new Error('the log is empty');
  return { ...end, allClaims: sound.flatMap(({ claims }) => claims) };
}

/** Folds a log and discharges its claims with WebCrypto; what it established, as text. */
export async function runReplay(log: CarriedLog): Promise<Results> {
  const { state, allClaims } = await last(log);
  const { facts, chain } = state;
  const appraisals = allClaims.filter(({ kind }) => kind === 'appraisal').length;
  return {
    vault: facts.vault,
    root: toHex(frontierRoot(chain.frontier)),
    claims: `${allClaims.length - appraisals} signatures, ${appraisals} appraisals`,
    facts: digestOf(canonicalBytes({ facts: JSON.parse(JSON.stringify(facts, plain)) })),
  };
}

/** Maps as sorted pairs, bytes and large integers as text. */
function plain(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  return value instanceof Uint8Array ? toHex(value) : value;
}
