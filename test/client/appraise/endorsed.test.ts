import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { evidencePartsBytes } from '../../../client/host/evidence-parts.ts';
import { NO_ENDORSEMENTS } from '../../../src/core/attest/endorsements.ts';
import { fromBase64url } from '../../../src/core/bytes.ts';
import { SNP_ASK_SERIAL, snpCase } from '../../platforms/snp.ts';
import { collateralFiles } from '../../vault/hardware/endorsement-files.ts';
import { type Run, runProgram } from '../../world/command-line.ts';
import { KIT_AT, KIT_NONCE, kitFiles, writeKitFiles } from './kit-files.ts';

/** What vendors say, in files of its own, of a file that our agent wrote: a TD's has no collateral. */

const folder = mkdtempSync(join(tmpdir(), 'twinlock-endorsed-'));
afterAll(() => rmSync(folder, { recursive: true }));
const files = kitFiles();
writeKitFiles(folder, files);

const TIMEOUT = { timeout: 60_000 };
const path = (name: string) => join(folder, name);
const endorsementsOf = (name: string) =>
  files.find((file) => file.name === name)?.parts.endorsements ?? NO_ENDORSEMENTS;

/** The kit's file without what vendors say. */
function bare(name: string): string {
  const parts = files.find((file) => file.name === name)?.parts;
  if (parts === undefined) throw new Error(`the kit has no ${name}`);
  writeFileSync(path(`${name}.bare.json`), evidencePartsBytes({ ...parts, endorsements: NO_ENDORSEMENTS }));
  return path(`${name}.bare.json`);
}

function put(name: string, content: string | Uint8Array): string {
  writeFileSync(path(name), content);
  return path(name);
}

const appraise = (file: string, values: string, ...flags: string[]): Promise<Run> => {
  const given = ['--reference-values', path(`${values}.values.json`), '--at', KIT_AT, '--nonce', KIT_NONCE, '--json'];
  return runProgram('client/cli.ts', ['appraise', file, ...given, ...flags], folder);
};
const failedOf = (run: Run) =>
  (run.json()['rules'] as { rule: string; pass: boolean }[]).filter(({ pass }) => !pass).map(({ rule }) => rule);

test('a TD’s own file passes with --collateral, and not without', TIMEOUT, async () => {
  const collateral = put('collateral.json', Object.values(collateralFiles())[0] ?? '');
  const ofService = { ...(JSON.parse(Object.values(collateralFiles())[0] ?? '') as object), root_ca_crl: null };
  const file = bare('tdx-gpus');
  const [without, given, noRootList] = await Promise.all([
    appraise(file, 'tdx-gpus'),
    appraise(file, 'tdx-gpus', '--collateral', collateral),
    appraise(file, 'tdx-gpus', '--collateral', put('service.json', JSON.stringify(ofService))),
  ]);
  expect([without.code, failedOf(without)[0]]).toEqual([3, 'tdx.root-crl']);
  expect([given.code, failedOf(given)]).toEqual([0, []]);
  // Intel's own service has no list of what its root revoked.
  expect([noRootList.code, failedOf(noRootList)]).toEqual([3, ['tdx.root-crl']]);
});

test('AMD’s certificates and list complete a file, or take the place of those that it has', TIMEOUT, async () => {
  const { snp } = endorsementsOf('snp');
  const revoking = snpCase({ crl: { revoked: [SNP_ASK_SERIAL] } }).endorsements.snp?.crl;
  if (snp?.vek == null || snp.ask === null || typeof revoking !== 'string')
    throw new Error('the kit makes SNP endorsements');
  const flags = ['--vek', put('vek.der', fromBase64url(snp.vek)), '--ca', put('ask.der', fromBase64url(snp.ask))];
  const list = (der: string, name: string) => ['--crl', put(name, fromBase64url(der))];
  const [completed, revoked, alone] = await Promise.all([
    appraise(bare('snp'), 'snp', ...flags, ...list(snp.crl ?? '', 'old.crl')),
    appraise(path('snp.json'), 'snp', ...list(revoking, 'new.crl')),
    appraise(bare('snp'), 'snp', ...list(revoking, 'new.crl')),
  ]);
  expect([completed.code, completed.stderr]).toEqual([0, '']);
  expect([revoked.code, failedOf(revoked)]).toEqual([3, ['snp.crl']]);
  expect([alone.code, alone.stdout]).toEqual([64, '']);
});

test('a key set goes with a file of tokens', TIMEOUT, async () => {
  const { nras = '', 'intel-trust-authority': ita = '' } = endorsementsOf('tokens');
  const all = [nras, ita].flatMap((jwks) => (JSON.parse(jwks) as { keys: unknown[] }).keys);
  const run = await appraise(bare('tokens'), 'tokens', '--jwks', put('keys.json', JSON.stringify({ keys: all })));
  expect([run.code, failedOf(run)]).toEqual([0, []]);
});

test('evidence beside a file, and two words of the vendors for one thing, are refused', TIMEOUT, async () => {
  const endorsements = put('none.json', '{"kind":"endorsements","v":1}');
  const some = put('some.der', Uint8Array.of(1));
  const runs = await Promise.all([
    appraise(path('snp.json'), 'snp', '--tdx-quote', some, '--collateral', some),
    appraise(path('snp.json'), 'snp', '--endorsements', endorsements, '--crl', some),
  ]);
  expect(runs.map(({ code, stdout }) => [code, stdout])).toEqual([
    [64, ''],
    [64, ''],
  ]);
});
