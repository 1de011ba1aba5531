import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Endorsements, NO_ENDORSEMENTS } from '../../../../src/core/attest/endorsements.ts';
import { azureHcl } from '../../../../src/core/attest/paravisor/hcl.ts';
import { parseRuntime } from '../../../../src/core/attest/paravisor/runtime.ts';
import { tdxEndorsementsOfPcs } from '../../../../src/core/attest/tdx/collateral-json.ts';
import { appraiseTpm } from '../../../../src/core/attest/tpm/appraise.ts';
import type { TpmReport } from '../../../../src/core/attest/tpm/report.ts';
import { tpmtSignatureOf } from '../../../../src/core/attest/tpm/signature-forms.ts';
import { fromBase64url, fromHex, toBase64url, toHex, utf8 } from '../../../../src/core/bytes.ts';
import { derOfPem } from '../../../../src/core/x509/pem.ts';
import { verifyNode } from '../../../../src/platform/verify-node.ts';
import { vectorPath } from '../../../vectors.ts';

/** Confidential VMs of Azure; SOURCES.md beside the files says what each must show. */

const text = (...path: string[]): string => readFileSync(vectorPath(...path), 'utf8');
/** Skips, visibly, where one of the files is not there: some are kept back for others. */
const withFile = (...path: string[]) => (existsSync(vectorPath(...path)) ? test : test.skip);

interface Machine {
  readonly hcl: Uint8Array;
  readonly quote: { readonly message: Uint8Array; readonly signature: Uint8Array; readonly pcrs: readonly string[] };
  /** VCEK in DER. */
  readonly vcek: Uint8Array | null;
  readonly tdQuote: Uint8Array | null;
}

function readMachine(file: string): Machine {
  const json = JSON.parse(text('azure-vtpm', file));
  if (Array.isArray(json.report)) {
    const bytes = (list: number[]) => Uint8Array.from(list);
    const { message, signature, pcrs } = json.quote;
    return {
      hcl: bytes(json.report),
      quote: { message: bytes(message), signature: bytes(signature), pcrs: pcrs.map(bytes).map(toHex) },
      vcek: derOfPem(json.vcek, 'CERTIFICATE')[0] ?? null,
      tdQuote: null,
    };
  }
  const { message, signature, pcrs } = json.tpm_quote;
  const quote = { message: fromHex(message), signature: fromHex(signature), pcrs };
  const unpadded = (base64url: string) => fromBase64url(base64url.replace(/=+$/, ''));
  const optional = (one: string | undefined) => (one === undefined ? null : unpadded(one));
  const [vcek, tdQuote] = [optional(json.vcek), optional(json.td_quote)];
  return { hcl: unpadded(json.hcl_report), quote, vcek, tdQuote };
}

function reportOf({ hcl, quote, tdQuote }: Machine): TpmReport {
  const { hardware, runtime } = azureHcl(hcl);
  const { key } = parseRuntime(runtime);
  return {
    platform: 'tpm',
    attest: toBase64url(quote.message),
    signature: toBase64url(tpmtSignatureOf({ raw: quote.signature, key })),
    pcrs: quote.pcrs.map((value, index) => ({ index, value })),
    identity: {
      kind: 'runtime',
      runtime: toBase64url(runtime),
      hardware:
        hardware.platform === 'snp'
          ? { platform: 'snp', report: toBase64url(hardware.report) }
          : { platform: 'tdx', quote: toBase64url(tdQuote ?? new Uint8Array(0)) },
    },
  };
}

function amd({ vcek }: Machine, ca: string): Endorsements {
  const [ask = new Uint8Array(0)] = derOfPem(text('snp', ca), 'CERTIFICATE');
  const snp = { vek: toBase64url(vcek ?? new Uint8Array(0)), ask: toBase64url(ask), crl: null };
  return { ...NO_ENDORSEMENTS, snp };
}

async function reach(report: TpmReport, endorsements: Endorsements, at: string, nonce: Uint8Array) {
  const result = await appraiseTpm({
    report,
    expectedData: nonce,
    endorsements,
    referenceValues: null,
    instantMs: Date.parse(at),
    verify: verifyNode,
  });
  return { ...result, failed: result.rules.filter(({ pass }) => !pass).map(({ rule }) => rule) };
}

const SNP_MACHINES = [
  {
    file: 'snp-genoa-v0.json',
    ca: 'ca-genoa.pem',
    nonce: fromHex('0218488bae25d2509232bf676f1a66a30d7372add909109b36016ef136f2938ca05475f8b46094de6b64270ea35d950f'),
    claims: {
      'snp.measurement':
        'f57dc09a507c6ecd82369bffb600f0003792f4d99bc26e985ec0c266fc34faf3706faf814c9e61065768a6ff917c89ae',
      'snp.report-data': `b581f12e29a2d7d64e5e0b738d563879a78b51c644d0fa0cce02b48699f6bf5f${'00'.repeat(32)}`,
      'tpm.pcr-digest': '2b30a66d715a7801b86d7912b710838bd3bd8d9aeec7c7135563f938cf8b3399',
      'tpm.pcr-0': 'afd689d0bb1c5f36f023fbaf574135f555a28a10c1f6b938d2a25e70c7783338',
    },
    label: 'snp-0506ffba875e939c',
  },
  {
    file: 'snp-milan-v1.json',
    ca: 'ca-milan.pem',
    nonce: utf8('challenge'),
    claims: {
      'snp.measurement':
        '6a063be9dd79f6371c842e480f8dc3b5c725961344e57130e88c5adf49e8f7f6c79b75a5eb77fc769959f4aeb2f9401e',
      'snp.report-data': `af2910341dd8108360e485f1b72494255190b9cdd5ccb44b73b883037cf99f21${'00'.repeat(32)}`,
      'tpm.pcr-digest': 'cfa3a9112493e8c8741c1d895ced6d05a9ea19a24a02a44a8b02eaf22a1b143f',
      'tpm.pcr-0': 'e15c44796beabf46abcec7c57e590942041e47497e4ec27571c8b7664f48dced',
    },
    label: 'snp-66a5a7b4403a3006',
  },
  {
    file: 'snp-milan-v2-userdata.json',
    ca: 'ca-milan.pem',
    nonce: fromHex('982f5c6e45df0ed3f10b6f60b02f0c8390e281300f3805e2279c16168cd6ae9aa398f647caa2338748cd0fd9f5f819ef'),
    claims: {
      'snp.measurement':
        '5b0ce64ad1c1f6375dbda5f760b98526ca1bcf91b8195091afc28e7b024251d68fe32e05af34048d6607678cd23283ff',
      'snp.report-data': `cf7cc0731c50f64876804b3943b2bfbd93dba69f5928e3df223e78ff34dd46ee${'00'.repeat(32)}`,
      'tpm.pcr-digest': '2304510eb15046d5c940e957b6ac93bc805e3ffcadb38e0a1b95442e552cb004',
      'tpm.pcr-0': '84275b2f4312cd4fc6cbe6b152ad3c3683e513d9f1e23c34fca160c8cca7a6a7',
    },
    label: 'snp-2e0e62a0e6f39bc4',
  },
];
const AT = '2025-06-01T00:00:00Z';

describe('a paravisor on SEV-SNP', () => {
  for (const { file, ca, nonce, claims, label } of SNP_MACHINES) {
    withFile('azure-vtpm', file)(`is authentic, of ${file}`, async () => {
      const machine = readMachine(file);
      const result = await reach(reportOf(machine), amd(machine, ca), AT, nonce);
      expect(result.failed).toEqual([]);
      expect(result.claims).toMatchObject({ ...claims, 'tpm.extra-data': toHex(nonce), 'tpm.secure-boot': 'true' });
      expect(result.label).toBe(label);
    });

    withFile('azure-vtpm', file)(`is refused for another nonce, of ${file}`, async () => {
      const machine = readMachine(file);
      const short = nonce.subarray(0, nonce.length - 1);
      expect((await reach(reportOf(machine), amd(machine, ca), AT, short)).failed).toEqual(['tpm.extra-data']);
    });

    withFile('azure-vtpm', file)(`is refused with a runtime that the hardware does not carry, of ${file}`, async () => {
      const machine = readMachine(file);
      const report = reportOf(machine);
      if (report.identity.kind !== 'runtime') throw new Error('expected a runtime');
      const runtime = new TextDecoder().decode(fromBase64url(report.identity.runtime));
      const changed = toBase64url(utf8(runtime.replace('"secure-boot":true', '"secure-boot":false')));
      const identity = { ...report.identity, runtime: changed };
      const { failed } = await reach({ ...report, identity }, amd(machine, ca), AT, nonce);
      expect(failed).toEqual(['tpm.key-certified', 'snp.report-data']);
    });
  }
});

describe('a paravisor on TDX', () => {
  const collateral = 'collateral-00806f050000-2025-09.json';

  withFile('azure-vtpm', 'tdx-v1.json')('is authentic, of an out-of-date platform', async () => {
    const machine = readMachine('tdx-v1.json');
    const endorsements = { ...NO_ENDORSEMENTS, tdx: tdxEndorsementsOfPcs(text('tdx', collateral)) };
    const result = await reach(reportOf(machine), endorsements, '2025-09-30T00:00:00Z', utf8('challenge'));
    expect(result.failed).toEqual([]);
    expect(result.claims).toMatchObject({
      'tdx.mr-td': '024a32b070383331181619fa387cb4d55d1e38879f989933055ccad5bc2db795d1737b66205949d15469dc8c1ba7ab7b',
      'tdx.report-data': `9734504f161d104c74e3165c15f779b06a9bb40dfa71937817d7eee68e593839${'00'.repeat(32)}`,
      'tdx.pck.fmspc': '00806f050000',
      'tpm.extra-data': toHex(utf8('challenge')),
      'tpm.pcr-digest': '6c0e21d918212d57872a752bcf358355d508d1d5b8cb632259b898b15f9f658d',
      'tpm.pcr-0': '782b20b10f55cc46e2142cc2145d548698073e5beb82752c8d7f9279f0d8a273',
    });
  });
});
