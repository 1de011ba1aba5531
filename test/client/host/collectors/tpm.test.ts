import { readdirSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Tpm } from '../../../../client/host/collectors/tpm.ts';
import { NO_ENDORSEMENTS } from '../../../../src/core/attest/endorsements.ts';
import { appraiseTpm } from '../../../../src/core/attest/tpm/appraise.ts';
import type { TpmReport } from '../../../../src/core/attest/tpm/report.ts';
import { concat, fromBase64url, fromHex, toHex } from '../../../../src/core/bytes.ts';
import { verifyNode } from '../../../../src/platform/verify-node.ts';
import {
  activatedIdentity,
  akCertificate,
  akOf,
  EXTRA_DATA,
  PCRS,
  publicArea,
  TPM_INSTANT_MS,
  tpmReferenceValues,
  tpmReport,
} from '../../../platforms/tpm.ts';
import { openPrograms, type Programs } from './programs.ts';

const AK = '0x81010002';
const DATA = { reportData: new Uint8Array(64), extraData: EXTRA_DATA };
const INDICES = PCRS.map(({ index }) => index);

let programs: Programs;
beforeEach(() => {
  programs = openPrograms();
});
afterEach(() => programs.close());

/** tpm2-tools that write what is recorded of a TPM, and show which TPM they were sent to. */
function recorded(report: TpmReport, values = concat(...report.pcrs.map(({ value }) => fromHex(value)))): void {
  const { attest, signature } = report;
  const files = { attest: fromBase64url(attest), signature: fromBase64url(signature), pcrs: values };
  for (const [name, bytes] of Object.entries(files)) writeFileSync(programs.path(name), bytes);
  writeFileSync(programs.path('key'), publicArea('ECDSA'));
  const tools = 'printf "%s" "$TPM2TOOLS_TCTI" > $HERE/tcti; stat -c %a "$(dirname "$2")" > $HERE/mode';
  programs.make('tpm2_quote', `shift 8; ${tools}; cp $HERE/attest "$2"; cp $HERE/signature "$4"; cp $HERE/pcrs "$8"`);
  programs.make('tpm2_readpublic', 'test "$2 $4" = "0x81010002 tss" && cp $HERE/key "$6"');
}

test('a TPM quotes our data, with a key that is certified', async () => {
  const made = tpmReport();
  recorded(made);
  const certificate = [akCertificate(akOf('ECDSA'))];
  const { report, endorsements } = await new Tpm({ ak: AK, pcrs: INDICES, certificate }).report(DATA);
  expect([report, endorsements]).toEqual([made, NO_ENDORSEMENTS]);
  const { rules } = await appraiseTpm({
    report: report as TpmReport,
    expectedData: EXTRA_DATA,
    endorsements,
    referenceValues: tpmReferenceValues(),
    instantMs: TPM_INSTANT_MS,
    verify: verifyNode,
  });
  expect(rules.filter(({ pass }) => !pass)).toEqual([]);
  const asked = ['-c', AK, '-l', `sha256:${INDICES.join(',')}`, '-q', toHex(EXTRA_DATA), '-g', 'sha256'];
  expect(programs.lastCall('tpm2_quote').slice(0, 8)).toEqual(asked);
});

test('a key without a certificate is one that custodians activated', async () => {
  recorded(tpmReport());
  const { report } = await new Tpm({ ak: AK, pcrs: INDICES, certificate: null }).report(DATA);
  expect(report).toEqual(tpmReport({ identity: activatedIdentity('ECDSA') }));
});

test('the tools are sent to the TPM that the environment names, and write where no other user reads', async () => {
  recorded(tpmReport());
  vi.stubEnv('TPM2TOOLS_TCTI', 'device:/dev/tpmrm7');
  vi.stubEnv('TMPDIR', programs.folder);
  programs.make('tpm2_readpublic', 'cp $HERE/key "$6"; cat $HERE/tcti $HERE/mode >&2; exit 1');
  const refused = new Tpm({ ak: AK, pcrs: INDICES, certificate: null }).report(DATA);
  await expect(refused).rejects.toMatchObject({ message: expect.stringContaining('device:/dev/tpmrm7700;') });
  expect(readdirSync(programs.folder).filter((name) => name.startsWith('twinlock-tpm-'))).toEqual([]);
});

test('a key from a file is put out of the TPM again, and one that the TPM keeps is left alone', async () => {
  recorded(tpmReport());
  programs.make('tpm2_readpublic', 'cp $HERE/key "$6"');
  programs.make('tpm2_flushcontext', 'true');
  await new Tpm({ ak: AK, pcrs: INDICES, certificate: null }).report(DATA);
  expect(() => programs.lastCall('tpm2_flushcontext')).toThrow('ENOENT');
  await new Tpm({ ak: '/var/lib/host/ak.ctx', pcrs: INDICES, certificate: null }).report(DATA);
  expect(programs.lastCall('tpm2_flushcontext')).toEqual(['-t']);
});

test('refuses PCR values that are not as many as were quoted', async () => {
  recorded(tpmReport(), new Uint8Array(32));
  const refused = new Tpm({ ak: AK, pcrs: INDICES, certificate: null }).report(DATA);
  await expect(refused).rejects.toMatchObject({ code: 'malformed' });
});

test('says what to do on a machine without a TPM', async () => {
  programs.make('tpm2_quote', 'echo "ERROR: could not load tcti" >&2; exit 1');
  const refused = new Tpm({ ak: AK, pcrs: INDICES, certificate: null }).report(DATA);
  const message = expect.stringMatching(/could not load tcti; is there a TPM, are tpm2-tools installed/);
  await expect(refused).rejects.toMatchObject({ code: 'unavailable', message });
});
