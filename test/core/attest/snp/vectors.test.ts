import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { NO_ENDORSEMENTS } from '../../../../src/core/attest/endorsements.ts';
import type { PlatformResult } from '../../../../src/core/attest/kit/platform.ts';
import { appraiseSnp } from '../../../../src/core/attest/snp/appraise.ts';
import { snpNeeds } from '../../../../src/core/attest/snp/needs.ts';
import type { SnpReferenceValues } from '../../../../src/core/attest/snp/reference-values.ts';
import { isSnpVendorRoot, ROOTED_PRODUCTS, SNP_VENDOR_ROOTS } from '../../../../src/core/attest/snp/roots.ts';
import { parseVek } from '../../../../src/core/attest/snp/vek.ts';
import { concat, fromHex, toBase64url, toHex } from '../../../../src/core/bytes.ts';
import { digestOf } from '../../../../src/core/canonical.ts';
import { issuedBy, parseCertificate } from '../../../../src/core/x509/certificate.ts';
import { commonName } from '../../../../src/core/x509/name.ts';
import { verifyPath } from '../../../../src/core/x509/path.ts';
import { derOfPem } from '../../../../src/core/x509/pem.ts';
import { instantText } from '../../../../src/core/x509/time.ts';
import { verifyNode } from '../../../../src/platform/verify-node.ts';
import { vectorPath, vectorTest } from '../../../vectors.ts';

/** Reports, keys and authorities of real machines; SOURCES.md beside them says what each must show. */

const read = (...path: string[]): Uint8Array => new Uint8Array(readFileSync(vectorPath(...path)));
const text = (...path: string[]): string => readFileSync(vectorPath(...path), 'utf8');
/** Skips, visibly, where one of the files is not there: some are kept back for others. */
const withFiles = (...names: string[]) =>
  names.every((name) => existsSync(vectorPath('snp', name))) ? test : test.skip;

const certificatesOf = (file: string) => derOfPem(text('snp', file), 'CERTIFICATE');

interface Given {
  readonly report: Uint8Array;
  readonly vek: Uint8Array;
  /** The file whose first certificate is the ASK. */
  readonly ca: string;
  readonly at: string;
  readonly expectedData?: Uint8Array;
  readonly referenceValues?: SnpReferenceValues;
}

function appraise({ report, vek, ca, at, expectedData, referenceValues }: Given): Promise<PlatformResult> {
  const [ask = new Uint8Array(0)] = certificatesOf(ca);
  const snp = { vek: toBase64url(vek), ask: toBase64url(ask), crl: null };
  return appraiseSnp({
    report: { platform: 'snp', report: toBase64url(report) },
    endorsements: { ...NO_ENDORSEMENTS, snp },
    expectedData: expectedData ?? null,
    referenceValues: referenceValues ?? null,
    instantMs: Date.parse(at),
    verify: verifyNode,
  });
}

async function broken(given: Given): Promise<string[]> {
  const { rules } = await appraise(given);
  return rules.filter(({ pass }) => !pass).map(({ rule }) => rule);
}

/** The lines `name: value` that SOURCES.md has below the line that begins with `heading`. */
function listedFields(heading: string): Record<string, string> {
  const [, rest = ''] = text('SOURCES.md').split(`\n\`${heading}\``);
  const [, block = ''] = rest.split('```');
  const lines = block.trim().split('\n');
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)]),
  );
}

/** How SOURCES.md writes the claims of a report. */
function written(claims: Readonly<Record<string, string>>, vek: Uint8Array): Record<string, string> {
  const at = (name: string): string => claims[`snp.${name}`] ?? '0';
  const hex = (name: string): string => `0x${BigInt(`0x${at(name)}`).toString(16)}`;
  const bytes = (name: string): string => {
    const value = at(name);
    if (/^0+$/.test(value)) return '(all zero)';
    return /^f+$/.test(value) ? '(all ff)' : value;
  };
  const tcb = (name: string) => ['bl', 'tee', 'snp', 'ucode'].map((part) => `${part}=${at(`${name}.${part}`)}`);
  const cpuid = ['family', 'model', 'stepping'].map((part) => `${part}=0x${Number(at(`cpuid.${part}`)).toString(16)}`);
  const vector = (name: string) => hex(name).slice(2);
  const { notBeforeMs, notAfterMs } = parseVek(vek).certificate;
  const validity = `${instantText(notBeforeMs)}..${instantText(notAfterMs)}`;
  const csp = claims['snp.vek.csp-id'];
  const same = [
    'version',
    'guest_svn',
    'policy_abi',
    'smt',
    'migrate_ma',
    'debug',
    'single_socket',
    'vmpl',
    'sig_algo',
  ];
  const digests = ['family_id', 'image_id', 'measurement', 'report_data', 'host_data', 'id_key_digest'];
  const ids = ['author_key_digest', 'report_id', 'report_id_ma', 'chip_id'];
  const dashed = (name: string) => name.replaceAll('_', '-');
  return {
    ...Object.fromEntries(same.map((name) => [name, at(dashed(name))])),
    ...Object.fromEntries([...digests, ...ids].map((name) => [name, bytes(dashed(name))])),
    policy: `0x${at('policy')}`,
    signing_key: at('signing-key').toUpperCase(),
    platform_info: hex('platform-info'),
    cpuid: cpuid.join(' '),
    current_tcb: tcb('current-tcb').join(' '),
    reported_tcb: tcb('reported-tcb').join(' '),
    committed_tcb: tcb('committed-tcb').join(' '),
    launch_tcb: tcb('launch-tcb').join(' '),
    current_fw: at('current-fw'),
    committed_fw: at('committed-fw'),
    'launch_mit_vector current_mit_vector (hex, v5)': `${vector('launch-mit-vector')} ${vector('current-mit-vector')}`,
    vek: `product=${at('vek.product')} validity=${validity} spl=${tcb('vek.tcb').join(',')}${csp ? ` csp_id=${csp}` : ''}`,
  };
}

const reports = [
  ['milan-v2-debug', 'vcek', 'ca-milan.pem', '2023-06-01T00:00:00Z', ['snp.debug']],
  ['milan-v2', 'vcek', 'ca-milan.pem', '2023-06-01T00:00:00Z', []],
  ['milan-v2-idblock', 'vcek', 'ca-milan.pem', '2023-06-01T00:00:00Z', []],
  ['milan-v3-vlek-vmpl1', 'vlek', 'ca-milan-vlek.pem', '2025-06-01T00:00:00Z', []],
  ['milan-v5-nodata', 'vcek', 'ca-milan.pem', '2026-01-15T00:00:00Z', []],
  ['milan-v5-x25519-vmpl1', 'vcek', 'ca-milan.pem', '2026-01-15T00:00:00Z', []],
  ['genoa-v3-hpke', 'vcek', 'ca-genoa.pem', '2026-07-01T00:00:00Z', []],
] as const;

function given(file: string): Given {
  const row = reports.find(([one]) => one === file);
  if (row === undefined) throw new Error(`no vector ${file}`);
  const [, signer, ca, at] = row;
  return { report: read('snp', `${file}.report.bin`), vek: read('snp', `${file}.${signer}.der`), ca, at };
}

describe.each(reports)('%s', (file, signer, _ca, _at, rules) => {
  const vector = withFiles(`${file}.report.bin`, `${file}.${signer}.der`);

  vector('says what is listed', async () => {
    const { report, vek, ...rest } = given(file);
    const { claims } = await appraise({ report, vek, ...rest });
    expect(written(claims, vek)).toEqual(listedFields(file));
    expect(text('SOURCES.md')).toContain(`\`${file}\` report sha256 ${digestOf(report)}`);
  });

  vector(rules.length === 0 ? 'is authentic' : `breaks ${rules.join(', ')} and nothing else`, async () => {
    expect(await broken(given(file))).toEqual(rules);
  });

  vector('is refused with any byte changed', async () => {
    const { report, ...rest } = given(file);
    const stride = file === 'milan-v2' ? 1 : 31;
    for (let at = 0; at < report.length; at += stride) {
      const changed = report.map((byte, i) => (i === at ? byte ^ 0x80 : byte));
      const outcome = await broken({ report: changed, ...rest }).catch((error: { code: string }) => error.code);
      if (typeof outcome !== 'string') expect(outcome, `byte ${at}`).toContain('snp.signature');
      else expect(['malformed', 'unsupported_version']).toContain(outcome);
    }
  });
});

describe('milan-v3-vlek-vmpl1', () => {
  const vector = withFiles('milan-v3-vlek-vmpl1.report.bin', 'milan-v3-vlek-vmpl1.vlek.der');

  vector('is refused below the authority of VCEKs', async () => {
    expect(await broken({ ...given('milan-v3-vlek-vmpl1'), ca: 'ca-milan.pem' })).toEqual(['snp.chain', 'snp.crl']);
  });

  vector('is refused a second after its VLEK expired', async () => {
    const vlek = given('milan-v3-vlek-vmpl1');
    expect(await broken({ ...vlek, at: '2025-12-10T22:14:21Z' })).toEqual([]);
    const { rules } = await appraise({ ...vlek, at: '2025-12-10T22:14:22Z' });
    const chain = rules.find(({ rule }) => rule === 'snp.chain');
    expect(chain).toMatchObject({ got: expect.stringMatching(/^certificate_expired: /), pass: false });
  });

  vector('is refused where policy asks for VMPL 0, or for a VCEK, or for a VLEK of later firmware', async () => {
    const vlek = given('milan-v3-vlek-vmpl1');
    const values = valuesOf(listedFields('milan-v3-vlek-vmpl1'), 'Milan');
    const under = (changes: object) => broken({ ...vlek, referenceValues: { ...values, ...changes } });
    expect(await under({})).toEqual([]);
    expect(await under({ vmpls: [0] })).toEqual(['snp.vmpl']);
    expect(await under({ signers: ['vcek'] })).toEqual(['snp.signer']);
    const [milan] = values.products;
    const above = (changes: object) => ({ products: [{ ...milan, floor: { ...milan?.floor, ...changes } }] });
    expect(await under(above({ microcode: 218 }))).toEqual(['snp.rollback']);
    expect(await under(above({ snp: 25 }))).toEqual(['snp.rollback']);
  });
});

/** Reference values of exactly what SOURCES.md lists. */
function valuesOf(listed: Record<string, string>, product: (typeof ROOTED_PRODUCTS)[number]): SnpReferenceValues {
  const [bootLoader = 0, tee = 0, snp = 0, microcode = 0] = listed['reported_tcb']?.match(/[0-9]+/g)?.map(Number) ?? [];
  const measurement = listed['measurement'] ?? '';
  const image = { name: 'listed', measurement, hostData: null, idKeyDigest: null, authorKeyDigest: null };
  const floor = { bootLoader, tee, snp, microcode, fmc: null };
  return {
    platform: 'snp',
    products: [{ product, root: toBase64url(SNP_VENDOR_ROOTS[product]), floor }],
    signers: ['vcek', 'vlek'],
    images: [image],
    policies: [listed['policy']?.slice(2) ?? ''],
    vmpls: [Number(listed['vmpl'])],
    minGuestSvn: Number(listed['guest_svn']),
    platformInfo: { set: '0000000000000001', clear: '0000000000000000' },
    mitigations: null,
    chips: null,
    crl: 'unchecked',
    graceMs: 0,
  };
}

describe('bindings', () => {
  withFiles('milan-v5-nodata.report.bin')('a report without report data is bound to nothing', async () => {
    const expectedData = new Uint8Array(64).fill(1);
    expect(await broken({ ...given('milan-v5-nodata'), expectedData })).toEqual(['snp.report-data']);
  });

  withFiles('genoa-v3-hpke.binding.json')('the keys of the Genoa host are bound', async () => {
    const binding = JSON.parse(text('snp', 'genoa-v3-hpke.binding.json')) as Record<string, string>;
    const parts = ['tls_key_fp', 'hpke_key', 'nonce'].map((name) => fromHex(binding[name] ?? ''));
    const expectedData = concat(fromHex(digestOf(concat(...parts))), new Uint8Array(32));
    expect(await broken({ ...given('genoa-v3-hpke'), expectedData })).toEqual([]);
    const other = concat(fromHex(digestOf(concat(...parts.toReversed()))), new Uint8Array(32));
    expect(await broken({ ...given('genoa-v3-hpke'), expectedData: other })).toEqual(['snp.report-data']);
  });
});

describe('look-alikes of a VCEK are refused', () => {
  withFiles('bad-milan-vcek-signature.der')('one that the vendor never signed', async () => {
    const { rules } = await appraise({ ...given('milan-v2'), vek: read('snp', 'bad-milan-vcek-signature.der') });
    const failed = rules.filter(({ pass }) => !pass);
    expect(failed.map(({ rule }) => rule)).toEqual(['snp.chain', 'snp.signature', 'snp.chip', 'snp.tcb', 'snp.crl']);
    expect(failed[0]?.got).toMatch(/^signature_invalid: /);
  });

  withFiles('bad-milan-vcek-hwid-der-wrapped.der')('one whose HWID is DER', async () => {
    const vek = read('snp', 'bad-milan-vcek-hwid-der-wrapped.der');
    expect(() => parseVek(vek)).toThrow(expect.objectContaining({ code: 'malformed' }));
    // FORMAT.md: a HWID is raw. Such a certificate is no VEK, so no rule that rests on one is reached.
    const unreached = ['snp.chain', 'snp.chip', 'snp.crl', 'snp.product', 'snp.signature', 'snp.tcb', 'snp.vek'];
    expect((await broken({ ...given('milan-v2'), vek })).toSorted()).toEqual(unreached);
  });
});

withFiles('turin-vcek-only.der')('the VCEK of a Turin is below its authority, with eight bytes of chip', async () => {
  const vek = parseVek(read('snp', 'turin-vcek-only.der'));
  const tcb = { fmc: 0, bootLoader: 0, tee: 0, snp: 0, microcode: 9 };
  expect(vek).toMatchObject({ signer: 'vcek', product: 'Turin', tcb, cspId: null });
  expect(toHex(vek.hwid ?? new Uint8Array(0))).toBe('1e550a8ee5cf9f4d');
  const [ask = new Uint8Array(0)] = certificatesOf('ca-turin.pem');
  const chain = [vek.certificate, parseCertificate(ask)];
  const anchors = [parseCertificate(SNP_VENDOR_ROOTS.Turin)];
  const instantMs = Date.parse('2025-06-01T00:00:00Z');
  expect(await verifyPath({ chain, anchors, instantMs, verify: verifyNode })).toHaveLength(3);
});

describe.each(ROOTED_PRODUCTS)('the roots of %s', (product) => {
  const files = [`ca-${product.toLowerCase()}.pem`, `ca-${product.toLowerCase()}-vlek.pem`] as const;

  withFiles(...files)('are the vendor’s, and its authorities are below them', async () => {
    for (const file of files) {
      const [ask = new Uint8Array(0), ark = new Uint8Array(0), ...more] = certificatesOf(file);
      expect(more).toEqual([]);
      expect(ark).toEqual(SNP_VENDOR_ROOTS[product]);
      for (const der of [ask, ark]) {
        expect(text('SOURCES.md')).toMatch(new RegExp(`${commonName(parseCertificate(der))} +${digestOf(der)} `));
      }
      const root = parseCertificate(ark);
      for (const certificate of [parseCertificate(ask), root]) verifyNode(issuedBy(certificate, root.key, file));
    }
  });

  test('are known by every byte', () => {
    const root = SNP_VENDOR_ROOTS[product];
    expect(isSnpVendorRoot(root)).toBe(true);
    expect(commonName(parseCertificate(root))).toBe(`ARK-${product}`);
    const changed = root.map((byte, i) => (i === root.length - 1 ? byte ^ 1 : byte));
    expect(isSnpVendorRoot(changed)).toBe(false);
  });
});

/** Below the paravisor of a cloud the report is the same, and binds a document of its own in 32 bytes. */
describe('the report of an Azure guest', () => {
  const vectors = [
    ['snp-genoa-v0', 'ca-genoa.pem', 'Genoa'],
    ['snp-milan-v1', 'ca-milan.pem', 'Milan'],
  ] as const;
  vectorTest.for(vectors)('%s is authentic and says what is listed', async ([file, ca, product]) => {
    const { hcl, vek } = azureEvidence(file);
    const report = hcl.subarray(32, 32 + 1184);
    const runtime = hcl.subarray(1236, 1236 + new DataView(hcl.buffer, hcl.byteOffset).getUint32(1232, true));
    const expectedData = concat(fromHex(digestOf(runtime)), new Uint8Array(32));
    const azure = { report, vek, ca, at: '2025-06-01T00:00:00Z', expectedData };
    const { claims } = await appraise(azure);
    expect(await broken(azure)).toEqual([]);
    const listed = listedFields(`${file}.json`);
    expect(listed['measurement']).toBe(claims['snp.measurement']);
    expect(listed['report_data[0:32]']).toBe(claims['snp.report-data']?.slice(0, 64));
    expect(listed['chip_id']).toBe(claims['snp.chip-id']);
    const tcb = ['bl', 'tee', 'snp', 'ucode'].map((part) => `${part}=${claims[`snp.reported-tcb.${part}`]}`);
    expect(listed['reported_tcb']).toContain(`${tcb.join(' ')}  id_key_digest: ${claims['snp.id-key-digest']}`);
    const plain = `version 3 guest_svn ${claims['snp.guest-svn']} policy 0x${claims['snp.policy']} vmpl 0 `;
    const info = `platform_info 0x${Number(`0x${claims['snp.platform-info']}`).toString(16)}`;
    expect(text('SOURCES.md')).toContain(`${plain}${info} family_id ${claims['snp.family-id']}`);
    expect(snpNeeds(report)).toMatchObject({ product, signer: 'vcek', chipId: claims['snp.chip-id'] });
  });
});

function azureEvidence(file: string): { hcl: Uint8Array; vek: Uint8Array } {
  const evidence = JSON.parse(text('azure-vtpm', `${file}.json`)) as Record<string, unknown>;
  if (Array.isArray(evidence['report'])) {
    const [vek = new Uint8Array(0)] = derOfPem(String(evidence['vcek']), 'CERTIFICATE');
    return { hcl: Uint8Array.from(evidence['report'] as number[]), vek };
  }
  const decoded = (text: unknown) => new Uint8Array(Buffer.from(String(text), 'base64url'));
  return { hcl: decoded(evidence['hcl_report']), vek: decoded(evidence['vcek']) };
}
