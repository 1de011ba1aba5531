import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { writePrincipalKey } from '../../client/principal/principal-file.ts';
import { NO_REFERENCE_VALUES } from '../../src/core/attest/reference-values.ts';
import type { TpmReferenceValues } from '../../src/core/attest/tpm/reference-values.ts';
import { toBase64url } from '../../src/core/bytes.ts';
import { digestOf } from '../../src/core/canonical.ts';
import type { Policy } from '../../src/core/statement/policy.ts';
import { hasSwtpm, type Swtpm, startSwtpm } from '../platforms/swtpm.ts';
import { akName, tpmReferenceValues } from '../platforms/tpm.ts';
import { type Run, runProgram } from '../world/command-line.ts';
import { POLICY } from '../world/founding.ts';
import {
  approve,
  compareAndSign,
  enrol,
  enterFounded,
  openInvitation,
  openProposal,
  signIn,
  visit,
} from './ceremonies.ts';
import { depositFile, invitationOf, makeKey, openSession } from './machines.ts';
import { launchBrowser, openVault, openWorkstation, type TestVault, type Workstation } from './workstation.ts';

const WEIGHTS = new Uint8Array(1_100_000).map((_, i) => (i * 31) % 251);
const NAMES = ['Ana', 'Ben', 'Cleo'] as const;
/** What `twinlock` quotes unless told otherwise; the image pins those of boot. */
const IMAGE_PCRS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const IMAGE = 'reader 2.1';
const AAGUID = 'ee882879721c491397753dfcce97072a';
const TITLE = 'Release acme/ocr@1 to 1 host for serving';
const depositorKey = makeKey('depositor', 'training');
const requesterKey = makeKey('requester', 'turin-serving');

let folder: string;
let tpm: Swtpm;
let browser: Browser;
let vault: TestVault;
let everybody: readonly Workstation[] = [];
let ana: Workstation;
let ben: Workstation;
let cleo: Workstation;
let fingerprint: string;

// A story: where one part fails, those after it have nothing to stand on.
let isBroken = false;

/** The authority that certified the key, and the values that the PCRs have now. */
async function policyOf(machine: Swtpm): Promise<Policy> {
  const { pcrs } = await machine.quote('00'.repeat(32), IMAGE_PCRS);
  const values: TpmReferenceValues = tpmReferenceValues({
    anchors: [toBase64url(machine.anchor)],
    images: [{ name: IMAGE, pcrs: [...pcrs] }],
  });
  return {
    ...POLICY,
    authenticators: { aaguids: [AAGUID], roots: [toBase64url(machine.anchor)] },
    referenceValues: { ...NO_REFERENCE_VALUES, tpm: values },
  };
}

/** `twinlock` on the machine that has the TPM, with the requester's key. */
function twinlock(...args: readonly string[]): Promise<Run> {
  const env = {
    TWINLOCK_VAULT: vault.url.href,
    TWINLOCK_FINGERPRINT: fingerprint,
    TWINLOCK_CA: vault.ca,
    TPM2TOOLS_TCTI: tpm.tcti,
  };
  return runProgram('client/cli.ts', [...args, '--key', join(folder, 'requester.key'), '--json'], folder, { env });
}

function fetchWithTpm(to: string): Promise<Run> {
  const ak = ['--tpm-ak', tpm.akContext, '--tpm-ak-certificate', tpm.akCertificatePath];
  return twinlock('fetch', 'acme/ocr@1', '--to', join(folder, to), '--reason', 'OPS-9: it has a TPM', ...ak);
}

describe.skipIf(!hasSwtpm())('a machine with a TPM', { timeout: 60_000 }, () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'twinlock-hardware-'));
    tpm = await startSwtpm(folder);
    await writePrincipalKey(join(folder, 'requester.key'), requesterKey);
    browser = await launchBrowser();
    const keys = [depositorKey, requesterKey].map((key) => invitationOf(key, 'Cleo'));
    vault = await openVault(NAMES, keys, await policyOf(tpm));
    const open = () => openWorkstation(browser, vault.url);
    everybody = await Promise.all([open(), open(), open()]);
    [ana, ben, cleo] = everybody as [Workstation, Workstation, Workstation];
  });
  afterAll(async () => {
    await Promise.all(everybody.map((workstation) => workstation.close()));
    await browser?.close();
    await vault?.close();
    await tpm?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(({ skip }) => skip(isBroken));
  afterEach(({ task }) => {
    isBroken ||= task.result?.state === 'fail';
  });

  it('needs a vault whose founders pin who certifies its key and what it boots', async () => {
    for (const [i, workstation] of everybody.entries()) {
      await openInvitation(workstation, vault.invitations.get(NAMES[i] ?? '') ?? '');
      await enrol(workstation);
    }
    const root = `certificate, SHA-256 ${digestOf(tpm.anchor)}`;
    for (const workstation of everybody) {
      const field = (name: string) => workstation.page.getByRole('row', { name, exact: true }).waitFor();
      await field(`authenticators.roots[] ${root}`);
      await field(`authenticators.aaguids[] "${AAGUID}"`);
      await field(`referenceValues.tpm.anchors[] ${root}`);
      await compareAndSign(workstation);
    }
    for (const workstation of everybody) fingerprint = await enterFounded(workstation);
    await Promise.all(everybody.map(signIn));
  });

  it('needs a published version', async () => {
    await depositFile(await openSession(vault.url.origin, depositorKey, fingerprint), fingerprint, WEIGHTS);
    await visit(cleo, 'Versions');
    await cleo.page.getByRole('button', { name: 'Propose to publish' }).click();
    await cleo.page.getByRole('heading', { name: 'Publish acme/ocr@1' }).waitFor();
    await approve(ana, 'Publish acme/ocr@1');
    expect(await approve(ben, 'Publish acme/ocr@1')).toBe('The proposal is now published.');
  });

  it('is released to once two custodians have seen what it booted, in a vault that says that it is a simulation', async () => {
    const fetching = fetchWithTpm('weights');
    await openProposal(ana, TITLE);
    const { page } = ana;
    const label = `tpm-${akName(tpm.akPublic).slice('000b'.length).slice(0, 16)}`;
    await page.getByText('every rule passes, on every host').waitFor();
    await page.getByText(`Host 0: ${label}`).waitFor();
    expect(await page.locator('strong.image').innerText()).toBe(IMAGE);
    await page.locator('summary', { hasText: /^TPM: \d+ rules pass$/ }).click();
    await page.getByRole('row', { name: /^tpm\.extra-data / }).waitFor();
    expect(await page.locator('body').getAttribute('data-grade')).toBe('simulation');
    await page.getByText('Simulation: nothing in this vault is protected').waitFor();
    expect(await approve(ana, TITLE)).toBe('The proposal is still open: it waits for 1 more approval.');
    expect(await approve(ben, TITLE)).toBe('The proposal is now released.');
    const { code, stderr } = await fetching;
    expect([code, stderr]).toEqual([0, '']);
    expect(readFileSync(join(folder, 'weights/weights.bin')).equals(WEIGHTS)).toBe(true);
  });

  it('that has booted something else is refused by name, and no custodian is bothered', async () => {
    await tpm.extend(4, '11'.repeat(32));
    const { code, stderr } = await fetchWithTpm('more-weights');
    const { error } = JSON.parse(stderr) as { error: { code: string; message: string; detail: unknown } };
    expect([code, error.code, error.detail]).toEqual([70, 'appraisal_failed', { rule: 'tpm.image' }]);
    const said = `tpm.image: expected ${IMAGE}, got none; nearest ${IMAGE} differs in PCR 4`;
    expect(error.message).toBe(`the answer says: “${said}”`);
    await ana.page.getByRole('link', { name: /^Proposals/ }).click();
    await ana.page.getByText('Nothing waits for you').waitFor();
  });

  it('makes no page complain', () => {
    for (const { complaints } of everybody) expect(complaints).toEqual([]);
  });
});
