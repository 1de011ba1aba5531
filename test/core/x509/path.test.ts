import { describe, expect, test } from 'vitest';
import { fromHex, utf8 } from '../../../src/core/bytes.ts';
import type { Code } from '../../../src/core/errors.ts';
import type { Verify } from '../../../src/core/signature/claim.ts';
import {
  type Certificate,
  parseCertificate,
  parseCertificateOfVersion1Or3,
} from '../../../src/core/x509/certificate.ts';
import { type PathToVerify, verifyPath } from '../../../src/core/x509/path.ts';
import { parseInstantText } from '../../../src/core/x509/time.ts';
import { verifyNode } from '../../../src/platform/verify-node.ts';
import { verifyWeb } from '../../../src/platform/verify-web.ts';
import {
  basicConstraints,
  type CertificateFields,
  extension,
  keyUsage,
  makeCertificate,
  name,
  type TestKey,
  testKey,
  utcTime,
} from './certificate-kit.ts';

const code = (expected: Code, message: RegExp = /./) =>
  expect.objectContaining({ code: expected, message: expect.stringMatching(message) });
const AT_MS = parseInstantText('2026-01-01T00:00:00Z');

/** A root, two authorities below it, and a leaf; any field of any of them can be replaced. */
const LEVELS = ['leaf', 'issuing', 'middle', 'root'] as const;
type Level = (typeof LEVELS)[number];
const KEYS: Readonly<Record<Level, TestKey>> = {
  leaf: testKey('ES256', 21),
  issuing: testKey('ES384', 22),
  middle: testKey('PS384', 23),
  root: testKey('ES256', 24),
};
const NAMES = Object.fromEntries(LEVELS.map((level) => [level, name({ '2.5.4.3': level })])) as Record<
  Level,
  Uint8Array
>;

function make(level: Level, fields: Partial<CertificateFields> = {}): Certificate {
  const above = LEVELS[LEVELS.indexOf(level) + 1] ?? 'root';
  const extensions =
    level === 'leaf' ? [basicConstraints(false), keyUsage(0)] : [basicConstraints(true), keyUsage(5, 6)];
  const parties = { subject: NAMES[level], issuer: NAMES[above], key: KEYS[level], signer: KEYS[above] };
  return parseCertificateOfVersion1Or3(makeCertificate({ ...parties, extensions, ...fields }));
}

const [LEAF, ISSUING, MIDDLE, ROOT] = [make('leaf'), make('issuing'), make('middle'), make('root')];
const CHAIN = [LEAF, ISSUING, MIDDLE];

/** Signatures that no rule reads. */
const UNREAD: readonly (readonly [string, Partial<CertificateFields>])[] = [
  ['RSA with SHA-1', { algorithm: fromHex('300d06092a864886f70d0101050500'), signer: testKey('RS256', 3) }],
  ['P-384 with SHA-256', { algorithm: fromHex('300a06082a8648ce3d040302'), signer: testKey('ES384', 24) }],
  ['an algorithm that nobody knows', { algorithm: fromHex('300406022a03') }],
];

test.each(UNREAD)('a pinned root that signed itself by %s is trusted as it is', async (_, fields) => {
  const root = make('root', fields);
  await expect(verify({ anchors: [root] })).resolves.toEqual([...CHAIN, root]);
  await expect(verify({ anchors: [root], chain: [...CHAIN, root] })).resolves.toEqual([...CHAIN, root]);
  await expect(verify({ chain: [...CHAIN, root] })).resolves.toEqual([...CHAIN, ROOT]);
});

function verify(changes: Partial<PathToVerify> = {}): Promise<readonly Certificate[]> {
  return verifyPath({ chain: CHAIN, anchors: [ROOT], instantMs: AT_MS, verify: verifyNode, ...changes });
}

/** The chain with one certificate made otherwise. */
function changed(level: Level, fields: Partial<CertificateFields>): Promise<readonly Certificate[]> {
  const at = LEVELS.indexOf(level);
  const other = make(level, fields);
  return level === 'root' ? verify({ anchors: [other] }) : verify({ chain: CHAIN.with(at, other) });
}

describe('a path', () => {
  test('leads from the leaf to the anchor, which the chain may have or not', async () => {
    const path = [LEAF, ISSUING, MIDDLE, ROOT];
    expect(await verify()).toEqual(path);
    expect(await verify({ chain: [...CHAIN, ROOT] })).toEqual(path);
    expect(await verify({ chain: [LEAF], anchors: [ISSUING] })).toEqual([LEAF, ISSUING]);
    expect(await verify({ chain: [LEAF, ISSUING], anchors: [ISSUING] })).toEqual([LEAF, ISSUING]);
  });

  test('ends at the first pinned authority that the chain reaches, also where it goes on', async () => {
    const whole = [...CHAIN, ROOT];
    for (const [anchors, length] of [
      [[ISSUING], 2],
      [[MIDDLE], 3],
      [[ROOT, MIDDLE], 3],
      [[MIDDLE, ISSUING], 2],
      [[ROOT], 4],
    ] as const) {
      expect(await verify({ chain: whole, anchors })).toEqual(whole.slice(0, length));
    }
    // What follows it is not looked at: a root of another key, which has expired.
    const other = make('root', { key: testKey('ES256', 99), notAfter: utcTime('250101000000Z') });
    expect(await verify({ chain: [...CHAIN, other], anchors: [MIDDLE] })).toEqual(CHAIN);
    // One that was issued again is the pinned one, in whose place it stands.
    const renewed = make('issuing', { serial: '02' });
    const path = await verify({ chain: [LEAF, renewed, MIDDLE, ROOT], anchors: [ISSUING] });
    expect(path.at(-1)).toBe(ISSUING);
  });

  test('is the same for both platforms', async () => {
    expect(await verify({ verify: verifyWeb })).toEqual(await verify());
  });

  test('ends with the anchor as pinned, not with the copy of the chain', async () => {
    const renewed = make('root', { serial: '02', notAfter: utcTime('490101000000Z') });
    expect((await verify({ chain: [...CHAIN, renewed] })).at(-1)).toBe(ROOT);
    const expired = make('root', { notAfter: utcTime('251231235959Z') });
    await expect(verify({ chain: [...CHAIN, ROOT], anchors: [expired] })).rejects.toThrow(code('certificate_expired'));
  });

  test('does not look at the signature of its anchor', async () => {
    const unsigned = make('root', { signer: testKey('ES256', 99) });
    expect(await verify({ anchors: [unsigned] })).toHaveLength(4);
  });

  test('ends at the one of several anchors of one name that has the key', async () => {
    const other = make('root', { key: testKey('ES256', 99), signer: testKey('ES256', 99) });
    expect((await verify({ anchors: [other, ROOT] })).at(-1)).toBe(ROOT);
    expect((await verify({ anchors: [ROOT, other] })).at(-1)).toBe(ROOT);
    await expect(verify({ anchors: [other] })).rejects.toThrow(code('signature_invalid', /"middle"/));
    const expired = make('root', { notAfter: utcTime('250101000000Z') });
    await expect(verify({ anchors: [other, expired] })).rejects.toThrow(code('signature_invalid'));
    await expect(verify({ anchors: [expired, other] })).rejects.toThrow(code('certificate_expired'));
  });

  test('may have a leaf of version 1, which can issue nothing', async () => {
    const first = { version: null, extensions: [] };
    expect(await changed('leaf', first)).toHaveLength(4);
    await expect(changed('issuing', first)).rejects.toThrow(code('certificate_usage', /"issuing"/));
  });
});

describe('a path is refused', () => {
  test('whose first pinned authority does not hold it, though a root further up is pinned too', async () => {
    const expired = make('issuing', { notAfter: utcTime('251231235959Z') });
    const whole = [...CHAIN, ROOT];
    const below = verify({ chain: whole, anchors: [expired, ROOT] });
    await expect(below).rejects.toThrow(code('certificate_expired', /"issuing"/));
    const forged = make('leaf', { signer: testKey('ES384', 77) });
    const unsigned = verify({ chain: whole.with(0, forged), anchors: [ISSUING] });
    await expect(unsigned).rejects.toThrow(code('signature_invalid', /"leaf"/));
    // By the name of a pinned one alone it is not reached, and there is no other.
    const impostor = make('issuing', { key: testKey('ES384', 77), signer: testKey('ES384', 77) });
    const named = verify({ chain: [LEAF, impostor, MIDDLE, ROOT], anchors: [ISSUING] });
    await expect(named).rejects.toThrow(code('certificate_untrusted'));
  });

  test('that begins with its anchor, which is a leaf', async () => {
    await expect(verify({ anchors: [LEAF] })).rejects.toThrow(code('certificate_untrusted'));
  });

  test.each<[string, Partial<PathToVerify>]>([
    ['without a certificate', { chain: [] }],
    ['without an anchor', { anchors: [] }],
    ['to an anchor of another name', { anchors: [make('root', { subject: name({ '2.5.4.3': 'other' }) })] }],
    ['that ends below the anchor', { chain: [LEAF, ISSUING] }],
    ['with a certificate left out', { chain: [LEAF, MIDDLE] }],
    ['in another order', { chain: [LEAF, MIDDLE, ISSUING] }],
    ['root first', { chain: [ROOT, MIDDLE, ISSUING, LEAF] }],
    ['of another leaf', { chain: [make('leaf', { issuer: name({ '2.5.4.3': 'x' }) }), ISSUING, MIDDLE] }],
    ['with a certificate twice', { chain: [LEAF, ISSUING, ISSUING, MIDDLE] }],
  ])('%s', async (_, changes) => {
    await expect(verify(changes)).rejects.toThrow(code('certificate_untrusted'));
  });

  test('of more than six certificates', async () => {
    const key = testKey('ES256', 30);
    const own = parseCertificate(
      makeCertificate({
        subject: NAMES.root,
        issuer: NAMES.root,
        key,
        signer: key,
        extensions: [basicConstraints(true)],
      }),
    );
    const leaf = parseCertificate(
      makeCertificate({ subject: NAMES.leaf, issuer: NAMES.root, key: KEYS.leaf, signer: key }),
    );
    const chainOf = (length: number) => [leaf, ...Array.from({ length: length - 1 }, () => own)];
    // Pinned under its name and a key of its own, which nothing in the chain has.
    const other = make('root', { key: testKey('ES256', 31) });
    const reached = async (length: number, given: Certificate[]) => {
      const seen: string[] = [];
      const recording: Verify = async ({ what }) => void seen.push(what);
      const path = await verify({ chain: chainOf(length), anchors: given, verify: recording });
      return [path.length, seen.length];
    };
    expect(await reached(5, [other])).toEqual([6, 5]);
    await expect(reached(6, [other])).rejects.toThrow(code('certificate_untrusted', /at most 6 certificates, got 7/));
    expect(await reached(7, [own])).toEqual([2, 1]);
  });

  test.each<[string, Level, readonly Uint8Array[]]>([
    ['whose leaf is an authority', 'leaf', [basicConstraints(true)]],
    ['whose issuer is no authority', 'issuing', [basicConstraints(false), keyUsage(5)]],
    ['whose issuer does not say what it is', 'middle', []],
    ['whose anchor is no authority', 'root', []],
    ['whose issuer may not sign certificates', 'issuing', [basicConstraints(true), keyUsage(0, 6)]],
    ['whose anchor may not sign certificates', 'root', [basicConstraints(true), keyUsage(6)]],
    ['of more authorities than one of them allows', 'middle', [basicConstraints(true, 0), keyUsage(5)]],
    ['of more authorities than the anchor allows', 'root', [basicConstraints(true, 1), keyUsage(5)]],
    ['with a critical extension of the leaf', 'leaf', [extension('2.5.29.17', utf8('x'), true)]],
    ['with a critical extension above', 'middle', [basicConstraints(true), extension('2.5.29.30', utf8('x'), true)]],
  ])('%s', async (_, level, extensions) => {
    await expect(changed(level, { extensions })).rejects.toThrow(code('certificate_usage', new RegExp(`"${level}"`)));
  });

  test('with an extension that cannot be read', async () => {
    const extensions = [basicConstraints(true), extension('2.5.29.15', fromHex('04'))];
    await expect(changed('issuing', { extensions })).rejects.toThrow(code('malformed'));
  });

  test('that has a critical extension only the caller understands, unless it is the leaf', async () => {
    const alternative = extension('2.5.29.17', utf8('x'), true);
    const understood = ['2.5.29.17'];
    const leaf = make('leaf', { extensions: [alternative] });
    expect(await verify({ chain: CHAIN.with(0, leaf), understood })).toHaveLength(4);
    const issuing = make('issuing', { extensions: [basicConstraints(true), alternative] });
    const above = verify({ chain: CHAIN.with(1, issuing), understood });
    await expect(above).rejects.toThrow(code('certificate_usage', /"issuing"/));
  });

  test('exactly where path lengths end', async () => {
    expect(await changed('issuing', { extensions: [basicConstraints(true, 0)] })).toHaveLength(4);
    expect(await changed('middle', { extensions: [basicConstraints(true, 1)] })).toHaveLength(4);
    expect(await changed('root', { extensions: [basicConstraints(true, 2)] })).toHaveLength(4);
  });

  test.each(LEVELS)('outside the validity of its %s, and not at its bounds', async (level) => {
    const bounds = { notBefore: utcTime('251201000000Z'), notAfter: utcTime('260201000000Z') };
    const at = LEVELS.indexOf(level);
    const certificate = make(level, bounds);
    const when = (text: string, offsetMs = 0) => {
      const instantMs = parseInstantText(text) + offsetMs;
      if (level === 'root') return verify({ anchors: [certificate], instantMs });
      return verify({ chain: CHAIN.with(at, certificate), instantMs });
    };
    expect(await when('2025-12-01T00:00:00Z')).toHaveLength(4);
    expect(await when('2026-02-01T00:00:00Z')).toHaveLength(4);
    const early = code('certificate_not_yet_valid', new RegExp(`"${level}" is valid from 2025-12-01T00:00:00Z`));
    await expect(when('2025-12-01T00:00:00Z', -1)).rejects.toThrow(early);
    const late = code('certificate_expired', new RegExp(`"${level}" expired at 2026-02-01T00:00:00Z`));
    await expect(when('2026-02-01T00:00:00Z', 1)).rejects.toThrow(late);
  });

  test.each(['leaf', 'issuing', 'middle'] as const)('with another signature of its %s', async (level) => {
    const { kind } = KEYS[LEVELS[LEVELS.indexOf(level) + 1] ?? 'root'];
    const forged = changed(level, { signer: testKey(kind, 77) });
    await expect(forged).rejects.toThrow(code('signature_invalid', new RegExp(`"${level}"`)));
  });

  test.each(UNREAD)('whose leaf names itself as its issuer and is signed by %s', async (_, fields) => {
    const selfIssued = changed('leaf', { ...fields, subject: NAMES.issuing });
    await expect(selfIssued).rejects.toThrow(code('unsupported_algorithm', /its own signature/));
  });

  test('signed with an algorithm that is not of the issuer', async () => {
    await expect(changed('leaf', { signer: testKey('ES256', 22) })).rejects.toThrow(code('unsupported_algorithm'));
    await expect(changed('issuing', { signer: testKey('ES384', 22) })).rejects.toThrow(code('unsupported_algorithm'));
  });
});

describe('the checks of a path', () => {
  test('are all done before the first signature, and the signatures from the leaf upwards', async () => {
    const seen: string[] = [];
    const recording: Verify = async ({ what }) => {
      await Promise.resolve();
      seen.push(what);
    };
    await verify({ verify: recording });
    expect(seen).toEqual(['leaf', 'issuing', 'middle'].map((level) => `the certificate "${level}"`));
    seen.length = 0;
    const expired = make('root', { notAfter: utcTime('250101000000Z') });
    await expect(verify({ anchors: [expired], verify: recording })).rejects.toThrow(code('certificate_expired'));
    expect(seen).toEqual([]);
  });

  test('throw what the first of them finds: trust, usage, dates, signatures', async () => {
    const worst = {
      signer: testKey('ES256', 99),
      notAfter: utcTime('250101000000Z'),
      extensions: [basicConstraints(true)],
      issuer: NAMES.root,
    };
    const { issuer: _, ...named } = worst;
    const { extensions: __, ...usable } = named;
    const { notAfter: ___, ...dated } = usable;
    await expect(changed('leaf', worst)).rejects.toThrow(code('certificate_untrusted'));
    await expect(changed('leaf', named)).rejects.toThrow(code('certificate_usage'));
    await expect(changed('leaf', usable)).rejects.toThrow(code('certificate_expired'));
    await expect(changed('leaf', dated)).rejects.toThrow(code('unsupported_algorithm'));
  });

  test('pass on what is not a refusal', async () => {
    const broken = () => {
      throw new RangeError('broken');
    };
    await expect(verify({ verify: broken })).rejects.toThrow(RangeError);
  });
});
