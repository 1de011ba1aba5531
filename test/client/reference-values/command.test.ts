import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, describe, expect, test } from 'vitest';
import { addAppraise } from '../../../client/cli/appraise.ts';
import { addReferenceValues } from '../../../client/cli/reference-values.ts';
import { evidencePartsBytes } from '../../../client/host/evidence-parts.ts';
import { referenceValuesText } from '../../../client/reference-values/file.ts';
import { parseReferenceValues, type ReferenceValues } from '../../../src/core/attest/reference-values.ts';
import type { TpmReport } from '../../../src/core/attest/tpm/report.ts';
import { toBase64url } from '../../../src/core/bytes.ts';
import { digestOfObject } from '../../../src/core/canonical.ts';
import { extendedKeyUsage, keyUsage, pem } from '../../core/x509/certificate-kit.ts';
import { akAuthority, akCertificate, akOf, certificateIdentity } from '../../platforms/tpm.ts';
import { vectorPath, vectorTest } from '../../vectors.ts';
import { type Run, runProgram } from '../../world/command-line.ts';
import { KIT_AT, kitFiles, writeKitFiles } from '../appraise/kit-files.ts';
import { makeRim } from './rim/rim-kit.ts';
import { rootsOf } from './seeds.ts';

/** `twinlock reference-values` as a process of its own. */

const folder = mkdtempSync(join(tmpdir(), 'twinlock-reference-values-'));
afterAll(() => rmSync(folder, { recursive: true }));
const files = kitFiles();
writeKitFiles(folder, files);

const TIMEOUT = { timeout: 60_000 };
const path = (name: string) => join(folder, name);
const twinlock = (...args: readonly string[]): Promise<Run> => runProgram('client/cli.ts', args, folder);
const run = (...args: readonly string[]): Promise<Run> => twinlock('reference-values', ...args);
const errorOf = ({ stderr }: Run) => (JSON.parse(stderr) as { error: { code: string; message: string } }).error;
const documentIn = (text: string) => parseReferenceValues(JSON.parse(text));

function put(name: string, content: string | Uint8Array): string {
  writeFileSync(path(name), content);
  return path(name);
}

describe.each(files.filter(({ name }) => ['tdx-gpus', 'tpm-snp'].includes(name)))(
  'from-evidence, $name',
  ({ name, values }) => {
    test('makes a document under which twinlock appraise passes', TIMEOUT, async () => {
      const seed = put(`${name}.roots.json`, referenceValuesText(rootsOf(values)));
      const evidence = path(`${name}.json`);
      const proposed = await run('from-evidence', evidence, '--at', KIT_AT, '--name', 'serving', '--merge', seed);
      expect([proposed.code, proposed.stderr]).toEqual([0, expect.stringContaining('the evidence passes under this')]);
      const document = put(`${name}.proposed.json`, proposed.stdout);
      expect(referenceValuesText(documentIn(proposed.stdout))).toBe(proposed.stdout);
      const appraised = await twinlock('appraise', evidence, '--at', KIT_AT, '--reference-values', document);
      expect(appraised.code).toBe(0);
    });
  },
);

describe('from-evidence', () => {
  const roots = (name: string) => {
    const values = files.find((file) => file.name === name)?.values;
    if (values === undefined) throw new Error('expected a kit');
    return put(`${name}.roots.json`, referenceValuesText(rootsOf(values)));
  };

  test('takes who certified a TPM’s key from a file, and writes a document of its own', TIMEOUT, async () => {
    const authority = put('authority.pem', pem('CERTIFICATE', akAuthority()));
    const args = ['from-evidence', path('tpm.json'), '--at', KIT_AT, '--ak-authority', authority];
    const out = path('tpm.out.json');
    const [told, silent] = [await run(...args, '--out', out), await run(...args, '--json')];
    const document = documentIn(readFileSync(out, 'utf8'));
    expect([told.code, told.stdout]).toEqual([0, expect.stringContaining(`digest   ${digestOfObject(document)}\n`)]);
    // Only the approvers of the document can say whether this is who it should be.
    expect(told.stderr).toContain('check this, no vendor vouches for it: tpm.anchors[] certificate, SHA-256 ');
    expect(told.stderr).not.toContain('akPurposes');
    expect(told.stderr).toContain('beware: TPMs: one alone is enough');
    // One line, for programs, and nothing else.
    expect(silent.stdout.split('\n')).toHaveLength(2);
    expect([documentIn(silent.stdout), silent.stderr]).toEqual([document, '']);
    // Text begins with the digit that DER begins with, where a program numbers the certificates that it prints.
    const numbered = put('numbered.pem', `0 s:CN = authority\n${pem('CERTIFICATE', akAuthority())}`);
    const again = await run(...args.map((arg) => (arg === authority ? numbered : arg)), '--json');
    expect([documentIn(again.stdout), again.stderr]).toEqual([document, '']);
    const unnamed = await run('from-evidence', path('tpm.json'), '--at', KIT_AT, '--json');
    expect([unnamed.code, errorOf(unnamed).code]).toEqual([64, 'usage']);
  });

  test('says of an AK certificate’s purpose that is not an AK’s that no vendor vouches for it', TIMEOUT, async () => {
    const parts = files.find(({ name }) => name === 'tpm')?.parts;
    if (parts?.report.platform !== 'tpm') throw new Error('expected a TPM');
    const told = async (purpose: Uint8Array[]) => {
      const leaf = akCertificate(akOf('ECDSA'), { extensions: [...purpose, keyUsage(0)] });
      const chain = [leaf, akAuthority()].map(toBase64url);
      const identity = { ...certificateIdentity('ECDSA'), chain };
      const evidence = put(
        'purpose.json',
        evidencePartsBytes({ ...parts, report: { ...parts.report, identity } as TpmReport }),
      );
      return (await run('from-evidence', evidence, '--at', KIT_AT)).stderr;
    };
    const check = 'check this, no vendor vouches for it: tpm.akPurposes[]';
    expect(await told([extendedKeyUsage('2.23.133.8.1')])).toContain(`${check} "2.23.133.8.1"`);
    expect(await told([])).toContain(`${check} "none"`);
  });

  test('writes over no file, unless that is asked for, and over none at all where it fails', TIMEOUT, async () => {
    const out = put('there.json', 'mine');
    const args = ['from-evidence', path('snp.json'), '--merge', roots('snp'), '--at', KIT_AT, '--out', out, '--json'];
    const refused = await run(...args);
    expect([refused.code, errorOf(refused).code, readFileSync(out, 'utf8')]).toEqual([64, 'exists', 'mine']);
    expect(errorOf(refused).message).toContain('--force');
    const late = await run(...args.map((arg) => (arg === KIT_AT ? '2060-01-01' : arg)), '--force');
    expect([late.code, readFileSync(out, 'utf8')]).toEqual([3, 'mine']);
    expect(errorOf(late).message).toContain('; judged by a date: snp.chain');
    expect(errorOf(late).message).toContain('give --at with one at which all of it was valid');
    const forced = await run(...args, '--force');
    expect([forced.code, documentIn(readFileSync(out, 'utf8')).snp?.images]).toEqual([0, expect.any(Array)]);
    expect(forced.json()['unvouched']).toEqual([]);
    expect(forced.json()['differences']).toContainEqual(expect.objectContaining({ path: 'snp.vmpls[]', after: '0' }));
    const alone = await run(...args.filter((arg) => arg !== '--out' && arg !== out), '--force');
    expect([alone.code, errorOf(alone).code]).toEqual([64, 'usage']);
  });

  test('proposes nothing of what is not authentic, and says every rule that fails', TIMEOUT, async () => {
    // The kit's root is no vendor's, and it is not pinned.
    const [told, json] = await Promise.all([
      run('from-evidence', path('snp.json'), '--at', KIT_AT),
      run('from-evidence', path('snp.json'), '--at', KIT_AT, '--json'),
    ]);
    expect([told.code, told.stdout]).toEqual([3, '']);
    expect(told.stderr).toMatch(/^snp\.chain: expected SEV-VCEK .*, got certificate_/m);
    expect(told.stderr).toContain('the evidence does not pass: snp.chain');
    expect(told.stderr).not.toContain('--at');
    expect([json.code, json.stdout, errorOf(json)]).toEqual([
      3,
      '',
      expect.objectContaining({
        code: 'appraisal_failed',
        detail: expect.objectContaining({ 'snp.chain': expect.any(String) }),
      }),
    ]);
  });

  test('exits with 2 for what is no evidence, and with 64 for flags that are wrong', TIMEOUT, async () => {
    const [cut, named, golden] = await Promise.all([
      run('from-evidence', put('cut.json', '{"kind":"evidence"')),
      run('from-evidence', path('snp.json'), '--name', ' x'),
      run('from-evidence', path('snp.json'), '--golden', 'all'),
    ]);
    expect([cut.code, named.code, golden.code]).toEqual([2, 64, 64]);
  });
});

describe('from-rim', () => {
  const rim = (name: string) => vectorPath('nvidia', 'rim', name);
  const VBIOS = 'vbios-96.00.5E.00.01.xml';

  vectorTest('checks what it reads, says so, and adds it to a document', TIMEOUT, async () => {
    const args = ['from-rim', rim(VBIOS), rim('driver-550.144.03.xml'), '--at', '2025-01-01'];
    const told = await run(...args, '--merge', path('snp.values.json'));
    expect(told.code).toBe(0);
    expect(told.stderr).toContain(
      `${VBIOS}: vbios GH100 96.00.5E.00.01, 12 golden values; digest, signature and chain`,
    );
    const { gpu, snp } = documentIn(told.stdout);
    expect([gpu?.spdm?.drivers[0]?.golden?.length, gpu?.spdm?.vbioses[0]?.golden?.length]).toEqual([21, 12]);
    expect(snp).not.toBeNull();
    const written = await run(...args, '--out', path('rims.json'), '--json');
    expect(written.json()).toMatchObject({
      rims: [
        { kind: 'vbios', golden: 12 },
        { kind: 'driver', golden: 21 },
      ],
    });
  });

  vectorTest('is what a GPU whose driver has no manifest is measured by, with what it measured', TIMEOUT, async () => {
    const manifest = await run('from-rim', rim(VBIOS), '--at', '2024-06-01');
    const device = (end: string) => vectorPath('nvidia', `h100-535.86.09.${end}`);
    const flags = ['--spdm', device('spdm.bin'), '--chain', device('chain.pem')];
    const host = await run(
      'from-evidence',
      ...flags,
      '--merge',
      put('vbios.json', manifest.stdout),
      '--at',
      '2026-07-01',
    );
    expect([host.code, host.stderr]).toEqual([0, expect.any(String)]);
    expect(host.stderr).toContain('passes its own rules; no host passes this document yet');
    expect(host.stderr).not.toContain('the evidence passes under');
    const before = documentIn(manifest.stdout).gpu?.spdm?.vbioses;
    const { spdm } = documentIn(host.stdout).gpu ?? {};
    // The vendor's word stays as it is; the driver gets only what the VBIOS does not claim.
    expect(spdm?.vbioses).toEqual(before);
    expect(spdm?.drivers[0]?.golden).toHaveLength(64 - 12);
    expect(spdm?.architectures).toEqual(['hopper']);
  });

  const REFUSED: readonly (readonly [string, string, string])[] = [
    [VBIOS, '2026-01-01', 'certificate_expired'],
    ['bad-digest-driver-535.86.09.xml', '2026-01-01', 'digest_mismatch'],
  ];
  for (const [name, at, code] of REFUSED) {
    const check = existsSync(rim(name)) ? vectorTest : test.skip;
    check(`refuses ${name} at ${at}: ${code}`, TIMEOUT, async () => {
      const refused = await run('from-rim', rim(name), '--at', at, '--json');
      expect([refused.code, refused.stdout]).toEqual([70, '']);
      expect(errorOf(refused)).toMatchObject({ code, message: expect.stringContaining(name) });
    });
  }

  test('refuses a manifest under another root than NVIDIA’s, and what is no manifest', TIMEOUT, async () => {
    const [foreign, none] = await Promise.all([
      run('from-rim', put('kit.xml', makeRim()), '--json'),
      run('from-rim', path('snp.json'), '--json'),
    ]);
    expect([foreign.code, errorOf(foreign).code]).toEqual([70, 'certificate_untrusted']);
    expect([none.code, errorOf(none).code]).toEqual([64, 'malformed']);
  });
});

describe('diff', () => {
  const values = files[0]?.values as ReferenceValues;
  const changed: ReferenceValues = { ...values, revoked: [{ claim: 'snp.product', value: 'Genoa' }] };

  test('says what changes, and exits with 0 either way', TIMEOUT, async () => {
    const [before, after] = [
      put('before.json', referenceValuesText(values)),
      put('after.json', JSON.stringify(changed)),
    ];
    const [told, json, same] = await Promise.all([
      run('diff', before, after),
      run('diff', before, after, '--json'),
      run('diff', before, before),
    ]);
    expect([told.code, same.code, same.stdout]).toEqual([0, 0, 'nothing changes\n']);
    expect(told.stdout).toContain('+ revoked[snp.product Genoa].value: "Genoa"');
    expect(json.json()).toMatchObject({
      before: digestOfObject(values),
      after: digestOfObject(changed),
      differences: expect.arrayContaining([expect.objectContaining({ before: null, after: '"Genoa"' })]),
    });
  });

  test('refuses what is no document, naming the file', TIMEOUT, async () => {
    const refused = await run('diff', path('snp.values.json'), path('snp.json'), '--json');
    expect([refused.code, errorOf(refused)]).toEqual([
      64,
      expect.objectContaining({ code: 'malformed', message: expect.stringContaining(path('snp.json')) }),
    ]);
  });
});

describe('check', () => {
  test('says what a document accepts, and exits with 64 for what is none', TIMEOUT, async () => {
    const document = documentIn(readFileSync(path('snp.values.json'), 'utf8'));
    const [told, json, none] = await Promise.all([
      run('check', path('snp.values.json')),
      run('check', path('snp.values.json'), '--json'),
      run('check', path('snp.json'), '--json'),
    ]);
    expect(told.stdout).toMatch(/^accepts {2}SEV-SNP: Milan from bl 4/m);
    expect(told.stdout).toMatch(/^beware {3}production vaults refuse this document/m);
    expect(json.json()).toMatchObject({
      digest: digestOfObject(document),
      remarks: expect.arrayContaining([{ kind: 'accepts', text: expect.stringContaining('SEV-SNP') }]),
    });
    expect([none.code, errorOf(none).code]).toEqual([64, 'malformed']);
  });
});

test.each([
  'appraise',
  'reference-values from-evidence',
  'reference-values from-rim',
  'reference-values diff',
  'reference-values check',
])('%s has its examples', async (command) => {
  let text = '';
  const program = new Command('twinlock').exitOverride().configureOutput({
    writeOut: (written) => {
      text += written;
    },
  });
  for (const add of [addAppraise, addReferenceValues]) add(program);
  await program.parseAsync([...command.split(' '), '--help'], { from: 'user' }).catch(() => undefined);
  expect(text).toContain(`Examples:\n  twinlock ${command}`);
});
