import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { audit } from '../../../client/auditor/audit.ts';
import { followLog } from '../../../client/custodian/ceremony.ts';
import { review } from '../../../client/custodian/review.ts';
import type { EvidenceCollector } from '../../../client/host/collector.ts';
import { fetchRelease, sendReceipt } from '../../../client/host/fetch.ts';
import { keptSource, PAGE_ENTRIES, vaultSource } from '../../../client/log/source.ts';
import { NO_ENDORSEMENTS } from '../../../src/core/attest/endorsements.ts';
import { toHex } from '../../../src/core/bytes.ts';
import { verifyNode } from '../../../src/platform/verify-node.ts';
import { type CliVault, openCliVault } from '../../world/command-line.ts';
import { POLICY } from '../../world/founding.ts';
import { approveAs, depositFiles, publish, requestFor } from '../../world/vault/acts.ts';
import { amdAnswers, intelAnswers, type Mirror, putFiles, snpFiles, startMirror } from './endorsement-files.ts';
import { CHIP, HARDWARE_VALUES, OTHER_CHIP, paravisorHost, snpHost, tdxHost, tokenHost, tpmHost } from './hosts.ts';

const WEIGHTS = new Uint8Array(1_200_000).map((_, i) => (i * 31) % 251);
const verify = async (claim: Parameters<typeof verifyNode>[0]) => verifyNode(claim);
const broughtNothing = { bring: () => NO_ENDORSEMENTS };

let vault: CliVault;
let mirror: Mirror;
let folder: string;
/** Hosts that have been released to. */
let served = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'twinlock-endorsements-'));
  putFiles(folder, snpFiles(CHIP));
  mirror = await startMirror({ ...amdAnswers(OTHER_CHIP), ...intelAnswers() });
  const mirrors = ['amd', 'intel'].flatMap((vendor) => ['--endorsement-mirror', `${vendor}=${mirror.url}/${vendor}`]);
  vault = await openCliVault({
    policy: { ...POLICY, referenceValues: HARDWARE_VALUES },
    serve: ['--endorsements', folder, ...mirrors],
  });
  await depositFiles(vault, { 'weights.bin': WEIGHTS });
  await publish(vault);
}, 60_000);
afterAll(async () => {
  await vault?.close();
  await mirror?.close();
  rmSync(folder, { recursive: true });
});

const label = (chip: Uint8Array) => `snp-${toHex(chip).slice(0, 16)}`;

const ROWS: readonly (readonly [string, () => readonly EvidenceCollector[], readonly RegExp[]])[] = [
  ['SEV-SNP that brings its certificates', () => [snpHost()], [new RegExp(label(CHIP))]],
  ['SEV-SNP whose certificates lie in the folder', () => [snpHost({}, broughtNothing)], [new RegExp(label(CHIP))]],
  [
    'SEV-SNP of another chip, whose certificate a mirror serves',
    () => [snpHost({ chipId: OTHER_CHIP }, broughtNothing)],
    [new RegExp(label(OTHER_CHIP))],
  ],
  [
    'TDX with two GPUs, whose collateral a mirror serves',
    () => [tdxHost({ gpus: 2 }, broughtNothing)],
    [/^tdx-0123456789abcdef$/],
  ],
  ['a TPM', () => [tpmHost()], [/^tpm-[0-9a-f]{16}$/]],
  ['the TPM of a paravisor on SEV-SNP', () => [paravisorHost()], [new RegExp(label(CHIP))]],
  ['two services’ word about a TD and its GPU', () => [tokenHost()], [/^ita-c58a8dfd2621b60a$/]],
  [
    'four hosts of four platforms, by one touch each',
    () => [snpHost(), tdxHost({ gpus: 1 }), tpmHost(), tokenHost()],
    [/^snp-/, /^tdx-/, /^tpm-/, /^ita-/],
  ],
];

describe('a simulation vault whose policy pins the kits’ roots releases to', { timeout: 30_000 }, () => {
  test.each(ROWS)('%s', async (_, collectors, labels) => {
    const pending = await requestFor(vault, collectors());
    const custodian = vault.ben.custodian;
    const seen = await review(custodian, await followLog(custodian), pending.release);
    expect(seen.hosts.map((host) => host.label)).toEqual(labels.map((pattern) => expect.stringMatching(pattern)));
    expect(seen.hosts.map(({ atVault, atOwnClock }) => [atVault.verdict, atOwnClock?.verdict])).toEqual(
      labels.map(() => ['pass', 'pass']),
    );
    for (const person of [vault.ben, vault.cleo]) await approveAs(person, pending.release);
    for (const [host] of labels.entries()) await takeAndCompare(pending, host);
    served += labels.length;
  });

  test('and asks its mirrors only for what it has nowhere else', () => {
    expect(mirror.asked.filter((path) => path.startsWith('/amd'))).toEqual([Object.keys(amdAnswers(OTHER_CHIP))[0]]);
    expect(mirror.asked.filter((path) => path.startsWith('/intel')).sort()).toEqual(Object.keys(intelAnswers()).sort());
  });

  test('and its auditor appraises every host again, with both verdicts', async () => {
    const report = (await vault.twinlock('auditor', ['audit', '--json'])).json();
    expect(report).toMatchObject({
      grade: 'simulation',
      integrity: { verdict: 'pass', fault: null, appraisals: served },
      completeness: { verdict: 'pass', open: [], releases: { granted: ROWS.length, hosts: served, receipts: served } },
    });
  });

  test('and its auditor refuses other endorsements than an appraisal was made with', async () => {
    const page = await vaultSource(vault.auditor.api).page(0, PAGE_ENTRIES);
    const [digest, bytes] = [...page.objects].find(([, object]) => isEndorsements(object)) ?? [];
    const text = new TextDecoder().decode(bytes).replace('"crl":"', '"crl":"AAAA');
    const objects = new Map(page.objects).set(digest ?? '', new TextEncoder().encode(text));
    const { fingerprint } = vault;
    const options = { fingerprint, verify, now: Date.now, memory: null };
    const { integrity } = await audit(keptSource({ ...page, objects }), options);
    expect(integrity).toMatchObject({ verdict: 'fail', fault: { code: 'object_mismatch' } });
  });
});

function isEndorsements(bytes: Uint8Array): boolean {
  return new TextDecoder().decode(bytes).startsWith('{"kind":"endorsements","snp":{');
}

type Pending = Awaited<ReturnType<typeof requestFor>>;

async function takeAndCompare(pending: Pending, host: number): Promise<void> {
  const to = mkdtempSync(join(tmpdir(), 'twinlock-host-'));
  try {
    const { api } = vault.requester;
    const fetched = await fetchRelease({ api, pending, host, folder: to, verify });
    expect(readFileSync(join(to, 'weights.bin')).equals(WEIGHTS)).toBe(true);
    await sendReceipt(api, pending, host, fetched);
  } finally {
    rmSync(to, { recursive: true });
  }
}
