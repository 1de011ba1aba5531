import { sha256 } from '@noble/hashes/sha2.js';
import { concat, fromHex, fromUtf8, toBase64url, toHex, u8, utf8 } from '../../src/core/bytes.ts';
import { statementDigest } from '../../src/core/statement/statement.ts';
import { tlv } from '../core/x509/certificate-kit.ts';
import { chainInputOf, makeChain } from '../world/authority.ts';
import { releasedWorld } from '../world/world.ts';
import { type Chain, type Corpus, type Extreme, type Fold, RP_ID } from './judge.ts';

type Shape = Partial<Pick<Extreme, 'before' | 'unit' | 'times' | 'after'>>;

/** User present and verified, with extension data. */
const ASSERTION_HEAD = concat(sha256(utf8(RP_ID)), fromHex('85'), new Uint8Array(4));
const LEVELS_THAT_OVERFLOW = 100_000;

/** What is read how, and the verdict: a code, or `ok` where it is read. */
const EXTREMES: readonly [string, Extreme['parser'], Shape, string][] = [
  ['CBOR of four levels', 'cbor', { before: 'a100', unit: '81', times: 2, after: '80' }, 'ok'],
  ['CBOR of five levels', 'cbor', { before: 'a100', unit: '81', times: 3, after: '80' }, 'malformed'],
  ['CBOR arrays without end', 'cbor', { before: 'a100', unit: '81', times: LEVELS_THAT_OVERFLOW }, 'malformed'],
  ['CBOR maps without end', 'cbor', { unit: 'a100', times: LEVELS_THAT_OVERFLOW }, 'malformed'],
  ['CBOR tags without end', 'cbor', { before: 'a100', unit: 'c1', times: LEVELS_THAT_OVERFLOW }, 'malformed'],
  ['a CBOR array of 2^52 elements', 'cbor', { before: 'a1009b0010000000000000', unit: '00', times: 9 }, 'malformed'],
  ['a CBOR array of 65,535 elements', 'cbor', { before: 'a10099ffff', unit: '00', times: 65_535 }, 'ok'],
  ['a COSE key of 500 levels', 'cose', { before: 'a101', unit: '81', times: 500, after: '80' }, 'malformed'],
  [
    'authenticator data with an extension of 4,000 levels',
    'assertionData',
    { before: `${toHex(ASSERTION_HEAD)}a100`, unit: '81', times: 4000, after: '80' },
    'malformed',
  ],
  [
    'authenticator data with an extension of 4 levels',
    'assertionData',
    { before: `${toHex(ASSERTION_HEAD)}a100`, unit: '81', times: 2, after: '80' },
    'ok',
  ],
  [
    'an attestation object of 30,000 levels',
    'attestationObject',
    { before: 'a363666d74646e6f6e656761747453746d74', unit: '81', times: 30_000, after: '80' },
    'malformed',
  ],
  ['a certificate of 2,000 levels', 'certificate', { before: toHex(nestedDer(2000)) }, 'malformed'],
  ['a revocation list of 20,000 levels', 'crl', { before: toHex(nestedDer(20_000)) }, 'crl_invalid'],
  ['a Name of 8,000 empty sets', 'name', { before: '30823e80', unit: '3100', times: 8000 }, 'ok'],
  ['SPDM of a megabyte', 'spdm', { before: '11e001ff', unit: '00', times: 1 << 20 }, 'malformed'],
  ['a quote of a megabyte', 'quote', { before: '0400020081000000', unit: '00', times: 1 << 20 }, 'malformed'],
  ['four megabytes in hexadecimal', 'hex', { unit: 'ab', times: 1 << 22 }, 'ok'],
  [
    'four megabytes in hexadecimal, but for the last digit',
    'hex',
    { unit: 'ab', times: 1 << 22, after: 'ag' },
    'malformed',
  ],
  ['six megabytes in base64url', 'base64url', { unit: 'AAAA', times: 1 << 21 }, 'ok'],
  ['PEM of a boundary that never ends', 'pem', { before: '-----BEGIN ', unit: '- ', times: 130_000 }, 'malformed'],
  [
    'PEM of one long block',
    'pem',
    {
      before: '-----BEGIN CERTIFICATE-----\n',
      unit: `${'A'.repeat(76)}\n`,
      times: 3000,
      after: '-----END CERTIFICATE-----\n',
    },
    'ok',
  ],
  [
    'PEM of 33 blocks',
    'pem',
    { unit: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', times: 33 },
    'too_large',
  ],
  ['JSON of 64 levels', 'json', { unit: '[', times: 64, after: ']'.repeat(64) }, 'ok'],
  ['JSON of 65 levels', 'json', { unit: '[', times: 65, after: ']'.repeat(65) }, 'malformed'],
  ['JSON arrays without end', 'json', { unit: '[', times: 1 << 22 }, 'malformed'],
  ['JSON objects without end', 'json', { unit: '{"a":', times: LEVELS_THAT_OVERFLOW }, 'malformed'],
  ['JSON of 100,000 members', 'json', { before: '{', unit: '"a#":1,', times: 100_000, after: '"z":1}' }, 'ok'],
  [
    'JSON of one member, 100,000 times',
    'json',
    { before: '{', unit: '"a":1,', times: 100_000, after: '"a":1}' },
    'malformed',
  ],
  ['JSON of backslashes', 'json', { before: '"', unit: '\\\\', times: 1 << 20, after: '"' }, 'ok'],
  ['a JSON number of a million digits', 'json', { unit: '1', times: 1 << 20 }, 'ok'],
  [
    'canonical JSON of 65 levels',
    'canonical',
    { before: '{"a":', unit: '[', times: 64, after: `${']'.repeat(64)}}` },
    'malformed',
  ],
  [
    'canonical JSON of 300,000 numbers',
    'canonical',
    { before: '{"a":[', unit: '1,', times: 300_000, after: '1]}' },
    'ok',
  ],
  [
    'an entry whose body has 65 levels',
    'entry',
    { before: '{"body":', unit: '[', times: 65, after: `${']'.repeat(65)}}` },
    'malformed',
  ],
  ['an entry of brackets', 'entry', { unit: '{', times: 65_535 }, 'malformed'],
  ['evidence without end', 'evidence', { unit: '{"gpu":', times: LEVELS_THAT_OVERFLOW }, 'malformed'],
  ['evidence of 64 levels', 'evidence', { unit: '{"gpu":', times: 63, after: `{}${'}'.repeat(63)}` }, 'malformed'],
  [
    'an appraisal of 40,000 claims',
    'appraisal',
    { before: '{"claims":{', unit: '"a#":"",', times: 40_000, after: '"z":""}}' },
    'malformed',
  ],
  ['a policy of arrays', 'policy', { before: '{"groups":[', unit: '[],', times: 200_000, after: '[]]}' }, 'malformed'],
  [
    'a manifest of 100,000 files',
    'manifest',
    { before: '{"files":[', unit: '{},', times: 100_000, after: '{}]}' },
    'malformed',
  ],
  [
    'TCB info of 100,000 levels',
    'tcbInfo',
    { before: '{"tcbLevels":[', unit: '{},', times: 100_000, after: '{}]}' },
    'malformed',
  ],
  [
    'a key set of 10,000 keys',
    'jwks',
    { before: '{"keys":[', unit: '{"kid":"#"},', times: 10_000, after: '{}]}' },
    'malformed',
  ],
  ['a token of dots', 'jws', { unit: '.', times: 16_384 }, 'malformed'],
  ['a token of a megabyte', 'jws', { unit: 'A', times: 1 << 20 }, 'malformed'],
  ['a note of newlines', 'note', { unit: '\n', times: 65_536 }, 'malformed'],
  ['a note of dashes', 'note', { before: 'a\n\n', unit: '— a A\n', times: 64 }, 'malformed'],
  ['a path of 17 folders', 'paths', { unit: 'a/', times: 17, after: 'b' }, 'invalid_name'],
  ['10,000 paths of 16 folders', 'paths', { unit: `${'a/'.repeat(16)}#\n`, times: 10_000, after: 'b' }, 'ok'],
  [
    '10,000 paths of 100 folders',
    'paths',
    { unit: `${'a/'.repeat(100)}#\n`, times: 10_000, after: 'b' },
    'invalid_name',
  ],
  // What each library refuses in its own way, and some engines in another.
  ['base64url of a letter', 'base64url', { before: 'A' }, 'malformed'],
  ['base64url with bits to spare', 'base64url', { before: 'AB' }, 'malformed'],
  ['base64url with padding', 'base64url', { before: 'AA==' }, 'malformed'],
  ['base64url with white space', 'base64url', { before: 'AA AA' }, 'malformed'],
  ['base64url beyond ASCII', 'base64url', { before: 'A\u00e9' }, 'malformed'],
  ['hexadecimal of odd length', 'hex', { before: 'abc' }, 'malformed'],
  ['JSON with a lone surrogate', 'canonical', { before: '{"a":"\\ud800"}' }, 'not_canonical'],
  ['an element of ristretto255 not below the prime', 'point', { unit: 'ff', times: 32 }, 'invalid_point'],
  ['an element of ristretto255 that is none', 'point', { before: '02', unit: '00', times: 31 }, 'invalid_point'],
  ['the identity', 'point', { unit: '00', times: 32 }, 'invalid_point'],
  ['an element that is cut short', 'point', { unit: '00', times: 31 }, 'invalid_point'],
  ['a scalar not below the order', 'scalar', { unit: 'ff', times: 32 }, 'invalid_scalar'],
  ['a scalar that is cut short', 'scalar', { unit: '00', times: 31 }, 'invalid_scalar'],
  ['an Ed25519 key off the curve', 'ed25519', { before: '02', unit: '00', times: 31 }, 'invalid_key'],
  ['an Ed25519 key not below the prime', 'ed25519', { unit: 'ff', times: 32 }, 'invalid_key'],
  ['an Ed25519 key that is cut short', 'ed25519', { unit: '01', times: 31 }, 'invalid_key'],
  ['a P-256 key off the curve', 'p256', { before: '04', unit: '01', times: 64 }, 'invalid_key'],
  ['a P-256 key not below the prime', 'p256', { before: '04', unit: 'ff', times: 64 }, 'invalid_key'],
  ['a P-256 key that is cut short', 'p256', { before: '04', unit: '01', times: 63 }, 'invalid_key'],
  ['a KEM key of a point of small order', 'kem', { unit: '00', times: 1216 }, 'invalid_key'],
  ['an encapsulation of a point of small order', 'encapsulation', { unit: '00', times: 1120 }, 'envelope_invalid'],
  ['an encapsulation that is cut short', 'encapsulation', { unit: '01', times: 1119 }, 'envelope_invalid'],
  ['a ciphertext with another tag', 'ciphertext', { unit: '00', times: 64 }, 'ciphertext_invalid'],
];

/** The verdict by name: what every process must reach, with any stack. */
export const EXPECTED: Readonly<Record<string, string>> = {
  ...Object.fromEntries(EXTREMES.map(([name, , , expected]) => [name, expected])),
  'a denial': 'ok',
  'a denial with an extension of 4 levels': 'ok',
  'a denial with an extension of 2,900 levels': 'malformed',
  'an approval with an extension of 2,900 levels': 'malformed',
  'a chain of repeated entries': 'malformed',
};

export async function makeCorpus(): Promise<Corpus> {
  const extremes = EXTREMES.map(([name, parser, { before = '', unit = '', times = 0, after = '' }]) => {
    return { name, parser, before, unit, times, after };
  });
  return { extremes, ...(await makeLogs()) };
}

/** A log at whose end a release waits; who votes on it has an authenticator that says much. */
async function makeLogs(): Promise<{ fold: Fold; chain: Chain }> {
  const { world, deposit, release } = await releasedWorld({ label: 'extremes' });
  const chain = { chain: makeChain(chainInputOf(world, release)), vault: world.vault, release, times: 9000 };
  const { statement } = await world.ask(deposit);
  await world.propose(statement);
  const vote = async (decision: 'approve' | 'deny', levels: number | null) => {
    const draft = await world.draftApproval(statementDigest(statement), world.founder('ben'), { decision });
    const { assertion } = draft.body;
    const authenticatorData =
      levels === null ? assertion.authenticatorData : toBase64url(extended(fromBase64(assertion), levels));
    return fromUtf8(world.seal({ ...draft, body: { ...draft.body, assertion: { ...assertion, authenticatorData } } }));
  };
  const next = {
    'a denial': await vote('deny', null),
    'a denial with an extension of 4 levels': await vote('deny', 4),
    'a denial with an extension of 2,900 levels': await vote('deny', 2900),
    'an approval with an extension of 2,900 levels': await vote('approve', 2900),
  };
  const objects = Object.fromEntries([...world.objects].map(([digest, bytes]) => [digest, toBase64url(bytes)]));
  return { fold: { entries: world.log.map(fromUtf8), objects, next }, chain };
}

const fromBase64 = ({ authenticatorData }: { authenticatorData: string }) =>
  new Uint8Array(Buffer.from(authenticatorData, 'base64url'));

/** With extension data that the authenticator did not give: its signature is a claim, which a fold only returns. */
function extended(authenticatorData: Uint8Array, levels: number): Uint8Array {
  const head = authenticatorData.slice(0, 37);
  head[32] = (head[32] ?? 0) | 0x80;
  return concat(head, fromHex('a100'), new Uint8Array(levels - 2).fill(0x81), u8(0x80));
}

/** SEQUENCEs inside one another. */
function nestedDer(levels: number): Uint8Array {
  const heads: Uint8Array[] = [];
  for (let i = 0, length = 0; i < levels; i++) {
    const head = tlv(0x30, new Uint8Array(length)).subarray(0, -length || undefined);
    heads.push(head);
    length += head.length;
  }
  return concat(...heads.reverse());
}
