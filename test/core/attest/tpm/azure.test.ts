import { describe, expect, test } from 'vitest';
import { azureHcl } from '../../../../src/core/attest/paravisor/hcl.ts';
import { parseRuntime } from '../../../../src/core/attest/paravisor/runtime.ts';
import type { SnpReferenceValues } from '../../../../src/core/attest/snp/reference-values.ts';
import { appraiseTpm } from '../../../../src/core/attest/tpm/appraise.ts';
import { TPM_CLAIMS } from '../../../../src/core/attest/tpm/claims.ts';
import { concat, fromBase64url, fromHex, toBase64url, u8, utf8, ZERO_32 } from '../../../../src/core/bytes.ts';
import { digestOf } from '../../../../src/core/canonical.ts';
import { verifyNode } from '../../../../src/platform/verify-node.ts';
import {
  AZURE_INSTANT_MS,
  type AzureCase,
  type AzureFields,
  azureCase,
  type HclFields,
  hclBytes,
  MACHINE,
  PARAVISOR_AK,
  runtimeBytes,
  runtimeKey,
} from '../../../platforms/azure.ts';
import { akOf, EXTRA_DATA } from '../../../platforms/tpm.ts';
import { publicKeyOf } from '../../x509/certificate-kit.ts';

const code = (name: string) => expect.objectContaining({ code: name });
const PLATFORMS = ['snp', 'tdx'] as const;

function reach({ report, endorsements, referenceValues }: AzureCase) {
  const given = { endorsements, referenceValues, instantMs: AZURE_INSTANT_MS, verify: verifyNode };
  return appraiseTpm({ report, expectedData: EXTRA_DATA, ...given });
}

async function broken(fields: AzureFields): Promise<string[]> {
  const { rules } = await reach(azureCase(fields));
  return rules.filter(({ pass }) => !pass).map(({ rule }) => rule);
}

describe('a confidential VM with a paravisor', () => {
  test.each(PLATFORMS)('passes on %s, the rules of the hardware among its own', async (platform) => {
    const made = azureCase({ platform });
    const { label, rules, claims } = await reach(made);
    expect(rules.filter(({ pass }) => !pass)).toEqual([]);
    const names = rules.map(({ rule }) => rule);
    expect(names).toContain('tpm.key-certified');
    expect(names).toContain(`${platform}.report-data`);
    expect(label).toMatch(new RegExp(`^${platform}-`));
    expect(claims).toMatchObject({
      'tpm.ak': digestOf(publicKeyOf(PARAVISOR_AK)),
      'tpm.runtime': digestOf(made.runtime),
      'tpm.console-enabled': 'true',
      'tpm.secure-boot': 'true',
      'tpm.machine': MACHINE,
    });
    const unknown = Object.keys(claims).filter((name) => !name.startsWith(`${platform}.`) && !(name in TPM_CLAIMS));
    expect(unknown).toEqual([]);
    expect(claims).toHaveProperty([`${platform}.report-data`]);
  });

  test('says that the attributes of its key are not asked', async () => {
    const { rules } = await reach(azureCase());
    expect(rules.find(({ rule }) => rule === 'tpm.key-attributes')).toMatchObject({
      expected: 'not asked of the key of a paravisor',
      pass: true,
    });
  });

  test.each(PLATFORMS)(
    'is refused on %s unless the report data is the hash of the runtime and zeros',
    async (platform) => {
      const hash = new Uint8Array(32).fill(1);
      const rules = ['tpm.key-certified', `${platform}.report-data`];
      expect(await broken({ platform, reportData: concat(hash, ZERO_32) })).toEqual(rules);
      const runtime = azureCase({ platform }).runtime;
      const reportData = concat(fromHex(digestOf(runtime)), u8(1), new Uint8Array(31));
      expect(await broken({ platform, reportData })).toEqual(rules);
    },
  );

  test('is refused for a quote by another key than the runtime names', async () => {
    expect(await broken({ quote: { key: akOf('RSASSA', 0x65) } })).toEqual(['tpm.signature']);
  });

  test('is refused for a hardware report that fails, by the rule of the hardware and by tpm.key-certified', async () => {
    expect(await broken({ snp: { report: { policy: 0xb_001fn } } })).toEqual(
      expect.arrayContaining(['tpm.key-certified', 'snp.debug']),
    );
  });

  test.each(PLATFORMS)('is refused on %s where policy has no paravisor for it', async (platform) => {
    for (const paravisor of [null, {}]) {
      const failed = await broken({ platform, referenceValues: { paravisor } });
      expect(failed).toContain('tpm.paravisor');
    }
  });

  test('is refused for a report of a guest, which may put there a key of its choice', async () => {
    const paravisor = {
      snp: { ...(azureCase().referenceValues.paravisor?.snp as SnpReferenceValues), vmpls: [2] },
    };
    const failed = await broken({ snp: { report: { vmpl: 2 } }, referenceValues: { paravisor } });
    expect(failed).toEqual(['tpm.paravisor-vmpl']);
  });

  test('needs no policy that a TPM alone is enough', async () => {
    const { rules } = await reach(azureCase({ referenceValues: { alone: false } }));
    expect(rules.find(({ rule }) => rule === 'tpm.alone')).toMatchObject({ pass: true, got: 'a hardware report' });
  });
});

describe('the runtime JSON', () => {
  const parse = (fields: AzureFields) => () => parseRuntime(runtimeBytes(fields));

  test('gives the key that quotes, and null for what it does not say', () => {
    expect(parse({ runtime: { 'vm-configuration': undefined } })()).toEqual({
      key: { family: 'RSA', publicKey: publicKeyOf(PARAVISOR_AK) },
      consoleEnabled: null,
      secureBoot: null,
      machine: null,
    });
  });

  test.each<[string, AzureFields]>([
    ['no keys', { runtime: { keys: undefined } }],
    ['no key of that id', { ak: { kid: 'HCLEkPub' } }],
    ['two keys of that id', { runtime: { keys: [runtimeKey, runtimeKey] } }],
    ['nine keys', { runtime: { keys: Array.from({ length: 9 }, () => ({})) } }],
    ['a key that is not RSA', { ak: { kty: 'EC' } }],
    ['a key that encrypts', { ak: { key_ops: ['encrypt'] } }],
    ['a key that encrypts too', { ak: { key_ops: ['sign', 'encrypt'] } }],
    ['a modulus with a leading zero', { ak: { n: `AAAA${runtimeKey.n}` } }],
    ['a modulus that is not base64url', { ak: { n: `${runtimeKey.n}=` } }],
    ['a console that is a word', { runtime: { 'vm-configuration': { 'console-enabled': 'no' } } }],
  ])('is refused with %s', (_, fields) => {
    expect(parse(fields)).toThrow(code('malformed'));
  });

  test('is refused with the exponent 3', () => {
    expect(parse({ ak: { e: 'Aw' } })).toThrow(code('invalid_key'));
  });

  test('is refused with a member twice: the hash is over both, and parsers take either', () => {
    const text = new TextDecoder().decode(runtimeBytes());
    const twice = utf8(text.replace('"kty":"RSA"', '"kty":"RSA","kty":"RSA"'));
    expect(() => parseRuntime(twice)).toThrow(code('malformed'));
  });

  test('is refused where it is not UTF-8', () => {
    expect(() => parseRuntime(u8(0xff))).toThrow(code('malformed'));
  });

  test('is refused cut short anywhere', () => {
    const bytes = runtimeBytes();
    for (let length = 0; length < bytes.length; length++) {
      expect(() => parseRuntime(bytes.subarray(0, length))).toThrow(code('malformed'));
    }
  });

  test('is refused with any byte flipped', async () => {
    const made = azureCase();
    for (let i = 0; i < made.runtime.length; i += 7) {
      const runtime = made.runtime.with(i, (made.runtime[i] ?? 0) ^ 1);
      const identity = { ...made.report.identity, runtime: toBase64url(runtime) } as AzureCase['report']['identity'];
      const result = await reach({ ...made, report: { ...made.report, identity } }).catch(() => null);
      expect(result?.rules.every(({ pass }) => pass) ?? false).toBe(false);
    }
  });
});

describe('the HCL report', () => {
  const runtime = runtimeBytes();

  test('is hardware report and runtime', () => {
    const hardware = Uint8Array.from({ length: 1184 }, (_, i) => i % 251);
    expect(azureHcl(hclBytes({ hardware }))).toEqual({ hardware: { platform: 'snp', report: hardware }, runtime });
    const td = azureHcl(hclBytes({ hardware, kind: 4, padding: new Uint8Array() }));
    expect(td.hardware).toEqual({ platform: 'tdx', report: hardware.subarray(0, 1024) });
    // The rest of the index: nothing covers it, and nothing of it is read.
    expect(azureHcl(hclBytes({ padding: u8(1) })).runtime).toEqual(runtime);
  });

  test('carries the runtime exactly as it is appraised', () => {
    const { report, runtime: appraised } = azureCase();
    const { identity } = report;
    const parts = azureHcl(hclBytes({ runtime: appraised }));
    expect(identity.kind === 'runtime' && fromBase64url(identity.runtime)).toEqual(parts.runtime);
  });

  test('is refused cut short anywhere before its padding', () => {
    const bytes = hclBytes({ padding: new Uint8Array() });
    for (let length = 0; length < bytes.length; length++) {
      expect(() => azureHcl(bytes.subarray(0, length))).toThrow(expect.objectContaining({ code: expect.any(String) }));
    }
  });

  test.each<[string, HclFields, string]>([
    ['another signature', { signature: 'HCLB' }, 'malformed'],
    ['runtime data of version 2', { version: 2 }, 'unsupported_version'],
    ['a VBS report', { kind: 1 }, 'malformed'],
    ['SHA-384', { hash: 2 }, 'unsupported_algorithm'],
    ['two lengths that differ', { dataBytes: runtime.length }, 'malformed'],
    ['more runtime than there is', { size: 10_000, dataBytes: 10_020 }, 'malformed'],
  ])('is refused with %s', (_, fields, name) => {
    expect(() => azureHcl(hclBytes(fields))).toThrow(code(name));
  });
});
