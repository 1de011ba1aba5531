import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EvidenceCollector } from '../../../client/host/collector.ts';
import { proposeAsPrincipal } from '../../../client/principal/principal.ts';
import { parseAppraisal } from '../../../src/core/attest/appraisal.ts';
import { endorsementsBytes, NO_ENDORSEMENTS } from '../../../src/core/attest/endorsements.ts';
import type { HostBinding } from '../../../src/core/attest/evidence.ts';
import { fromBase64url, toBase64url, toHex, utf8 } from '../../../src/core/bytes.ts';
import { canonicalBytes, digestOf } from '../../../src/core/canonical.ts';
import { kemKeyPairFromSeed } from '../../../src/core/envelope/xwing.ts';
import type { TwinlockError } from '../../../src/core/errors.ts';
import type { StatementOf } from '../../../src/core/statement/statement.ts';
import { platformRandom } from '../../../src/platform/random.ts';
import { snpTcb } from '../../platforms/snp.ts';
import { enclaveLevelJson } from '../../platforms/tdx.ts';
import { depositFiles, publish, requestFor } from '../../world/vault/acts.ts';
import { openVault, type Vault } from '../../world/vault/vault.ts';
import { putFiles, snpFiles } from './endorsement-files.ts';
import { CHIP, gpusAt, HARDWARE_VALUES, snpHost, tdxHost, tokenHost, tokenTimes, tpmHost, utcTimeAt } from './hosts.ts';
import { type Unsent, unsent } from './wire.ts';

let vault: Vault;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'twinlock-endorsements-'));
  vault = await openVault({ policy: { referenceValues: HARDWARE_VALUES } }, { endorsements: { folder, mirrors: {} } });
  await depositFiles(vault, { 'weights.bin': utf8('the weights') });
  await publish(vault);
}, 60_000);
afterAll(async () => {
  await vault?.close();
  rmSync(folder, { recursive: true });
});

const entries = async () => (await vault.auditor.api.status()).entries;
const refusal = (code: string) => expect.objectContaining({ code });

/** The rule by which the vault refuses a host, and its words; no custodian has been bothered. */
async function refused(...hosts: readonly EvidenceCollector[]): Promise<readonly [rule: unknown, message: string]> {
  const before = await entries();
  const error: TwinlockError = await requestFor(vault, hosts).then(
    () => Promise.reject(new Error('expected the vault to refuse it')),
    (thrown: TwinlockError) => thrown,
  );
  expect(error.code).toBe('appraisal_failed');
  expect(await entries()).toBe(before);
  return [error.detail['rule'], error.message];
}

const otherKem = (binding: HostBinding): HostBinding => ({
  ...binding,
  kem: toBase64url(kemKeyPairFromSeed(new Uint8Array(32).fill(9)).publicKey),
});

/** What a host made for another occasion: the same in everything but the random part of its nonce. */
const otherNonce = (binding: HostBinding): HostBinding => ({ ...binding, random: 'ab'.repeat(32) });

describe('a vault refuses a host whose report was made', () => {
  test.each([
    ['for another KEM key, on SEV-SNP', snpHost({}, { bind: otherKem }), 'snp.report-data'],
    ['for another KEM key, on TDX', tdxHost({}, { bind: otherKem }), 'tdx.report-data'],
    ['for another KEM key, by a TPM', tpmHost({ bind: otherKem }), 'tpm.extra-data'],
    ['for another nonce, on SEV-SNP', snpHost({}, { bind: otherNonce }), 'snp.report-data'],
    ['for another nonce, on TDX', tdxHost({}, { bind: otherNonce }), 'tdx.report-data'],
    ['for another nonce, by a TPM', tpmHost({ bind: otherNonce }), 'tpm.extra-data'],
    [
      'before its GPUs were swapped',
      tdxHost({ gpus: 2 }, { bind: (binding) => ({ ...binding, gpu: gpusAt(new Uint8Array(32), 2) }) }),
      'tdx.report-data',
    ],
    [
      'before it had a GPU',
      tdxHost({ gpus: 1 }, { bind: (binding) => ({ ...binding, gpu: null }) }),
      'tdx.report-data',
    ],
    ['over GPUs that signed an older nonce', tdxHost({ gpus: 1, gpuNonce: new Uint8Array(32) }), 'nvidia.gpu-0.nonce'],
  ])('%s', async (_, host, rule) => {
    expect((await refused(host))[0]).toBe(rule);
  });

  test('for another request, shown whole as it was', async () => {
    const { statement, objects } = await unsent(vault, [snpHost()]);
    const evidence = fromBase64url(objects[statement.hosts[0]?.evidence ?? ''] ?? '');
    const { api } = vault.requester;
    const { request } = await api.openRequest(requestFields());
    await expect(api.appraise(request, { evidence, endorsements: null })).rejects.toThrow(refusal('binding_mismatch'));
  });
});

describe('a vault refuses', () => {
  test('a GPU’s evidence alone: the schema has no place for it', async () => {
    const { api } = vault.requester;
    const { request } = await api.openRequest(requestFields());
    const alone = { v: 1, kind: 'evidence', gpu: gpusAt(new Uint8Array(32), 1) };
    const evidence = canonicalBytes(alone);
    await expect(api.appraise(request, { evidence, endorsements: null })).rejects.toThrow(refusal('malformed'));
  });

  test.each([
    ['a guest that the host may debug, on SEV-SNP', snpHost({ report: { policy: 0xb_001fn } }), 'snp.debug', /got 1/],
    ['a guest that a migration agent may take', snpHost({ report: { policy: 0x7_001fn } }), 'snp.migration', /got 1/],
    [
      'a guest that the host may debug, on TDX',
      tdxHost({ body: { tdAttributes: '0100001000000000' } }),
      'tdx.debug',
      /expected 00, got 01/,
    ],
    [
      'firmware below the floor, though it is what the chip’s key is of',
      snpHost({ report: { reportedTcb: snpTcb('Milan', { snp: 20 }) } }),
      'snp.rollback',
      /below: reported snp 20/,
    ],
    [
      'firmware that could go back below the floor',
      snpHost({ report: { committedTcb: snpTcb('Milan', { microcode: 10 }) } }),
      'snp.rollback',
      /below: committed ucode 10/,
    ],
    [
      'a platform that Intel says is out of date',
      tdxHost({ pck: { components: [2, 2, 2, 2, 3, 1, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0] } }),
      'tdx.tcb-status',
      /expected UpToDate, got OutOfDate/,
    ],
    ['another privilege level than policy names', snpHost({ report: { vmpl: 2 } }), 'snp.vmpl', /expected 0, got 2/],
    [
      'an image that policy does not name',
      snpHost({ report: { measurement: new Uint8Array(48).fill(0xee) } }),
      'snp.image',
      /expected test image, got measurement eeee/,
    ],
    ['more GPUs than policy counts', tdxHost({ gpus: 3 }), 'composite.gpus', /expected 0 or 1 or 2, got 3/],
    ['a token of five minutes ago', tokenHost(tokenTimes(Date.now() - 300_000)), 'ita.time', /until 20/],
  ])('%s', async (_, host, rule, words) => {
    const [failed, message] = await refused(host);
    expect([failed, message]).toEqual([rule, expect.stringMatching(words)]);
  });

  test('one bad host among good ones, naming it', async () => {
    const [rule] = await refused(snpHost(), tdxHost({ body: { tdAttributes: '0100001000000000' } }));
    expect(rule).toBe('tdx.debug');
  });
});

describe('endorsements', () => {
  const LONG_AGO = { thisUpdate: utcTimeAt(Date.UTC(2024, 0, 1)), nextUpdate: utcTimeAt(Date.UTC(2024, 1, 3)) };
  const stale = { issueDate: '2024-01-01T00:00:00Z', nextUpdate: '2024-02-03T04:05:06Z' };

  test.each([
    [
      'AMD’s list of what is revoked',
      snpHost({ crl: LONG_AGO }),
      'snp.crl',
      /list of the ARK: .*2024-02-03T00:00:00Z, before 20\d\d-/,
    ],
    [
      'Intel’s TCB info',
      tdxHost({ tcbInfo: stale }),
      'tdx.tcb-info-dates',
      /the TCB info is out of date since 2024-02-03T04:05:06Z/,
    ],
    [
      'Intel’s QE identity',
      tdxHost({ qeIdentity: { ...stale, tcbLevels: [enclaveLevelJson(4, 'UpToDate')] } }),
      'tdx.qe-identity-dates',
      /the QE identity is out of date since 2024-02-03T04:05:06Z/,
    ],
    [
      'the PCK authority’s list',
      tdxHost({ pckCrl: LONG_AGO }),
      'tdx.pck-crl',
      /the PCK CRL: .*2024-02-03T00:00:00Z, before 20\d\d-/,
    ],
  ])('that are out of date are named, and since when: %s', async (_, host, rule, words) => {
    const [failed, message] = await refused(host);
    expect(failed).toBe(rule);
    expect(message).toMatch(words);
    expect(message).toMatch(/endorsement_stale.*put newer ones into the vault’s --endorsements folder/s);
  });

  const nothing = { bring: () => NO_ENDORSEMENTS };
  test.each([
    ['a VCEK', snpHost({}, nothing), 'snp.vek'],
    ['the list of what is revoked', snpHost({ crl: null }), 'snp.crl'],
    ['TCB collateral', tdxHost({}, nothing), 'tdx.root-crl'],
  ])('that no source has are named, and where they are looked for: %s', async (_, host, rule) => {
    const [failed, message] = await refused(host);
    expect(failed).toBe(rule);
    expect(message).toMatch(/endorsement_missing.*put them into the vault’s --endorsements folder/s);
  });

  test('that were missing are found once an operator has put them there', async () => {
    const host = snpHost({}, nothing);
    expect((await refused(host))[0]).toBe('snp.vek');
    putFiles(folder, snpFiles(CHIP));
    await expect(requestFor(vault, [host])).resolves.toMatchObject({ model: 'acme/ocr' });
  });
});

describe('a statement', () => {
  type Named = StatementOf<'release'>['hosts'][number];

  /** Proposes it with its first host changed. */
  function propose({ statement }: Unsent, change: Partial<Named>) {
    const [first, ...others] = statement.hosts as [Named, ...Named[]];
    const changed = { ...statement, nonce: toHex(platformRandom(32)), hosts: [{ ...first, ...change }, ...others] };
    return proposeAsPrincipal(vault.requester, changed);
  }

  test('uses its request up, evidence and keys with it', async () => {
    const asked = await unsent(vault, [snpHost()]);
    await propose(asked, {});
    await expect(propose(asked, {})).rejects.toThrow(refusal('challenge_unknown'));
  });

  test('names the evidence of a host once', async () => {
    const asked = await unsent(vault, [snpHost(), snpHost()]);
    const [, second] = asked.statement.hosts;
    await expect(propose(asked, { ...second })).rejects.toThrow(refusal('evidence_reused'));
  });

  test('cannot give the evidence of one host to the KEM key of another', async () => {
    const asked = await unsent(vault, [snpHost(), snpHost()]);
    const kem = asked.statement.hosts[1]?.kem ?? '';
    await expect(propose(asked, { kem })).rejects.toThrow(refusal('binding_mismatch'));
  });

  test('has the label that the chip has, and no other', async () => {
    const asked = await unsent(vault, [snpHost()]);
    expect(asked.statement.hosts[0]?.label).toBe(`snp-${toHex(CHIP).slice(0, 16)}`);
    await expect(propose(asked, { label: 'snp-of-mine' })).rejects.toThrow(refusal('binding_mismatch'));
  });

  test('cannot name other endorsements than its appraisal was made with', async () => {
    const other = endorsementsBytes(NO_ENDORSEMENTS);
    const asked = await unsent(vault, [snpHost()]);
    await expect(propose(asked, { endorsements: digestOf(other) })).rejects.toThrow(refusal('binding_mismatch'));
  });

  test('cannot name an appraisal that another cannot reach', async () => {
    const asked = await unsent(vault, [snpHost()]);
    const { appraisal } = parseAppraisal(fromBase64url(asked.objects[asked.statement.hosts[0]?.appraisal ?? ''] ?? ''));
    const lie = canonicalBytes({ ...appraisal, claims: { ...appraisal.claims, 'snp.vmpl': '1' } });
    await expect(propose(asked, { appraisal: digestOf(lie) })).rejects.toThrow(refusal('appraisal_mismatch'));
  });
});

function requestFields() {
  const named = { model: 'acme/ocr', version: '1', purpose: 'serving' } as const;
  return { ...named, hosts: 1, nonce: toHex(platformRandom(32)), created: Date.now() };
}
