import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readRim } from '../../../../client/reference-values/rim/rim.ts';
import { RIM_ROOTS } from '../../../../client/reference-values/rim/roots.ts';
import { toHex, utf8 } from '../../../../src/core/bytes.ts';
import { TwinlockError } from '../../../../src/core/errors.ts';
import { derOfPem } from '../../../../src/core/x509/pem.ts';
import { basicConstraints, keyUsage, testKey, utcTime } from '../../../core/x509/certificate-kit.ts';
import { vectorPath, vectorTest } from '../../../vectors.ts';
import {
  CANONICAL,
  contentOf,
  ENVELOPED,
  hash,
  makeRim,
  makeSigner,
  methods,
  type Resource,
  RIM_TEST_ROOT,
  type RimOptions,
  reference,
  resource,
  type SignedRim,
  signRim,
  textOf,
  transform,
} from './rim-kit.ts';

const INSTANT = Date.UTC(2026, 0, 1);
const code = (name: string) => expect.objectContaining({ code: name });
const read = (xml: Uint8Array, instantMs = INSTANT) => readRim(xml, { roots: [RIM_TEST_ROOT], instantMs });
const readText = (text: string) => read(utf8(text));
const FORGED = contentOf({ resources: resource({ index: 0, hashes: ['ab'.repeat(48)] }) });

describe('a RIM', () => {
  test('gives its active measurements', async () => {
    expect(await read(makeRim())).toEqual({
      kind: 'driver',
      chip: 'GH100',
      version: '550.144.03',
      golden: [
        { index: 0, values: [hash(0)] },
        { index: 9, values: [hash(9), hash(9, 1)] },
      ],
      signer: { serial: '01', notBeforeMs: Date.UTC(2020, 0, 1), notAfterMs: Date.UTC(2040, 0, 1) },
    });
  });

  test('is of a VBIOS where its version has five parts', async () => {
    expect(await read(makeRim({ version: '96.00.5E.00.01' }))).toMatchObject({
      kind: 'vbios',
      version: '96.00.5E.00.01',
    });
  });

  test.each(['LS10', 'LS_10'])('of the product %s is of the chip LS10, as leaves are read too', async (product) => {
    expect(await read(makeRim({ product, version: '96.10.55.00.01' }))).toMatchObject({ chip: 'LS10' });
  });

  test('may be written in another way than its canonical form', async () => {
    const text = textOf(signRim())
      .replace(/ name="GH100" patch="false">/, "\n  patch='false' name='GH100'>")
      .replace(/"><\/ns0:Meta>/, '"/>')
      .replace('PayloadType="direct" ', '')
      .replace('product="GH100"', 'product="GH&#49;00" PayloadType="direct"');
    expect(await readText(`<?xml version="1.0" encoding="UTF-8"?>\n${text}\n`)).toMatchObject({ chip: 'GH100' });
  });
});

describe('what was changed after it was signed', () => {
  test.each([
    ['a measurement', hash(0), 'ab'.repeat(48)],
    ['which measurements are active', 'active="False"', 'active="True"'],
    ['the version', '550.144.03', '550.144.04'],
    ['the white space between elements', '<ns0:Payload>', '<ns0:Payload> '],
  ])('is refused: %s', async (_, was, is) => {
    const text = textOf(signRim());
    await expect(readText(text.replace(was, is))).rejects.toThrow(code('digest_mismatch'));
  });

  test('is refused: the digest, with the payload', async () => {
    const [mine, other] = [signRim(), signRim({ content: FORGED })];
    const digest = /<ds:DigestValue>[^<]*/;
    const signature = mine.signature.replace(digest, digest.exec(other.signature)?.[0] ?? '');
    await expect(readText(textOf({ ...other, signature }))).rejects.toThrow(code('signature_invalid'));
  });

  test('is refused: the signature value', async () => {
    const text = textOf(signRim()).replace(/<ds:SignatureValue>.{4}/, '<ds:SignatureValue>AAAA');
    await expect(readText(text)).rejects.toThrow(code('signature_invalid'));
    const short = textOf(signRim()).replace(/<ds:SignatureValue>[^<]*/, '<ds:SignatureValue>AAAA');
    await expect(readText(short)).rejects.toThrow(code('signature_invalid'));
  });

  test('is refused: any one character', async () => {
    // Without the chain's copy of the root, in whose place the pinned one is used.
    const text = textOf(signRim({ chain: [makeSigner({})] }));
    const accepted: number[] = [];
    // One in 11, for time.
    for (let at = 0; at < text.length; at += 11) {
      const flipped = String.fromCharCode(text.charCodeAt(at) ^ 1);
      const refused = await readText(text.slice(0, at) + flipped + text.slice(at + 1)).then(
        () => false,
        (error) => error instanceof TwinlockError,
      );
      if (!refused) accepted.push(at);
    }
    expect(accepted).toEqual([]);
  });

  test('is refused: what is left of it when it is cut short', async () => {
    const text = textOf(signRim());
    for (let length = 0; length < text.length; length += 11) {
      await expect(readText(text.slice(0, length))).rejects.toThrow(code('malformed'));
    }
  });
});

describe('signature wrapping', () => {
  const { open, content, signature, close } = signRim();

  test('around the signed document is refused', async () => {
    const inside = `<ns0:Wrapped>${open}${content}${close}</ns0:Wrapped>`;
    await expect(readText(open + FORGED + inside + signature + close)).rejects.toThrow(code('digest_mismatch'));
  });

  test('around the signed document with its signature is refused', async () => {
    const inside = `<ns0:Wrapped>${open}${content}${signature}${close}</ns0:Wrapped>`;
    await expect(readText(open + FORGED + inside + close)).rejects.toThrow(code('malformed'));
  });

  test('of the signed content inside the signature is refused', async () => {
    const holding = signature.replace('</ds:Signature>', `<ds:Object>${content}</ds:Object></ds:Signature>`);
    await expect(readText(open + FORGED + holding + close)).rejects.toThrow(code('digest_mismatch'));
  });

  test('of a second payload beside the signed one is refused', async () => {
    await expect(readText(open + FORGED + content + signature + close)).rejects.toThrow(code('digest_mismatch'));
    await expect(read(makeRim({ content: FORGED + content }))).rejects.toThrow(code('malformed'));
  });

  test('of another SignedInfo before the signed one is refused', async () => {
    const other = signRim({ content: FORGED }).signature;
    const forged = /<ds:SignedInfo>.*<\/ds:SignedInfo>/.exec(other)?.[0] ?? '';
    for (const both of [
      signature.replace('<ds:SignedInfo>', `${forged}<ds:SignedInfo>`),
      signature.replace('</ds:SignedInfo>', `</ds:SignedInfo>${forged}`),
    ]) {
      await expect(readText(open + FORGED + both + close)).rejects.toThrow(code('malformed'));
    }
  });
});

describe('signatures', () => {
  const { open, content, signature, close } = signRim();

  test('that are two are refused, at every place of the second', async () => {
    await expect(readText(open + content + signature + signature + close)).rejects.toThrow(code('malformed'));
    const nested = signature.replace('</ds:Signature>', `<ds:Object>${signature}</ds:Object></ds:Signature>`);
    await expect(readText(open + content + nested + close)).rejects.toThrow(code('malformed'));
    const alien = '<x:Signature xmlns:x="urn:x"></x:Signature>';
    await expect(readText(open + content + alien + signature + close)).rejects.toThrow(code('malformed'));
  });

  test('that are none are refused', async () => {
    await expect(readText(open + content + close)).rejects.toThrow(code('malformed'));
  });

  test('by a key that the chain does not certify are refused', async () => {
    await expect(read(makeRim({ key: testKey('ES384', 0x23) }))).rejects.toThrow(code('signature_invalid'));
  });

  const signed = (signedInfo: NonNullable<RimOptions['signedInfo']>) => read(makeRim({ signedInfo }));
  const more = 'http://www.w3.org/2001/04/xmldsig-more#';
  test.each([
    [
      'another canonical form',
      'unsupported_algorithm',
      (d: string) => methods('http://www.w3.org/2001/10/xml-exc-c14n#') + reference(d),
    ],
    [
      'another algorithm',
      'unsupported_algorithm',
      (d: string) => methods(undefined, `${more}ecdsa-sha256`) + reference(d),
    ],
    [
      'another hash',
      'unsupported_algorithm',
      (d: string) => methods() + reference(d, { digestMethod: `${more}sha224` }),
    ],
    [
      'a third transform',
      'malformed',
      (d: string) =>
        methods() +
        reference(d, { transforms: ENVELOPED + transform('http://www.w3.org/TR/1999/REC-xpath-19991116') + CANONICAL }),
    ],
    [
      'another transform',
      'unsupported_algorithm',
      (d: string) =>
        methods() + reference(d, { transforms: transform('http://www.w3.org/TR/1999/REC-xslt-19991116') + CANONICAL }),
    ],
    ['one transform', 'malformed', (d: string) => methods() + reference(d, { transforms: ENVELOPED })],
    [
      'transforms in another order',
      'unsupported_algorithm',
      (d: string) => methods() + reference(d, { transforms: CANONICAL + ENVELOPED }),
    ],
    [
      'a reference to a part of the document',
      'malformed',
      (d: string) => methods() + reference(d, { uri: 'URI="#payload"' }),
    ],
    ['a reference without URI', 'malformed', (d: string) => methods() + reference(d, { uri: 'Id="r"' })],
    [
      'a reference with another attribute',
      'malformed',
      (d: string) => methods() + reference(d, { uri: 'Id="r" URI=""' }),
    ],
    ['two references', 'malformed', (d: string) => methods() + reference(d) + reference(d)],
    ['no reference', 'malformed', () => methods()],
    ['a digest of another length', 'digest_mismatch', () => methods() + reference('AAAA')],
    ['a digest that is not base64', 'malformed', () => methods() + reference('%')],
  ])('over %s are refused', async (_, expected, signedInfo) => {
    await expect(signed(signedInfo)).rejects.toThrow(code(expected));
  });
});

describe('the signer', () => {
  const withSigner = (fields: Parameters<typeof makeSigner>[0]) =>
    makeRim({ chain: [makeSigner(fields), RIM_TEST_ROOT] });

  test('under a root that is not pinned is refused', async () => {
    const untrusted = readRim(makeRim(), { roots: RIM_ROOTS, instantMs: INSTANT });
    await expect(untrusted).rejects.toThrow(code('certificate_untrusted'));
  });

  test('that a stranger certified is refused', async () => {
    await expect(read(withSigner({ signer: testKey('ES384', 0x24) }))).rejects.toThrow(code('signature_invalid'));
  });

  test('that is not valid at the instant is refused', async () => {
    expect(await read(makeRim(), Date.UTC(2040, 0, 1))).toMatchObject({ kind: 'driver' });
    await expect(read(makeRim(), Date.UTC(2040, 0, 1) + 1000)).rejects.toMatchObject({
      code: 'certificate_expired',
      message: expect.stringContaining('give --at with a time at which it was valid'),
    });
    await expect(read(makeRim(), Date.UTC(2019, 0, 1))).rejects.toThrow(code('certificate_not_yet_valid'));
    const expired = withSigner({ notAfter: utcTime('250101000000Z') });
    await expect(read(expired)).rejects.toThrow(code('certificate_expired'));
  });

  test('that may not sign documents is refused', async () => {
    const bare = withSigner({ extensions: [basicConstraints(false)] });
    await expect(read(bare)).rejects.toThrow(code('certificate_usage'));
    const encrypts = withSigner({ extensions: [basicConstraints(false), keyUsage(2)] });
    await expect(read(encrypts)).rejects.toThrow(code('certificate_usage'));
    const authority = withSigner({ extensions: [basicConstraints(true), keyUsage(0, 5)] });
    await expect(read(authority)).rejects.toThrow(code('certificate_usage'));
  });

  test('with a key of another curve is refused', async () => {
    const key = testKey('ES256', 0x25);
    await expect(read(withSigner({ key }))).rejects.toThrow(code('unsupported_algorithm'));
  });

  test('without certificates, or with too many, is refused', async () => {
    await expect(read(makeRim({ chain: [] }))).rejects.toThrow(code('certificate_untrusted'));
    const chain = Array.from({ length: 7 }, () => RIM_TEST_ROOT);
    await expect(read(makeRim({ chain }))).rejects.toThrow(code('too_large'));
    await expect(read(makeRim({ chain: [utf8('no certificate')] }))).rejects.toThrow(code('malformed'));
  });
});

describe('XML that is more than elements and text is refused', () => {
  const changed = (edit: (rim: SignedRim) => string) => readText(edit(signRim()));
  test.each([
    ['a document type', (rim: SignedRim) => `<!DOCTYPE SoftwareIdentity>${textOf(rim)}`],
    ['an entity', (rim: SignedRim) => `<!DOCTYPE x [<!ENTITY v "550">]>${textOf(rim).replace('550', '&v;')}`],
    ['an external entity', (rim: SignedRim) => `<!DOCTYPE x SYSTEM "file:///etc/passwd">${textOf(rim)}`],
    ['an entity that is not declared', (rim: SignedRim) => textOf(rim).replace('550', '&v;')],
    [
      'a comment, which the canonical form drops',
      (rim: SignedRim) => textOf(rim).replace('<ns0:Meta', '<!----><ns0:Meta'),
    ],
    ['a section', (rim: SignedRim) => textOf(rim).replace('<ns0:Meta', '<![CDATA[]]><ns0:Meta')],
    ['a processing instruction', (rim: SignedRim) => textOf(rim).replace('<ns0:Meta', '<?x y?><ns0:Meta')],
    ['a second declaration', (rim: SignedRim) => `<?xml version="1.0"?><?xml version="1.0"?>${textOf(rim)}`],
    ['another encoding', (rim: SignedRim) => `<?xml version="1.0" encoding="ISO-8859-1"?>${textOf(rim)}`],
    ['another version', (rim: SignedRim) => `<?xml version="1.1"?>${textOf(rim)}`],
    ['an attribute of XML itself', (rim: SignedRim) => textOf(rim).replace('<ns0:Meta', '<ns0:Meta xml:id="a"')],
    ['a repeated attribute', (rim: SignedRim) => textOf(rim).replace('product=', 'product="GB100" product=')],
    ['an unbound prefix', (rim: SignedRim) => textOf(rim).replaceAll('ns0:Meta', 'ns9:Meta')],
    ['a second root', (rim: SignedRim) => `${textOf(rim)}<SoftwareIdentity/>`],
    ['text after the root', (rim: SignedRim) => `${textOf(rim)}text`],
    ['elements without end', (rim: SignedRim) => textOf(rim).slice(0, -rim.close.length)],
    ['a byte order mark', (rim: SignedRim) => `\ufeff${textOf(rim)}`],
    ['nothing', () => ''],
    ['no XML', () => 'RIM'],
  ])('%s', async (_, edit) => {
    await expect(changed(edit)).rejects.toThrow(code('malformed'));
  });

  test('bytes that are not UTF-8', async () => {
    await expect(read(Uint8Array.of(0x3c, 0xff))).rejects.toThrow(code('malformed'));
  });

  test('elements inside one another without end', async () => {
    const deep = '<a>'.repeat(100_000) + '</a>'.repeat(100_000);
    await expect(readText(deep)).rejects.toThrow(code('malformed'));
  });

  test('more than 1 MiB', async () => {
    await expect(read(new Uint8Array((1 << 20) + 1))).rejects.toThrow(code('too_large'));
  });
});

describe('a signed manifest', () => {
  const of = (...resources: Resource[]): RimOptions => ({ resources: resources.map(resource).join('') });
  test.each<[string, RimOptions, string]>([
    ['of another kind', { rootName: 'SoftwareTag' }, 'malformed'],
    ['without payload', { content: '<ns0:Meta></ns0:Meta>' }, 'malformed'],
    ['that points to its payload elsewhere', { payloadType: 'indirect' }, 'malformed'],
    ['of a chip without name', { product: '' }, 'malformed'],
    ['of neither driver nor VBIOS', { version: '550' }, 'malformed'],
    ['without active measurement', of({ index: 0, active: 'False' }), 'malformed'],
    ['with an index twice', of({ index: 0 }, { index: 0 }), 'malformed'],
    ['with indices out of order', of({ index: 1 }, { index: 0 }), 'malformed'],
    ['with an index that is no number', of({ index: '0x1', hashes: [hash(1)] }), 'malformed'],
    ['with a measurement that is neither active nor not', of({ index: 0, active: 'yes' }), 'malformed'],
    ['with a digest in upper case', of({ index: 0, hashes: ['AB'.repeat(48)] }), 'malformed'],
    ['with a digest of SHA-256', of({ index: 0, hashes: ['ab'.repeat(32)] }), 'malformed'],
    ['with fewer digests than alternatives', of({ index: 0, alternatives: 2 }), 'malformed'],
    ['with more digests than alternatives', of({ index: 0, alternatives: 1, hashes: [hash(0), hash(1)] }), 'malformed'],
    ['with no alternative', of({ index: 0, alternatives: 0, hashes: [] }), 'malformed'],
    ['with measurements of another size', of({ index: 0, size: '32' }), 'malformed'],
    ['with a resource that is no measurement', of({ index: 0, type: 'File' }), 'malformed'],
    ['with something else in its payload', { resources: '<ns0:File></ns0:File>' }, 'malformed'],
    ['with more than 64 measurements', of(...Array.from({ length: 65 }, (_, index) => ({ index }))), 'too_large'],
  ])('%s is refused', async (_, options, expected) => {
    await expect(read(makeRim(options))).rejects.toThrow(code(expected));
  });
});

describe('vectors', () => {
  const at = (date: string) => Date.parse(`${date}T00:00:00Z`);
  const testOf = (file: string) => (existsSync(vectorPath('nvidia', 'rim', file)) ? vectorTest : test.skip);
  const readVector = (file: string, date: string) =>
    readRim(readFileSync(vectorPath('nvidia', 'rim', file)), { roots: RIM_ROOTS, instantMs: at(date) });

  const VALID = [
    ['vbios-96.00.5E.00.01.xml', '2024-06-01', 'vbios', '96.00.5E.00.01', 12, '2025-06-22T09:30:33Z'],
    ['vbios-96.00.5E.00.01-othervalues.xml', '2024-06-01', 'vbios', '96.00.5E.00.01', 12, '2025-12-12T23:58:03Z'],
    ['vbios-96.00.74.00.1C.xml', '2025-06-01', 'vbios', '96.00.74.00.1C', 12, '2025-12-04T08:02:39Z'],
    ['driver-550.144.03.xml', '2025-03-01', 'driver', '550.144.03', 21, '2026-12-30T16:56:50Z'],
  ] as const;
  for (const [file, date, kind, version, active, until] of VALID) {
    testOf(file)(`${file} is valid at ${date}, and until its signer expires`, async () => {
      const rim = await readVector(file, date);
      expect(rim).toMatchObject({ kind, chip: 'GH100', version });
      expect(rim.golden.length).toBe(active);
      expect(rim.signer.notAfterMs).toBe(Date.parse(until));
      await expect(readVector(file, '2027-01-01')).rejects.toThrow(code('certificate_expired'));
    });
  }

  const REFUSED = [
    ['bad-signature-driver-550.144.03.xml', '2025-03-01', 'signature_invalid'],
    ['bad-digest-driver-535.86.09.xml', '2026-06-01', 'digest_mismatch'],
    ['bad-digest-expired-driver-570.124.03.xml', '2025-01-01', 'digest_mismatch'],
    ['bad-digest-expired-driver-570.124.03.xml', '2025-03-01', 'certificate_expired'],
    ['bad-chain-driver.xml', '2025-03-01', 'certificate_untrusted'],
  ] as const;
  for (const [file, date, expected] of REFUSED) {
    testOf(file)(`${file} is refused at ${date}: ${expected}`, async () => {
      await expect(readVector(file, date)).rejects.toThrow(code(expected));
    });
  }

  testOf('bad-chain-driver.xml')('a chain is looked at before the signature that it certifies', async () => {
    // Its signature and digest are true, under a root of the vendor's own that is not pinned.
    const bytes = readFileSync(vectorPath('nvidia', 'rim', 'bad-chain-driver.xml'));
    const last = /<ds:X509Certificate>([^<]*)<\/ds:X509Certificate>(?!.*X509Certificate)/s.exec(bytes.toString())?.[1];
    const debug = Uint8Array.from(Buffer.from(last ?? '', 'base64'));
    const trusted = readRim(bytes, { roots: [debug], instantMs: at('2025-03-01') });
    await expect(trusted).rejects.toThrow(code('certificate_untrusted'));
  });

  vectorTest('the root is the one that the vendor publishes', () => {
    const published = derOfPem(readFileSync(vectorPath('nvidia', 'ca-rim-root.pem'), 'utf8'), 'CERTIFICATE');
    expect(RIM_ROOTS.map(toHex)).toEqual(published.map(toHex));
  });
});
