import { describe, expect, test } from 'vitest';
import { appraiseParts, type PartsToAppraise } from '../../../src/core/attest/compose.ts';
import { type Endorsements, NO_ENDORSEMENTS } from '../../../src/core/attest/endorsements.ts';
import {
  NO_REFERENCE_VALUES,
  parseReferenceValues,
  type ReferenceValues,
} from '../../../src/core/attest/reference-values.ts';
import { revokedRule } from '../../../src/core/attest/revocation.ts';
import { toHex } from '../../../src/core/bytes.ts';
import { verifyNode } from '../../../src/platform/verify-node.ts';
import { evidenceOf, makeDevice, referenceValuesFor, TEST_NONCE } from '../../platforms/nvidia.ts';
import { SNP_INSTANT_MS, type SnpOptions, snpCase } from '../../platforms/snp.ts';
import { makeTdx, makeTdxEndorsements, TDX_REFERENCE_VALUES } from '../../platforms/tdx.ts';
import {
  nrasTokens,
  nrasValues,
  TOKEN_ENDORSEMENTS,
  TOKEN_INSTANT_MS,
  trustAuthorityToken,
  trustAuthorityValues,
} from '../../platforms/token.ts';
import { EXTRA_DATA, TPM_INSTANT_MS, tpmReferenceValues, tpmReport } from '../../platforms/tpm.ts';

const code = (name: string) => expect.objectContaining({ code: name });
const DATA = new Uint8Array(64).fill(7);
const DEVICE = makeDevice({});

interface Case {
  readonly parts: Partial<PartsToAppraise>;
  readonly values: Partial<ReferenceValues>;
  readonly endorsements: Endorsements;
  readonly instantMs: number;
}

function snp(options: SnpOptions): Case {
  const { report, endorsements, referenceValues } = snpCase({
    ...options,
    report: { reportData: DATA, ...options.report },
    referenceValues: { chips: null },
  });
  return { parts: { report }, values: { snp: referenceValues }, endorsements, instantMs: SNP_INSTANT_MS };
}

const TDX = makeTdx({ body: { reportData: toHex(DATA) } });
const tdx = (endorsements = TDX.endorsements): Case => ({
  parts: { report: TDX.report },
  values: { tdx: TDX_REFERENCE_VALUES },
  endorsements: { ...NO_ENDORSEMENTS, tdx: endorsements },
  instantMs: SNP_INSTANT_MS,
});
const ita = (platform: string | undefined): Case => ({
  parts: { report: trustAuthorityToken(DATA, { payload: { platform_instance_id: platform } }) },
  values: { 'intel-trust-authority': { ...trustAuthorityValues(), platforms: null } },
  endorsements: TOKEN_ENDORSEMENTS,
  instantMs: TOKEN_INSTANT_MS,
});

const CASES: Readonly<Record<string, Case>> = {
  'a VCEK of Milan': snp({}),
  'a VCEK of Turin': snp({ product: 'Turin' }),
  'a VLEK of Genoa': snp({ product: 'Genoa', signer: 'vlek', report: { chipId: new Uint8Array(64).fill(0x77) } }),
  'a TD': tdx(),
  'a TPM': {
    parts: { report: tpmReport({ extraData: EXTRA_DATA }), reportData: EXTRA_DATA },
    values: { tpm: tpmReferenceValues() },
    endorsements: NO_ENDORSEMENTS,
    instantMs: TPM_INSTANT_MS,
  },
  'a token of Trust Authority': ita('5a'.repeat(16)),
  'a GPU': {
    parts: { gpu: evidenceOf(DEVICE) },
    values: { gpu: { gpus: [1], switches: [0], spdm: referenceValuesFor() } },
    endorsements: NO_ENDORSEMENTS,
    instantMs: SNP_INSTANT_MS,
  },
  'the tokens of NRAS': {
    parts: { gpu: nrasTokens(TEST_NONCE, { gpus: 2 }) },
    values: { gpu: { gpus: [2], switches: [0], nras: nrasValues() } },
    endorsements: TOKEN_ENDORSEMENTS,
    instantMs: TOKEN_INSTANT_MS,
  },
};

function appraiseCase(
  { parts, values, endorsements, instantMs }: Case,
  revoked: readonly (readonly [string, string])[],
) {
  const given = { report: null, reportData: DATA, gpu: null, gpuNonce: TEST_NONCE, evidence: 'ee'.repeat(32) };
  const entries = revoked.map(([claim, value]) => ({ claim, value }));
  const referenceValues = parseReferenceValues({ ...NO_REFERENCE_VALUES, ...values, revoked: entries });
  return appraiseParts({ ...given, ...parts }, { endorsements, referenceValues, instantMs, verify: verifyNode });
}

/** What the rule got; null where it passed. */
async function revokedOf(given: Case, ...revoked: readonly (readonly [string, string])[]): Promise<string | null> {
  const { rules } = await appraiseCase(given, revoked);
  const rule = rules.find((one) => one.rule === 'composite.revoked');
  return rule === undefined || rule.pass ? null : rule.got;
}

const familyOf = (name: string) => name.replace(/\.(?:gpu|switch)-[0-9]+\./, '.');
/** How many devices there are, and no advisory, are for the other rules. */
const isRevocable = ([name, value]: readonly [string, string]) => !/^gpu\./.test(name) && value !== 'none';

test.each(Object.entries(CASES))(
  'every claim of %s can be revoked by the value it shows, in either case',
  async (_, it) => {
    const { claims } = await appraiseCase(it, []);
    const shown = Object.entries(claims).filter(isRevocable);
    expect(shown.length).toBeGreaterThan(10);
    for (const [name, value] of shown) {
      for (const spelt of [value, value.toLowerCase(), value.toUpperCase()]) {
        const { revoked } = parseReferenceValues({
          ...NO_REFERENCE_VALUES,
          revoked: [{ claim: familyOf(name), value: spelt }],
        });
        const { pass, got } = revokedRule(claims, revoked);
        expect({ pass, isNamed: got.split(', ').includes(`${name} ${value}`) }, name).toEqual({
          pass: false,
          isNamed: true,
        });
      }
    }
    expect(await revokedOf(it)).toBeNull();
  },
);

describe('a chip that is revoked', () => {
  const chip = '77'.repeat(64);
  const showing = snp({ signer: 'vlek', report: { chipId: new Uint8Array(64).fill(0x77) } });
  const hiding = snp({ signer: 'vlek', report: { chipId: new Uint8Array(64) } });

  test('is refused where it shows itself, and others are not', async () => {
    expect(await revokedOf(showing, ['snp.chip-id', chip])).toBe(`snp.chip-id ${chip}`);
    expect(await revokedOf(showing, ['snp.chip-id', '78'.repeat(64)])).toBeNull();
  });

  test('is refused where the cloud hides which it is, as every hidden chip is then', async () => {
    expect(await revokedOf(hiding, ['snp.chip-id', chip])).toBe('the chip is hidden');
    expect(await revokedOf(hiding, ['snp.chip-id', chip], ['snp.chip-id', '78'.repeat(64)])).toBe('the chip is hidden');
    expect(await revokedOf(hiding, ['snp.product', 'Turin'])).toBeNull();
  });

  test('may be named by its first 8 bytes: all that a Turin has', async () => {
    const turin = snp({ product: 'Turin' });
    const { claims } = await appraiseCase(turin, []);
    const hwid = claims['snp.chip-id']?.slice(0, 16) ?? '';
    expect(claims['snp.chip-id']).toBe(hwid.padEnd(128, '0'));
    expect(await revokedOf(turin, ['snp.chip-id', hwid])).toContain('snp.chip-id');
    expect(await revokedOf(turin, ['snp.chip-id', `ff${hwid.slice(2)}`])).toBeNull();
  });
});

test('a platform of Trust Authority that is revoked cannot pass by a token that names none', async () => {
  expect(await revokedOf(ita(undefined), ['ita.platform', '5a'.repeat(16)])).toBe('the platform is hidden');
  expect(await revokedOf(ita('5b'.repeat(16)), ['ita.platform', '5a'.repeat(16)])).toBeNull();
});

test('one advisory of several is enough', async () => {
  const tcbInfo = JSON.parse(TDX.endorsements.tcbInfo);
  for (const level of tcbInfo.tcbLevels) level.advisoryIDs = ['INTEL-SA-00001', 'INTEL-SA-00002'];
  const { tcbLevels } = tcbInfo;
  const advised = tdx(makeTdxEndorsements({ tcbInfo: { tcbLevels } }));
  expect(await revokedOf(advised, ['tdx.tcb.advisories', 'intel-sa-00002'])).toContain('INTEL-SA-00002');
  expect(await revokedOf(advised, ['tdx.tcb.advisories', 'INTEL-SA-00003'])).toBeNull();
});

test('a serial number is the same with the zeros before it and without', async () => {
  const { claims } = await appraiseCase(tdx(), []);
  const serial = claims['tdx.pck.serial'] ?? '';
  expect(await revokedOf(tdx(), ['tdx.pck.serial', `0000${serial}`])).toBe(`tdx.pck.serial ${serial}`);
});

test.each([
  ['snp.chip-id', '77'.repeat(63)],
  ['snp.chip-id', '77'.repeat(9)],
  ['snp.chip-id', `0x${'77'.repeat(63)}`],
  ['snp.product', 'Rome'],
  ['snp.vmpl', '01'],
  ['snp.vmpl', '-1'],
  ['snp.debug', 'true'],
  ['snp.current-fw', '1.55.24'],
  ['tdx.pck.fmspc', '90C06F00000'],
  ['tdx.pck.fmspc', '90 C0 6F 00 00 00'],
  ['tdx.tcb.advisories', 'INTEL-SA-00001 INTEL-SA-00002'],
  ['tdx.tcb.advisories', 'SA-00001'],
  ['tdx.tcb.status', 'OutOfdate '],
  ['tdx.pck.serial', '01:02:03'],
  ['tpm.safe', '0'],
  ['tpm.machine', '5a'.repeat(16)],
  ['nvidia.chip', 'LS_10'],
  ['nvidia.driver', 'R550'],
  ['nvidia.vbios', '96.00.5E.00'],
  ['nvidia.architecture', 'ada'],
  ['nras.driver', ' 550.144.03'],
  ['ita.platform', '5a'.repeat(15)],
  ['simulated.chip', 'aa'],
  ['simulated.chip', ''],
])('a revocation of %s "%s", which no evidence could claim, is refused', (claim, value) => {
  const values = { ...NO_REFERENCE_VALUES, revoked: [{ claim, value }] };
  expect(() => parseReferenceValues(values)).toThrow(code('malformed'));
  expect(() => parseReferenceValues(values)).toThrow(/^reference values\.revoked\.0\.value: expected /);
});
