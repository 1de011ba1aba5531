import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AZURE_QUOTE_URL, AzureParavisor } from '../../../../client/host/collectors/azure.ts';
import type { Collected } from '../../../../client/host/collectors/machine.ts';
import { NO_ENDORSEMENTS } from '../../../../src/core/attest/endorsements.ts';
import { appraiseTpm } from '../../../../src/core/attest/tpm/appraise.ts';
import type { TpmReport } from '../../../../src/core/attest/tpm/report.ts';
import { concat, fromBase64url, fromHex, toBase64url, toHex } from '../../../../src/core/bytes.ts';
import { verifyNode } from '../../../../src/platform/verify-node.ts';
import { AZURE_INSTANT_MS, type AzureCase, azureCase, hclBytes } from '../../../platforms/azure.ts';
import { EXTRA_DATA } from '../../../platforms/tpm.ts';
import { vectorPath, vectorTest } from '../../../vectors.ts';
import { openPrograms, type Programs } from './programs.ts';

const DATA = { reportData: new Uint8Array(64), extraData: EXTRA_DATA };

let programs: Programs;
let imds: Server | null = null;
beforeEach(() => {
  programs = openPrograms();
});
afterEach(() => {
  programs.close();
  imds?.close();
  imds = null;
});

/** A paravisor's TPM: tpm2-tools that write what it holds, and what it quoted, where they are told to. */
function tpm(hcl: Uint8Array, { attest, signature, pcrs }: Omit<TpmReport, 'platform' | 'identity'>): void {
  const values = concat(...pcrs.map(({ value }) => fromHex(value)));
  const files = { hcl, attest: fromBase64url(attest), signature: fromBase64url(signature), pcrs: values };
  for (const [name, bytes] of Object.entries(files)) writeFileSync(programs.path(name), bytes);
  programs.make('tpm2_nvread', 'test "$3" = 0x01400001 && cp $HERE/hcl "$5"');
  // After -c, -l, -q and -g: -m, -s, -F and -o.
  programs.make('tpm2_quote', 'shift 8; cp $HERE/attest "$2"; cp $HERE/signature "$4"; cp $HERE/pcrs "$8"');
}

function collect({ report }: AzureCase, quoteUrl: string = AZURE_QUOTE_URL): Promise<Collected> {
  return new AzureParavisor({ pcrs: report.pcrs.map(({ index }) => index), quoteUrl }).report(DATA);
}

/** The SNP report, or the TD's quote. */
function hardwareIn({ report: { identity } }: AzureCase): string {
  if (identity.kind !== 'runtime') return '';
  return identity.hardware.platform === 'snp' ? identity.hardware.report : identity.hardware.quote;
}

/** Azure's local service; `answer` is what it says to a TD report. */
async function serveQuotes(status: number, answer: (body: string) => string): Promise<string> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => response.writeHead(status, { location: '/elsewhere' }).end(answer(body)));
  });
  imds = server;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/acc/tdquote`;
}

async function failures({ referenceValues, endorsements }: AzureCase, { report }: Collected) {
  const { rules } = await appraiseTpm({
    report: report as TpmReport,
    expectedData: EXTRA_DATA,
    endorsements,
    referenceValues,
    instantMs: AZURE_INSTANT_MS,
    verify: verifyNode,
  });
  return rules.filter(({ pass }) => !pass);
}

test("an SNP guest of Azure's quotes with the paravisor's key, and shows the report that names it", async () => {
  const made = azureCase();
  tpm(hclBytes({ hardware: fromBase64url(hardwareIn(made)), runtime: made.runtime }), made.report);
  const collected = await collect(made);
  expect(collected).toEqual({ report: made.report, endorsements: NO_ENDORSEMENTS });
  expect(await failures(made, collected)).toEqual([]);
  const indices = made.report.pcrs.map(({ index }) => index).join(',');
  const asked = ['-c', '0x81000003', '-l', `sha256:${indices}`, '-q', toHex(EXTRA_DATA), '-g', 'sha256'];
  expect(programs.lastCall('tpm2_quote').slice(0, 8)).toEqual(asked);
});

const TD_REPORT = new Uint8Array(1024).fill(0x7d);
const TD_HARDWARE = concat(TD_REPORT, new Uint8Array(160));

test("a TD of Azure's has its report signed into a quote by the host", async () => {
  const made = azureCase({ platform: 'tdx' });
  tpm(hclBytes({ hardware: TD_HARDWARE, runtime: made.runtime, kind: 4 }), made.report);
  const quote = hardwareIn(made);
  const bodies: string[] = [];
  const url = await serveQuotes(200, (body) => {
    bodies.push(body);
    return JSON.stringify({ quote });
  });
  const collected = await collect(made, url);
  expect(collected.report).toEqual(made.report);
  expect(await failures(made, collected)).toEqual([]);
  expect(bodies).toEqual([JSON.stringify({ report: toBase64url(TD_REPORT) })]);
});

test.each([
  ['a failure', 500, 'unavailable', '{}'],
  ['a redirection', 307, 'unavailable', '{}'],
  ['no JSON', 200, 'unavailable', '<html>'],
  ['no quote', 200, 'malformed', '{}'],
  ['an empty quote', 200, 'malformed', '{"quote":""}'],
])('refuses a host that answers with %s', async (_, status, code, answer) => {
  const made = azureCase({ platform: 'tdx' });
  tpm(hclBytes({ hardware: TD_HARDWARE, runtime: made.runtime, kind: 4 }), made.report);
  const url = await serveQuotes(status, () => answer);
  await expect(collect(made, url)).rejects.toMatchObject({ code });
});

test('refuses an index that holds something else, and a machine without it', async () => {
  const made = azureCase();
  tpm(hclBytes({ signature: 'HCLB' }), made.report);
  await expect(collect(made)).rejects.toMatchObject({ code: 'malformed' });
  programs.make('tpm2_nvread', 'echo "the handle is not correct for the use" >&2; exit 1');
  const message = expect.stringContaining('is there a TPM, are tpm2-tools installed');
  await expect(collect(made)).rejects.toMatchObject({ code: 'unavailable', message });
});

vectorTest('takes what a VM of Azure recorded', async () => {
  const recorded = JSON.parse(readFileSync(vectorPath('azure-vtpm', 'snp-milan-v1.json'), 'utf8'));
  const { message, signature, pcrs } = recorded.tpm_quote;
  const values = (pcrs as string[]).map((value, index) => ({ index, value }));
  const bare = (hex: string) => toBase64url(fromHex(hex));
  tpm(fromBase64url(recorded.hcl_report.replaceAll('=', '')), {
    attest: bare(message),
    signature: bare(signature),
    pcrs: values,
  });
  const { report } = await new AzureParavisor({ pcrs: values.map((_, i) => i), quoteUrl: AZURE_QUOTE_URL }).report(
    DATA,
  );
  expect(report).toMatchObject({ platform: 'tpm', attest: bare(message), pcrs: values, identity: { kind: 'runtime' } });
});
