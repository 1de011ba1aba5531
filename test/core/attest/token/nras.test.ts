import { describe, expect, test, vi } from 'vitest';
import { type Endorsements, NO_ENDORSEMENTS } from '../../../../src/core/attest/endorsements.ts';
import { NRAS_CLAIMS } from '../../../../src/core/attest/token/claims.ts';
import { appraiseNras } from '../../../../src/core/attest/token/nras.ts';
import { type NrasReferenceValues, nrasReferenceValues } from '../../../../src/core/attest/token/reference-values.ts';
import { type NrasEvidence, nrasEvidence } from '../../../../src/core/attest/token/report.ts';
import { toBase64url } from '../../../../src/core/bytes.ts';
import type { Verify } from '../../../../src/core/signature/claim.ts';
import { verifyNode } from '../../../../src/platform/verify-node.ts';
import {
  certificateOf,
  ITA,
  jwksOf,
  keySetOf,
  NRAS,
  type NrasChanges,
  nrasTokens,
  nrasValues,
  publicJwk,
  TOKEN_ENDORSEMENTS,
  TOKEN_INSTANT_MS,
} from '../../../platforms/token.ts';
import { testKey } from '../../x509/certificate-kit.ts';

const NONCE = new Uint8Array(32).fill(7);
const NOW = TOKEN_INSTANT_MS / 1000;
const OVERALL = ['algorithm', 'key', 'key-trusted', 'signature', 'issuer', 'time'];
const ALL = ['nonce', 'result', 'submodules', 'distinct', 'one-driver', 'claims-version'];
const DEVICE = [
  ...['nonce', 'checks', 'measurements', 'debug', 'secure-boot', 'warning', 'hwmodel', 'driver', 'vbios'],
];

const appraised = (report: NrasEvidence, changes: Partial<Parameters<typeof appraiseNras>[0]> = {}) =>
  appraiseNras({
    report,
    expectedData: NONCE,
    endorsements: TOKEN_ENDORSEMENTS,
    referenceValues: nrasValues(),
    instantMs: TOKEN_INSTANT_MS,
    verify: verifyNode,
    ...changes,
  });

async function broken(report: NrasEvidence, changes: Partial<Parameters<typeof appraiseNras>[0]> = {}) {
  const { rules } = await appraised(report, changes);
  return rules.filter(({ pass }) => !pass).map(({ rule }) => rule.slice('nras.'.length));
}

const tokens = (changes: NrasChanges = {}) => nrasTokens(NONCE, changes);
const device = (payload: Readonly<Record<string, unknown>>) => tokens({ device: { payload } });
const overall = (payload: Readonly<Record<string, unknown>>) => tokens({ overall: { payload } });

describe('tokens of NRAS', () => {
  test('that keep every rule pass, in both versions of their claims', async () => {
    for (const version of ['2.0', '3.0'] as const) {
      const { rules, claims, label } = await appraised(tokens({ version, gpus: 2 }));
      expect(rules.filter(({ pass }) => !pass)).toEqual([]);
      expect(rules.map(({ rule }) => rule)).toEqual(
        [
          ...[...OVERALL, ...ALL],
          ...['gpu-0', 'gpu-1'].flatMap((gpu) => [...OVERALL, ...DEVICE].map((rule) => `${gpu}.${rule}`)),
        ].map((rule) => `nras.${rule}`),
      );
      expect(claims).toMatchObject({ 'gpu.count': '2', 'gpu.switches': '0', 'nras.claims-version': version });
      const families = new Set(Object.keys(claims).map((name) => name.replace(/\.gpu-[0-9]+\./, '.')));
      const named = Object.keys(NRAS_CLAIMS).filter((name) => name.startsWith('nras.'));
      expect([...families].sort()).toEqual(['gpu.count', 'gpu.switches', ...named].toSorted());
      expect(label).toBe('gpu-5491728318197586');
    }
  });

  const switchValues = nrasValues({ hwModels: ['GH100', 'LS_10 A01 FSP BROM'], vbioses: ['96.10.55.00.01'] });

  test('of NVSwitches are counted and judged as such, without a driver', async () => {
    const report = tokens({ version: '3.0', gpus: 0, switches: 2 });
    const { rules, claims } = await appraised(report, { referenceValues: switchValues });
    expect(rules.filter(({ pass }) => !pass)).toEqual([]);
    const ofSwitch = [...OVERALL, ...DEVICE].filter((rule) => rule !== 'driver');
    expect(rules.map(({ rule }) => rule)).toEqual(
      [
        ...[...OVERALL, ...ALL],
        ...['switch-0', 'switch-1'].flatMap((one) => ofSwitch.map((rule) => `${one}.${rule}`)),
      ].map((rule) => `nras.${rule}`),
    );
    expect(claims).toMatchObject({
      ...{ 'gpu.count': '0', 'gpu.switches': '2' },
      ...{ 'nras.switch-1.vbios': '96.10.55.00.01', 'nras.switch-1.driver': 'absent' },
    });
  });

  test('of GPUs beside NVSwitches come in one order', async () => {
    const report = tokens({ version: '3.0', gpus: 2, switches: 1 });
    const { claims, rules } = await appraised(report, { referenceValues: null });
    expect(claims).toMatchObject({ 'gpu.count': '2', 'gpu.switches': '1' });
    expect(rules.filter(({ pass }) => !pass)).toEqual([]);
  });

  const REPORT_CHECKS = [
    ...['arch-check', 'attestation-report-parsed', 'attestation-report-signature-verified'],
    'attestation-report-nonce-match',
  ];
  const rimChecks = (rim: string) =>
    ['fetched', 'schema-validated', 'signature-verified', 'measurements-available'].map((end) => `${rim}-rim-${end}`);
  const GPU_CHECKS = [...REPORT_CHECKS, ...rimChecks('driver'), ...rimChecks('vbios'), 'vbios-index-no-conflict'];
  const VERSION_2_CHECKS = [
    ...['attestation-report-cert-chain-validated', 'driver-rim-cert-validated', 'vbios-rim-cert-validated'],
  ];
  const VERSION_3_CHECKS = [
    ...['attestation-report-cert-chain-fwid-match', 'driver-rim-version-match', 'vbios-rim-version-match'],
    ...['attestation-report-cert-chain', 'driver-rim-cert-chain', 'vbios-rim-cert-chain'],
  ];
  const SWITCH_CHECKS = [
    ...[...REPORT_CHECKS, ...rimChecks('bios'), 'bios-rim-version-match', 'bios-rim-cert-chain'],
    ...['attestation-report-cert-chain-fwid-match', 'attestation-report-cert-chain'],
  ];

  test.each([
    ['gpu', '2.0', [...GPU_CHECKS, ...VERSION_2_CHECKS]],
    ['gpu', '3.0', [...GPU_CHECKS, ...VERSION_3_CHECKS]],
    ['switch', '3.0', SWITCH_CHECKS],
  ] as const)('of a %s in version %s are refused without any one check', async (kind, version, checks) => {
    for (const check of checks) {
      const count = kind === 'gpu' ? { gpus: 1 } : { gpus: 0, switches: 1 };
      const report = tokens({ version, ...count, device: { payload: { [`x-nvidia-${kind}-${check}`]: undefined } } });
      const { rules } = await appraised(report, kind === 'gpu' ? {} : { referenceValues: switchValues });
      expect(rules.filter(({ pass }) => !pass)).toMatchObject([{ rule: `nras.${kind}-0.checks`, got: check }]);
    }
  });

  test.each([
    ['in a version of claims that has none of them', { version: '2.0' }, {}, ['claims-version', 'switch-0.checks']],
    ['of another model', {}, { hwmodel: 'LS_11' }, ['switch-0.hwmodel']],
    ['of another BIOS', {}, { 'x-nvidia-switch-bios-version': '96.10.55.00.02' }, ['switch-0.vbios']],
    ['with a check that failed', {}, { 'x-nvidia-switch-bios-rim-fetched': false }, ['switch-0.checks']],
    ['with a check left out', {}, { 'x-nvidia-switch-arch-check': undefined }, ['switch-0.checks']],
    ['with a chain that is not good', {}, { 'x-nvidia-switch-bios-rim-cert-chain': {} }, ['switch-0.checks']],
    ['whose measurements differ', {}, { measres: 'fail' }, ['switch-0.measurements']],
    ['that is debugged', {}, { dbgstat: 'enabled' }, ['switch-0.debug']],
  ] satisfies [string, NrasChanges, object, string[]][])(
    'of a switch %s are refused',
    async (_, changes, payload, rules) => {
      const report = tokens({ version: '3.0', gpus: 0, switches: 1, device: { payload }, ...changes });
      const referenceValues = { ...switchValues, claimsVersions: ['3.0' as const] };
      expect(await broken(report, { referenceValues })).toEqual(rules);
    },
  );

  test('of a GPU under the name of a switch, and the other way round, are refused', async () => {
    const renamed = (from: string, to: string) => (devices: NrasEvidence['devices']) =>
      devices.map(({ name, token }) => ({ name: name.replace(from, to), token }));
    for (const [changes, rule] of [
      [{ gpus: 1, named: renamed('GPU', 'SWITCH'), shown: renamed('GPU', 'SWITCH') }, 'switch-0.checks'],
      [{ gpus: 0, switches: 1, named: renamed('SWITCH', 'GPU'), shown: renamed('SWITCH', 'GPU') }, 'gpu-0.checks'],
    ] as const) {
      expect(await broken(tokens({ version: '3.0', ...changes }), { referenceValues: switchValues })).toContain(rule);
    }
  });

  test('are checked without reference values for what they are in themselves', async () => {
    const report = tokens({ device: { payload: { dbgstat: 'enabled', hwmodel: 'other' } } });
    const { rules } = await appraised(report, { referenceValues: null, expectedData: null });
    const left = OVERALL.filter((rule) => rule !== 'key-trusted');
    expect(rules.map(({ rule, pass }) => [rule, pass])).toEqual(
      [
        ...left,
        ...['result', 'submodules', 'distinct', 'one-driver'],
        ...[...left, 'nonce', 'checks'].map((rule) => `gpu-0.${rule}`),
      ].map((rule) => [`nras.${rule}`, true]),
    );
  });

  const key = testKey('ES384', 120);
  const signed = ['algorithm', 'signature'];
  const unknown = ['key', 'key-trusted', 'signature'];
  test.each<[string, NrasEvidence, string[]]>([
    ['that name no algorithm', tokens({ overall: { header: { alg: 'none' } } }), signed],
    ['of a device that name another algorithm', tokens({ device: { header: { alg: 'ES256' } } }), signed.map(ofDevice)],
    ['signed with RSA', tokens({ overall: { key: ITA.key, header: { kid: ITA.kid } } }), ['algorithm', ...unknown]],
    ['of an unknown key', tokens({ overall: { header: { kid: 'other' } } }), unknown],
    ['of a device of an unknown key', tokens({ device: { header: { kid: 'other' } } }), unknown.map(ofDevice)],
    ['by another key', tokens({ overall: { key } }), ['signature']],
    ['of a device by another key', tokens({ device: { key } }), ['gpu-0.signature']],
    ['of another issuer', overall({ iss: 'https://nras.attestation.nvidia.com/' }), ['issuer']],
    ['of a device of another issuer', device({ iss: 'https://example.com' }), ['gpu-0.issuer']],
    ['that have expired', overall({ exp: NOW }), ['time']],
    ['of a device that have expired', device({ exp: NOW }), ['gpu-0.time']],
    ['of a device that are not valid yet', device({ nbf: NOW + 61 }), ['gpu-0.time']],
    ['issued in the future', overall({ iat: NOW + 61 }), ['time']],
    ['for another nonce', nrasTokens(new Uint8Array(32)), ['nonce']],
    ['of a device for another nonce', device({ eat_nonce: '00'.repeat(32) }), ['gpu-0.nonce']],
    ['of a device for no nonce', device({ eat_nonce: undefined }), ['gpu-0.nonce']],
    ['that NRAS did not pass', overall({ 'x-nvidia-overall-att-result': false }), ['result']],
    ['without a result', overall({ 'x-nvidia-overall-att-result': undefined }), ['result']],
    ['of an unknown version', overall({ 'x-nvidia-ver': '4.0' }), ['claims-version', 'gpu-0.checks']],
    ['of the checks of another version', overall({ 'x-nvidia-ver': '3.0' }), ['gpu-0.checks']],
    ['of measurements that differ', device({ measres: 'fail' }), ['gpu-0.measurements']],
    ['of no measurements', device({ measres: undefined }), ['gpu-0.measurements']],
    ['of a device that is being debugged', device({ dbgstat: 'enabled' }), ['gpu-0.debug']],
    ['of a device of which it is not known', device({ dbgstat: null }), ['gpu-0.debug']],
    ['of a device that did not boot securely', device({ secboot: false }), ['gpu-0.secure-boot']],
    ['of a device that may have booted securely', device({ secboot: null }), ['gpu-0.secure-boot']],
    ['with a warning', device({ 'x-nvidia-attestation-warning': 'a certificate is on hold' }), ['gpu-0.warning']],
    ['of another model', device({ hwmodel: 'GB100' }), ['gpu-0.hwmodel']],
    ['of another driver', device({ 'x-nvidia-gpu-driver-version': '535.86.09' }), ['gpu-0.driver']],
    ['of another VBIOS', device({ 'x-nvidia-gpu-vbios-version': '96.00.5E.00.01' }), ['gpu-0.vbios']],
  ])('%s are refused', async (_, report, rules) => {
    expect((await broken(report)).sort()).toEqual(rules.toSorted());
  });

  test.each([
    'x-nvidia-gpu-arch-check',
    'x-nvidia-gpu-attestation-report-signature-verified',
    'x-nvidia-gpu-attestation-report-cert-chain-validated',
    'x-nvidia-gpu-driver-rim-measurements-available',
    'x-nvidia-gpu-vbios-index-no-conflict',
  ])('without the check %s are refused', async (claim) => {
    for (const value of [false, null, undefined, 'true', 1]) {
      expect(await broken(device({ [claim]: value })), String(value)).toEqual(['gpu-0.checks']);
    }
  });

  test('with a check that failed and that no rule names are refused', async () => {
    const report = device({ 'x-nvidia-gpu-something-new': false, 'x-nvidia-gpu-something-else': true });
    const { rules } = await appraised(report);
    expect(rules.find(({ pass }) => !pass)).toMatchObject({ rule: 'nras.gpu-0.checks', got: 'something-new' });
  });

  test.each([
    [{ 'x-nvidia-cert-status': 'revoked', 'x-nvidia-cert-ocsp-status': 'good' }],
    [{ 'x-nvidia-cert-status': 'valid', 'x-nvidia-cert-ocsp-status': 'unknown' }],
    [{ 'x-nvidia-cert-status': 'valid' }],
    [true],
    [undefined],
  ])('of claims 3.0 whose certificate is %j are refused', async (chain) => {
    const payload = { 'x-nvidia-gpu-driver-rim-cert-chain': chain };
    expect(await broken(tokens({ version: '3.0', device: { payload } }))).toEqual(['gpu-0.checks']);
  });

  test('are held by no key of another service, and none that somebody put into the set', async () => {
    const others = { ...NO_ENDORSEMENTS, ...keySetOf(ITA, [NRAS.jwk]) };
    expect(await broken(tokens(), { endorsements: others })).toContain('key');
    const made = { ...TOKEN_ENDORSEMENTS, ...keySetOf(NRAS, [{ ...NRAS.jwk, ...publicJwk(key) }]) };
    const report = tokens({ overall: { key }, device: { key } });
    expect(await broken(report, { endorsements: made })).toEqual(['key-trusted', 'gpu-0.key-trusted']);
    const pinned = nrasValues({ anchors: [], keys: [NRAS.fingerprint] });
    expect(await broken(tokens(), { referenceValues: pinned })).toEqual([]);
  });
});

describe('the key set', () => {
  /** What an appraisal of so many devices costs: parses of the set, and signatures on certificates. */
  async function costOf(gpus: number, endorsements: Endorsements, changes: Partial<NrasReferenceValues> = {}) {
    const { nras: jwks = '' } = endorsements;
    const parse = vi.spyOn(JSON, 'parse');
    let certificates = 0;
    const counting: Verify = (claim) => {
      if (claim.what.startsWith('the certificate')) certificates++;
      return verifyNode(claim);
    };
    try {
      const given = { endorsements, referenceValues: nrasValues(changes), verify: counting };
      const failed = await broken(tokens({ gpus }), given);
      return { failed: failed.length, parses: parse.mock.calls.filter(([text]) => text === jwks).length, certificates };
    } finally {
      parse.mockRestore();
    }
  }

  const padding = Array.from({ length: 60 }, (_, i) => ({ kid: `other-${i}`, n: 'A'.repeat(1900) }));
  const large = { ...TOKEN_ENDORSEMENTS, ...keySetOf(NRAS, [NRAS.jwk, ...padding]) };

  test('is parsed once and its key trusted once, however many devices there are', async () => {
    expect(large.nras?.length).toBeGreaterThan(110_000);
    // The leaf's signature and the intermediate's.
    for (const gpus of [1, 16]) expect(await costOf(gpus, large)).toEqual({ failed: 0, parses: 1, certificates: 2 });
  });

  test('is refused once: what cannot be parsed, and a key that does not chain', async () => {
    const unparsed = { ...large, nras: `${jwksOf(NRAS)} {` };
    const refused = { failed: 17 * 3, parses: 1, certificates: 0 };
    expect(await costOf(16, unparsed)).toEqual(refused);
    const forged = certificateOf(NRAS, NRAS.key, { signer: testKey('ES256', 9) });
    const untrusted = { ...large, ...keySetOf(NRAS, [{ ...NRAS.jwk, x5c: [forged] }]) };
    const anchors = [toBase64url(NRAS.intermediate)];
    expect(await costOf(16, untrusted, { anchors })).toEqual({ failed: 17, parses: 1, certificates: 1 });
  });

  test('gives each of several keys its own trust', async () => {
    const other = testKey('ES384', 121);
    const jwk = {
      ...publicJwk(other),
      kid: 'nras-2',
      x5c: [certificateOf(NRAS, other, { signer: testKey('ES256', 9) })],
    };
    const endorsements = { ...TOKEN_ENDORSEMENTS, ...keySetOf(NRAS, [NRAS.jwk, jwk]) };
    const report = tokens({ gpus: 2, device: { key: other, header: { kid: 'nras-2' } } });
    const referenceValues = nrasValues({ anchors: [toBase64url(NRAS.intermediate)] });
    expect(await broken(report, { endorsements, referenceValues })).toEqual(['gpu-0.key-trusted']);
  });
});

test('tokens that have expired count for as long as reference values say', async () => {
  const report = tokens({ overall: { payload: { exp: NOW } }, device: { payload: { exp: NOW - 30 } } });
  const reach = (graceMs: number) => broken(report, { referenceValues: nrasValues({ graceMs }) });
  expect(await reach(0)).toEqual(['time', 'gpu-0.time']);
  expect(await reach(30_000)).toEqual(['gpu-0.time']);
  expect(await reach(30_001)).toEqual([]);
  expect(await broken(report, { referenceValues: null })).toEqual(['time', 'gpu-0.time']);
});

describe('the devices', () => {
  type Devices = NrasEvidence['devices'];
  const renamed = (devices: Devices): Devices =>
    devices.map(({ token }, i) => ({ name: `GPU-${devices.length - 1 - i}`, token }));

  test.each<[string, NrasChanges]>([
    ['one is missing', { gpus: 2, shown: (all) => all.slice(0, 1) }],
    ['one is too many', { gpus: 2, named: (all) => all.slice(0, 1) }],
    ['two have changed places', { gpus: 2, shown: (all) => renamed(all).toReversed() }],
    ['they come in another order', { gpus: 2, shown: (all) => all.toReversed() }],
    ['one stands there twice', { shown: (all) => [...all, ...all] }],
    ['one has another name', { shown: (all) => all.map(({ token }) => ({ name: 'GPU-1', token })) }],
    ['a token was replaced by another true one', { shown: () => nrasTokens(NONCE, { version: '3.0' }).devices }],
  ])('are refused where %s', async (_, changes) => {
    expect(await broken(tokens(changes))).toContain('submodules');
  });

  test('are refused where one GPU answers for two, or none says which it is', async () => {
    expect(await broken(tokens({ gpus: 2, device: { payload: { ueid: '645491728318197587' } } }))).toEqual([
      'distinct',
    ]);
    expect(await broken(device({ ueid: undefined }))).toEqual(['distinct']);
    expect((await appraised(device({ ueid: undefined }))).label).toBe('gpu-unnamed');
  });

  test('are refused where two GPUs have two drivers: they are of two machines', async () => {
    const payload = { 'x-nvidia-gpu-driver-version': '550.90.07' };
    const referenceValues = nrasValues({ drivers: ['595.71.05', '550.90.07'] });
    const report = (gpus: number) => tokens({ gpus, device: { payload } });
    expect(await broken(report(1), { referenceValues })).toEqual([]);
    expect(await broken(report(2), { referenceValues })).toEqual(['one-driver']);
  });

  test('are in the order of their numbers, not of their letters', async () => {
    expect(await broken(tokens({ gpus: 11 }))).toEqual([]);
  });
});

test.each<[string, NrasEvidence]>([
  ['a digest of another algorithm', overall({ submods: { 'GPU-0': ['DIGEST', ['SHA-384', '00'.repeat(48)]] } })],
  ['a device in place of its digest', overall({ submods: { 'GPU-0': ['JWT', 'e30.e30.AA'] } })],
  ['no devices', overall({ submods: undefined })],
  ['a result in text', overall({ 'x-nvidia-overall-att-result': 'true' })],
  ['a header that names an extension', tokens({ device: { header: { crit: ['exp'] } } })],
  ['a claim of another type', device({ ueid: 645491728318197 })],
  ['no expiry', device({ exp: undefined })],
])('tokens with %s cannot be parsed', async (_, report) => {
  await expect(appraised(report)).rejects.toThrow(expect.objectContaining({ code: 'malformed' }));
});

test('any changed character of a token is refused', async () => {
  const report = tokens();
  const [{ name, token }] = report.devices as [NrasEvidence['devices'][number]];
  const changed = (text: string, at: number) =>
    `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;
  const refused = (evidence: NrasEvidence) =>
    broken(evidence, { referenceValues: null }).catch((error: { readonly code: string }) => [error.code]);
  for (let at = 0; at < report.overall.length; at++) {
    if (report.overall[at] === '.') continue;
    expect(await refused({ ...report, overall: changed(report.overall, at) }), `overall ${at}`).not.toEqual([]);
  }
  // The overall token names the digest of this one, so that nothing of it is left to chance.
  for (let at = 0; at < token.length; at += 7) {
    const devices = [{ name, token: changed(token, at) }];
    expect(await refused({ ...report, devices }), `device ${at}`).not.toEqual([]);
  }
});

test('evidence names a device in one way', () => {
  const [one] = tokens().devices;
  for (const name of ['GPU-00', 'GPU-100', 'gpu-0', 'SWITCH-00', 'switch-0', 'GPU-']) {
    expect(nrasEvidence.safeParse({ ...tokens(), devices: [{ ...one, name }] }).success, name).toBe(false);
  }
  expect(nrasEvidence.safeParse(tokens({ gpus: 16 })).success).toBe(true);
  expect(nrasEvidence.safeParse({ ...tokens(), devices: [] }).success).toBe(false);
});

test('reference values that are empty refuse everybody', async () => {
  const empty: NrasReferenceValues = nrasValues({
    anchors: [],
    claimsVersions: [],
    hwModels: [],
    drivers: [],
    vbioses: [],
  });
  const each = ['driver', 'hwmodel', 'key-trusted', 'vbios'].map(ofDevice);
  expect((await broken(tokens(), { referenceValues: empty })).sort()).toEqual(
    ['claims-version', ...each, 'key-trusted'].sort(),
  );
  expect(nrasReferenceValues.safeParse(empty).success).toBe(true);
  expect(nrasReferenceValues.safeParse({ ...empty, claimsVersions: ['4.0'] }).success).toBe(false);
  expect(nrasReferenceValues.safeParse({ ...empty, more: [] }).success).toBe(false);
  // A claim that is not made cannot be allowed by its name.
  expect(nrasReferenceValues.safeParse({ ...empty, drivers: ['absent'] }).success).toBe(false);
});

function ofDevice(rule: string): string {
  return `gpu-0.${rule}`;
}
