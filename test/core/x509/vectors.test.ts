import { X509Certificate } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { equal, fromHex, toHex } from '../../../src/core/bytes.ts';
import { type Code, TwinlockError } from '../../../src/core/errors.ts';
import {
  type Certificate,
  issuedBy,
  parseCertificate,
  parseCertificateOfVersion1Or3,
} from '../../../src/core/x509/certificate.ts';
import { parseCrl, requireUnrevoked, verifyCrl } from '../../../src/core/x509/crl.ts';
import { extendedKeyUsage } from '../../../src/core/x509/extensions.ts';
import { commonName } from '../../../src/core/x509/name.ts';
import { verifyPath } from '../../../src/core/x509/path.ts';
import { derOfPem } from '../../../src/core/x509/pem.ts';
import { parseInstantText } from '../../../src/core/x509/time.ts';
import { verifyNode } from '../../../src/platform/verify-node.ts';
import { vectorPath, vectorTest } from '../../vectors.ts';

const FOLDERS = ['azure-vtpm', 'combined', 'jwt', 'nvidia', 'snp', 'tdx', 'tpm'];

const code = (expected: Code) => expect.objectContaining({ code: expected });
const bytes = (...path: string[]): Uint8Array => new Uint8Array(readFileSync(vectorPath(...path)));
const text = (...path: string[]): string => readFileSync(vectorPath(...path), 'utf8');
const json = <T>(...path: string[]): T => JSON.parse(text(...path)) as T;
const ofPem = (pem: string): Certificate[] => derOfPem(pem, 'CERTIFICATE').map((der) => parseCertificate(der));
const ofBase64 = (base64: string): Certificate => parseCertificate(new Uint8Array(Buffer.from(base64, 'base64')));

function verify(chain: readonly Certificate[], anchors: readonly Certificate[], at: string, understood: string[] = []) {
  return verifyPath({ chain, anchors, instantMs: parseInstantText(at), verify: verifyNode, understood });
}

/** All certificates of a file, however deep in PEM, base64 of PEM or DER, or XML; by hexadecimal DER. */
function certificatesIn(content: string, depth = 0): string[] {
  const unescaped = content.replaceAll('\\n', '\n');
  const blocks = unescaped.matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END|X509Certificate>([^<]+)</g);
  const runs = content.matchAll(/[A-Za-z0-9+/_-]{200,}={0,2}/g);
  const found = [...blocks].map(([, pem, xml]) => Buffer.from(pem ?? xml ?? '', 'base64'));
  const nested: string[] = [];
  for (const [run] of runs) {
    const decoded = Buffer.from(run, 'base64');
    if (decoded[0] === 0x30 && decoded[1] === 0x82) found.push(decoded);
    else if (depth < 3) nested.push(...certificatesIn(decoded.toString('latin1'), depth + 1));
  }
  return [...found.filter(isCertificate).map(toHex), ...nested];
}

/** As the platform sees it; the vectors have bare public keys too. */
function isCertificate(der: Buffer): boolean {
  try {
    return new X509Certificate(der).raw.length === der.length;
  } catch {
    return false;
  }
}

vectorTest('every certificate of the attestation vectors parses as the platform reads it', () => {
  const all = new Set<string>();
  for (const folder of FOLDERS) {
    for (const file of readdirSync(vectorPath(folder), { recursive: true, withFileTypes: true })) {
      if (!file.isFile()) continue;
      const content = readFileSync(join(file.parentPath, file.name));
      if (isCertificate(content)) all.add(toHex(content));
      for (const der of certificatesIn(content.toString('latin1'))) all.add(der);
    }
  }
  // 114 where only the public half of the vectors is there.
  expect(all.size).toBeGreaterThanOrEqual(114);
  for (const hex of all) {
    const ours = parseCertificateOfVersion1Or3(fromHex(hex));
    const platform = new X509Certificate(fromHex(hex));
    expect(BigInt(`0x${ours.serial}`)).toBe(BigInt(`0x${platform.serialNumber}`));
    expect(new Date(ours.notBeforeMs)).toEqual(new Date(platform.validFrom));
    expect(new Date(ours.notAfterMs)).toEqual(new Date(platform.validTo));
    const name = commonName(ours);
    if (name !== null) expect(platform.subject.split('\n')).toContain(`CN=${name}`);
  }
});

describe('AMD', () => {
  const chainOf = (ca: string, leaf: string) => [parseCertificate(bytes('snp', leaf)), ...ofPem(text('snp', ca))];
  const root = (ca: string) => ofPem(text('snp', ca)).slice(-1);

  const VALID = [
    ['milan', 'milan-v2-debug.vcek.der', '2023-06-01T00:00:00Z'],
    ['milan', 'milan-v2.vcek.der', '2023-06-01T00:00:00Z'],
    ['milan', 'milan-v2-idblock.vcek.der', '2023-06-01T00:00:00Z'],
    ['milan-vlek', 'milan-v3-vlek-vmpl1.vlek.der', '2025-06-01T00:00:00Z'],
    ['milan', 'milan-v5-nodata.vcek.der', '2026-01-15T00:00:00Z'],
    ['milan', 'milan-v5-x25519-vmpl1.vcek.der', '2026-01-15T00:00:00Z'],
    ['genoa', 'genoa-v3-hpke.vcek.der', '2026-07-01T00:00:00Z'],
    ['turin', 'turin-vcek-only.der', '2026-01-01T00:00:00Z'],
  ] as const;
  for (const [product, leaf, at] of VALID) {
    (existsSync(vectorPath('snp', leaf)) ? vectorTest : vectorTest.skip)(`certifies ${leaf} at ${at}`, async () => {
      const ca = `ca-${product}.pem`;
      const path = await verify(chainOf(ca, leaf), root(ca), at);
      expect(path.map(commonName)).toEqual([
        leaf.includes('vlek') ? 'SEV-VLEK' : 'SEV-VCEK',
        expect.stringMatching(/^SEV-/),
        expect.stringMatching(/^ARK-/),
      ]);
      expect(path[0]?.serial).toBe('00');
    });
  }

  vectorTest('does not certify what only looks like its own, or is of another chain or expired', async () => {
    const forged = chainOf('ca-milan.pem', 'bad-milan-vcek-signature.der');
    const rejected = verify(forged, root('ca-milan.pem'), '2023-06-01T00:00:00Z');
    await expect(rejected).rejects.toThrow(code('signature_invalid'));

    const vlek = chainOf('ca-milan.pem', 'milan-v3-vlek-vmpl1.vlek.der');
    const swapped = verify(vlek, root('ca-milan.pem'), '2025-06-01T00:00:00Z');
    await expect(swapped).rejects.toThrow(code('certificate_untrusted'));

    const elsewhere = chainOf('ca-genoa.pem', 'genoa-v3-hpke.vcek.der');
    const other = verify(elsewhere, root('ca-turin.pem'), '2026-07-01T00:00:00Z');
    await expect(other).rejects.toThrow(code('certificate_untrusted'));

    const expired = chainOf('ca-milan-vlek.pem', 'milan-v3-vlek-vmpl1.vlek.der');
    await verify(expired, root('ca-milan-vlek.pem'), '2025-12-10T22:14:21Z');
    const late = verify(expired, root('ca-milan-vlek.pem'), '2025-12-10T22:14:22Z');
    await expect(late).rejects.toThrow(code('certificate_expired'));
  });
});

describe('Intel', () => {
  interface Collateral {
    pck_crl_issuer_chain: string;
    pck_crl: string;
    root_ca_crl: string;
    tcb_info_issuer_chain: string;
    qe_identity_issuer_chain: string;
  }
  const SETS = [
    ['tdx', 'collateral-00806f050000-2025-09.json', '2025-09-30T00:00:00Z'],
    ['tdx', 'collateral-50806f000000-2025-09.json', '2025-09-30T00:00:00Z'],
    ['tdx', 'collateral-90c06f000000-2026-02.json', '2026-02-20T00:00:00Z'],
    ['tdx', 'sgx-v3.collateral.json', '2025-06-20T00:00:00Z'],
    ['tdx', 'v4-mrconfigid-rtmr3.collateral.json', '2025-09-03T00:00:00Z'],
    ['tdx', 'v4-uptodate.collateral.json', '2025-06-20T00:00:00Z'],
    ['combined', 'tdx-h100.collateral.json', '2026-06-29T03:00:00Z'],
  ] as const;
  for (const [folder, file, at] of SETS) {
    vectorTest(`signs the collateral of ${file}`, async () => {
      const collateral = json<Collateral>(folder, file);
      const root = parseCertificate(bytes('tdx', 'intel-sgx-root-ca.der'));
      for (const chain of [collateral.tcb_info_issuer_chain, collateral.qe_identity_issuer_chain]) {
        const path = await verify(ofPem(chain), [root], at);
        expect(path.map(commonName)).toEqual(['Intel SGX TCB Signing', 'Intel SGX Root CA']);
        for (const one of path) requireUnrevoked(one, parseCrl(fromHex(collateral.root_ca_crl)), 'root list');
      }

      const [issuer, copy] = ofPem(collateral.pck_crl_issuer_chain);
      expect(issuer !== undefined && copy !== undefined && equal(copy.key.publicKey, root.key.publicKey)).toBe(true);
      if (issuer === undefined) return;
      verifyNode(issuedBy(issuer, root.key, 'issuer of the list'));
      const when = { instantMs: parseInstantText(at), graceMs: 0, verify: verifyNode };
      await verifyCrl(parseCrl(fromHex(collateral.root_ca_crl)), { issuer: root, what: 'root list', ...when });
      const pckCrl = parseCrl(fromHex(collateral.pck_crl));
      await verifyCrl(pckCrl, { issuer, what: 'PCK list', ...when });
      requireUnrevoked(issuer, parseCrl(fromHex(collateral.root_ca_crl)), 'root list');
      await expect(verifyCrl(pckCrl, { issuer: root, what: 'PCK list', ...when })).rejects.toThrow(code('crl_invalid'));
    });
  }

  vectorTest('lists are refused out of date and cut short, and hold what they revoke', async () => {
    const collateral = json<Collateral>('tdx', 'v4-uptodate.collateral.json');
    const der = fromHex(collateral.pck_crl);
    const crl = parseCrl(der);
    expect(crl.revoked).toContain('6fc34e5023e728923435d61aa4b83c618166ad35');
    expect(crl.revoked).toContain('00efae6e9715fca13b87e333e8261ed6d990a926ad');
    const [issuer] = ofPem(collateral.pck_crl_issuer_chain);
    expect(issuer).toBeDefined();
    if (issuer === undefined) return;
    const at = (instant: string) =>
      verifyCrl(crl, {
        issuer,
        instantMs: parseInstantText(instant),
        graceMs: 0,
        verify: verifyNode,
        what: 'PCK list',
      });
    await at('2025-07-19T10:00:35Z');
    await expect(at('2025-07-19T10:00:36Z')).rejects.toThrow(code('endorsement_stale'));
    await expect(at('2025-06-19T10:00:34Z')).rejects.toThrow(code('endorsement_stale'));
    for (let length = 0; length < der.length; length += 7) {
      expect(() => parseCrl(der.subarray(0, length)), String(length)).toThrow(code('crl_invalid'));
    }
  });

  vectorTest('certifies the key of a quote', async () => {
    const content = Buffer.from(bytes('tdx', 'v4-uptodate.quote.bin')).toString('latin1');
    const pem = content.slice(content.indexOf('-----BEGIN'), content.lastIndexOf('-----') + 5);
    const root = parseCertificate(bytes('tdx', 'intel-sgx-root-ca.der'));
    const path = await verify(ofPem(pem), [root], '2025-06-20T00:00:00Z');
    expect(path.map(commonName)).toEqual([
      'Intel SGX PCK Certificate',
      'Intel SGX PCK Platform CA',
      'Intel SGX Root CA',
    ]);
    const [leaf] = path;
    const { pck_crl } = json<Collateral>('tdx', 'v4-uptodate.collateral.json');
    if (leaf !== undefined) requireUnrevoked(leaf, parseCrl(fromHex(pck_crl)), 'PCK list');
  });
});

describe('NVIDIA', () => {
  const DEVICES = [
    'b100-575.32',
    'h100-535.86.09',
    'h100-550.90.07',
    'h100-570.124.03',
    'h100-580.95.05-trailing-byte',
    'ls10-switch',
  ].filter((device) => existsSync(vectorPath('nvidia', `${device}.chain.pem`)));
  vectorTest('certifies its devices by paths of five', async () => {
    expect(DEVICES.length).toBeGreaterThanOrEqual(5);
    const anchors = ofPem(text('nvidia', 'ca-device-root.pem'));
    for (const device of DEVICES) {
      const chain = ofPem(text('nvidia', `${device}.chain.pem`));
      expect(await verify(chain, anchors, '2026-07-01T00:00:00Z'), device).toHaveLength(5);
      const wrong = verify(chain, ofPem(text('nvidia', 'ca-rim-root.pem')), '2026-07-01T00:00:00Z');
      await expect(wrong).rejects.toThrow(code('certificate_untrusted'));
    }
  });

  const rimChain = (file: string) =>
    [...text('nvidia', 'rim', file).matchAll(/X509Certificate>([^<]+)</g)].map(([, base64]) => ofBase64(base64 ?? ''));
  const RIMS: readonly (readonly [string, string, Code | null])[] = [
    ['vbios-96.00.5E.00.01.xml', '2024-06-01T00:00:00Z', null],
    ['vbios-96.00.5E.00.01.xml', '2025-07-01T00:00:00Z', 'certificate_expired'],
    ['vbios-96.00.74.00.1C.xml', '2025-06-01T00:00:00Z', null],
    ['driver-550.144.03.xml', '2025-03-01T00:00:00Z', null],
    ['driver-550.144.03.xml', '2024-03-01T00:00:00Z', 'certificate_not_yet_valid'],
    ['vbios-96.00.5E.00.01-othervalues.xml', '2024-06-01T00:00:00Z', null],
    ['bad-chain-driver.xml', '2025-06-01T00:00:00Z', 'certificate_untrusted'],
  ];
  vectorTest('certifies the signers of its reference measurements', async () => {
    const anchors = ofPem(text('nvidia', 'ca-rim-root.pem'));
    for (const [file, at, expected] of RIMS) {
      const verdict = await verify(rimChain(file), anchors, at).then(
        () => null,
        (error: unknown) => (error instanceof TwinlockError ? error.code : error),
      );
      expect(verdict, `${file} ${at}`).toBe(expected);
    }
  });
});

describe('a key set', () => {
  interface KeySet {
    keys: { x5c: string[] }[];
  }

  vectorTest('of Intel Trust Authority chains to its root, signed with RS512', async () => {
    const [key] = json<KeySet>('jwt', 'ita-dev.jwks.json').keys;
    const chain = (key?.x5c ?? []).map(ofBase64);
    expect(chain).toHaveLength(3);
    expect(chain.map(({ signed }) => signed?.signatureAlgorithm)).toEqual(['RS512', 'RS512', 'RS512']);
    const anchors = chain.filter(({ subject, issuer }) => equal(subject, issuer));
    expect(await verify(chain, anchors, '2023-12-21T05:31:40Z')).toHaveLength(3);
    const late = verify(chain, anchors, '2024-07-18T10:35:31Z');
    await expect(late).rejects.toThrow(code('certificate_expired'));
  });

  vectorTest("of NVIDIA's service chains to its intermediate, an RSA key under an ES384 signature", async () => {
    const { keys } = json<KeySet>('combined', 'tdx-h100.nras-jwks.json');
    const chains = keys.map(({ x5c }) => x5c.map(ofBase64));
    const [anchor] = chains[0]?.slice(-1) ?? [];
    expect(anchor).toMatchObject({ signed: { signatureAlgorithm: 'ES384' }, key: { family: 'RSA' } });
    if (anchor === undefined) return;
    for (const [leaf] of chains) {
      if (leaf === undefined) continue;
      expect(leaf).toMatchObject({ signed: { signatureAlgorithm: 'RS256' }, key: { family: 'P-384' } });
      const atMs = leaf.notBeforeMs;
      await verifyPath({ chain: [leaf, anchor], anchors: [anchor], instantMs: atMs, verify: verifyNode });
    }
  });
});

describe('a TPM', () => {
  const AT = '2026-11-23T00:00:00Z';
  for (const file of ['swtpm-ek-rsa.cert.der', 'swtpm-ek-ecc384.cert.der']) {
    vectorTest(`has an endorsement key, ${file}, for whom understands its alternative name`, async () => {
      const leaf = parseCertificate(bytes('tpm', file));
      const chain = [leaf, ...ofPem(text('tpm', 'swtpm-ek-ca-issuer.pem'))];
      const anchors = ofPem(text('tpm', 'swtpm-ek-ca-root.pem'));
      expect(await verify(chain, anchors, AT, ['2.5.29.17'])).toHaveLength(3);
      await expect(verify(chain, anchors, AT)).rejects.toThrow(code('certificate_usage'));
      expect(extendedKeyUsage(leaf)).toEqual(['2.23.133.8.1']);
    });
  }

  vectorTest('has an attestation key in a certificate of version 1', async () => {
    const [der] = derOfPem(text('tpm', 'swtpm-ak.cert.pem'), 'CERTIFICATE');
    expect(der).toBeDefined();
    if (der === undefined) return;
    expect(() => parseCertificate(der)).toThrow(code('malformed'));
    const anchors = ofPem(text('tpm', 'swtpm-ak-ca.pem'));
    const path = await verify([parseCertificateOfVersion1Or3(der)], anchors, AT);
    expect(path.map(commonName)).toEqual(['Test AK', 'Test AK CA']);
  });
});

vectorTest('a real certificate with any byte changed is refused or no longer signed', () => {
  const leaf = bytes('snp', 'turin-vcek-only.der');
  const [ask] = ofPem(text('snp', 'ca-turin.pem'));
  expect(ask).toBeDefined();
  if (ask === undefined) return;
  verifyNode(issuedBy(parseCertificate(leaf), ask.key, 'VCEK'));
  for (let i = 0; i < leaf.length; i++) {
    const changed = () => verifyNode(issuedBy(parseCertificate(leaf.with(i, (leaf[i] ?? 0) ^ 1)), ask.key, 'VCEK'));
    expect(changed, `byte ${i}`).toThrow(TwinlockError);
    expect(() => parseCertificate(leaf.subarray(0, i)), `${i} bytes`).toThrow(code('malformed'));
  }
});
