import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseAppraisal } from '../../../src/core/attest/appraisal.ts';
import { fromBase64url } from '../../../src/core/bytes.ts';
import { canonicalBytes, digestOf } from '../../../src/core/canonical.ts';
import { pem } from '../../core/x509/certificate-kit.ts';
import { ITA, jwksOf, signToken, tdClaims } from '../../platforms/token.ts';
import { type Run, type RunOptions, runProgram } from '../../world/command-line.ts';
import { KIT_AT, KIT_NONCE, kitFiles, writeKitFiles } from './kit-files.ts';
import { dashed, isThere, VECTOR_ROWS, type VectorRow } from './vector-rows.ts';

/** `twinlock appraise` as a process of its own, which is what scripts see. */

const folder = mkdtempSync(join(tmpdir(), 'twinlock-appraise-'));
afterAll(() => rmSync(folder, { recursive: true }));
const files = kitFiles();
writeKitFiles(folder, files);

const TIMEOUT = { timeout: 60_000 };
const path = (name: string) => join(folder, name);
const appraise = (args: readonly string[], options?: RunOptions): Promise<Run> =>
  runProgram('client/cli.ts', ['appraise', ...args], folder, options);
const at = ['--at', KIT_AT];
const failedOf = (run: Run) =>
  (run.json()['rules'] as { rule: string; pass: boolean }[]).filter(({ pass }) => !pass).map(({ rule }) => rule);
const errorOf = ({ stderr }: Run) => (JSON.parse(stderr) as { error: { code: string; message: string } }).error;

function put(name: string, content: string | Uint8Array): string {
  writeFileSync(path(name), content);
  return path(name);
}

describe.each(files)('evidence of $name', ({ name }) => {
  test('exits with 0 where all rules pass, with 3 where one fails, with 2 where it is cut short', TIMEOUT, async () => {
    const values = ['--reference-values', path(`${name}.values.json`)];
    const whole = readFileSync(path(`${name}.json`));
    const cut = put(`${name}.cut.json`, whole.subarray(0, whole.length - 20));
    const [passed, failed, unparsed] = await Promise.all([
      appraise([path(`${name}.json`), ...values, ...at, '--nonce', KIT_NONCE, '--json']),
      appraise([path(`${name}.json`), ...values, ...at, '--nonce', 'ab'.repeat(32), '--json']),
      appraise([cut, ...values, ...at, '--json']),
    ]);
    expect([passed.code, passed.stderr]).toEqual([0, '']);
    expect(failedOf(passed)).toEqual([]);
    expect(failed.code).toBe(3);
    expect(failedOf(failed).length).toBeGreaterThan(0);
    expect([unparsed.code, unparsed.stdout, errorOf(unparsed).code]).toEqual([2, '', 'malformed']);
  });
});

describe('what is printed', () => {
  const whole = [path('snp.json'), ...at, '--reference-values', path('snp.values.json')];

  test('is the same to the byte in every zone, language and on every day', TIMEOUT, async () => {
    const args = [[...whole, '--json'], whole];
    const [here, there] = await Promise.all(
      [
        { TZ: 'UTC', LANG: 'C' },
        { TZ: 'Asia/Kathmandu', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8', TWINLOCK_CA: '/nothing' },
      ].map((env) => Promise.all(args.map((one) => appraise(one, { env })))),
    );
    expect(there?.map(({ stdout }) => stdout)).toEqual(here?.map(({ stdout }) => stdout));
    expect(here?.map(({ code }) => code)).toEqual([0, 0]);
    // With --json it is the appraisal: its canonical form parses as one.
    const { appraisal } = parseAppraisal(canonicalBytes(here?.[0]?.json() ?? {}));
    expect(appraisal).toMatchObject({
      platform: 'snp',
      instant: Date.parse(KIT_AT),
      verdict: 'pass',
      evidence: digestOf(readFileSync(path('snp.json'))),
      referenceValues: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  test('says in a table what was expected and got, and repeats what failed in full', TIMEOUT, async () => {
    const run = await appraise([...whole, '--nonce', 'ab'.repeat(32)]);
    expect(run.code).toBe(3);
    expect(run.stdout).toMatch(/^snp\.report-data +FAIL /m);
    expect(run.stdout).toMatch(/^snp\.signature +pass +valid +valid$/m);
    expect(run.stdout).toMatch(/^ {2}got {6}[0-9a-f]{128}$/m);
    expect(run.stdout).toContain('FAIL: 1 of ');
  });

  test.each([
    ['certificate that has expired', 'snp', '2060-01-01', 'snp.chain', 'certificate_expired'],
    ['certificate that is not yet valid', 'snp', '2001-01-01', 'snp.chain', 'certificate_not_yet_valid'],
    ['PCK certificate that has expired', 'tdx-gpus', '2045-01-01', 'tdx.pck-chain', 'certificate_expired'],
    ['token that is over', 'tokens', '2060-01-01', 'ita.time', 'issued'],
  ])('names --at where a rule fails on the date of a %s', TIMEOUT, async (_, name, day, rule, got) => {
    const run = await appraise([path(`${name}.json`), '--reference-values', path(`${name}.values.json`), '--at', day]);
    expect(run.code).toBe(3);
    expect(run.stdout).toMatch(new RegExp(`^${rule}\\n  expected .*\\n  got      ${got}`, 'm'));
    expect(run.stdout).toMatch(
      new RegExp(`^judged by a date: .*${rule}.* To judge as of another time, give --at `, 'm'),
    );
  });

  test('does not name --at where what fails is no date', TIMEOUT, async () => {
    const run = await appraise([...whole, '--nonce', 'ab'.repeat(32)]);
    expect([run.code, run.stdout.includes('--at')]).toEqual([3, false]);
  });

  test('says that without reference values authenticity alone is checked', TIMEOUT, async () => {
    const run = await appraise([path('snp.json'), ...at]);
    // Its root is the kit's, and no vendor's.
    expect([run.code, run.stdout.includes('authenticity alone is checked')]).toEqual([3, true]);
    expect(run.stdout).toMatch(/^snp\.chain +FAIL/m);
  });

  test('is as of now where no instant is named', TIMEOUT, async () => {
    const before = Date.now();
    const run = await appraise([path('tokens.json'), '--json']);
    expect(run.json()['instant']).toBeGreaterThanOrEqual(before);
    expect(run.json()['instant']).toBeLessThanOrEqual(Date.now());
    expect(failedOf(run)).toContain('ita.time');
  });

  test('of GPUs alone says that they are never enough', TIMEOUT, async () => {
    const { gpu } = files.find(({ name }) => name === 'tdx-gpus')?.parts ?? {};
    if (gpu?.kind !== 'spdm') throw new Error('expected devices');
    const flags = gpu.devices.flatMap(({ spdm, chain }, i) => [
      ...['--spdm', put(`gpu${i}.bin`, fromBase64url(spdm))],
      ...['--chain', put(`gpu${i}.pem`, chain.map((der) => pem('CERTIFICATE', fromBase64url(der))).join(''))],
    ]);
    const run = await appraise([...flags, ...at, '--nonce', KIT_NONCE]);
    expect(run.stdout).toContain('GPU evidence alone is never enough');
    expect(run.stdout).not.toContain('freshness is not checked');
    const unasked = await appraise([...flags, ...at]);
    expect(unasked.stdout).toContain('nonce        none given: freshness is not checked');
    expect(run.stdout).toMatch(/^nvidia\.gpu-1\.nonce +pass/m);
  });
});

const second = Date.parse(KIT_AT) / 1000;
const tokenPayload = {
  ...tdClaims(new Uint8Array(64)),
  ...{ iss: 'Intel Trust Authority', iat: second, nbf: second, exp: second + 60 },
};

test('beware of what is authentic, and refused by reference values alone', TIMEOUT, async () => {
  const token = signToken(ITA, { ...tokenPayload, attester_type: 'SGX', attester_tcb_status: 'OutOfDate' });
  const flags = ['--jwt', put('stale.jwt', token), '--jwks', put('stale.keys.json', jwksOf(ITA)), ...at];
  const [told, json] = await Promise.all([appraise(flags), appraise([...flags, '--json'])]);
  expect(told.stdout).toContain('beware: Intel calls this platform OutOfDate; nothing refuses that until');
  expect(told.stdout).toContain("beware: the attester's type is SGX, not TDX");
  expect(json.stdout).not.toContain('beware');
});

describe('what a host says cannot steer a terminal', () => {
  test('in a claim and in an error', TIMEOUT, async () => {
    const esc = '\u001b]0;owned\u0007\u001b[2J';
    const token = signToken(ITA, { ...tokenPayload, attester_tcb_status: esc });
    const jwks = put('keys.json', jwksOf(ITA));
    const odd = put(
      'odd.json',
      `{"kind":"evidence","${esc.replaceAll('\u001b', '\\u001b').replaceAll('\u0007', '\\u0007')}":1}`,
    );
    const runs = await Promise.all([
      appraise(['--jwt', put('odd.jwt', token), '--jwks', jwks]),
      appraise([odd]),
      appraise([odd, '--json']),
      appraise([path('snp.json'), '--nonce', esc]),
    ]);
    for (const { stdout, stderr } of runs) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
      expect(stdout + stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    }
    expect(runs.map(({ code }) => code)).toEqual([2, 2, 2, 64]);
  });
});

describe('hostile files are refused, and none is waited for', () => {
  const garbage = Uint8Array.from({ length: 1 << 20 }, (_, i) => (i * 2654435761) >>> 24);
  const nested = (inside: string) => inside.replace('$', `${'['.repeat(200_000)}${']'.repeat(200_000)}`);
  const report = readFileSync(path('snp.json'));

  test('each with its exit code', TIMEOUT, async () => {
    const rows: readonly (readonly [string, readonly string[], number])[] = [
      ['a MiB of garbage', [put('garbage', garbage)], 2],
      ['nesting without end', [put('nested', nested('$'))], 2],
      ['nesting inside of evidence', [put('inside', nested('{"a":$,"kind":"evidence-parts"}'))], 2],
      ['not the canonical form', [put('spaced', `${report.toString()}\n`)], 2],
      ['more than two MiB', [put('large', new Uint8Array((2 << 20) + 1))], 2],
      ['a folder', [folder], 64],
      ['reference values that are none', [path('snp.json'), '--reference-values', path('snp.json')], 64],
      ['a day that is on no calendar', [path('snp.json'), '--at', '2026-02-30'], 64],
    ];
    const runs = await Promise.all(rows.map(([, args]) => appraise([...args, '--json'])));
    const got = rows.map(([name], i) => [name, runs[i]?.code, runs[i]?.stdout]);
    expect(got).toEqual(rows.map(([name, , code]) => [name, code, '']));
    for (const run of runs) expect(errorOf(run).message).not.toBe('');
  });

  test('what is no evidence is named, with all that would be, in a file and in endorsements', TIMEOUT, async () => {
    const none = put('none.json', '{"kind":"recipe"}');
    const prose = put('prose.md', '# twinlock');
    const named = await Promise.all([
      appraise([none, '--json']),
      appraise([prose, '--json']),
      appraise([path('snp.json'), '--endorsements', prose, '--json']),
    ]);
    const [kind, text, endorsements] = named.map((run) => errorOf(run).message);
    expect(kind).toMatch(/none\.json: expected JSON of kind evidence or evidence-parts, .* nvattest/);
    expect(text).toMatch(/prose\.md: expected JSON$/);
    expect(endorsements).toMatch(/^--endorsements \S+prose\.md: /);
    expect(named.map(({ code }) => code)).toEqual([2, 2, 2]);
  });

  test('in a key set it is a key that is missing', TIMEOUT, async () => {
    const jwt = put('nested.jwt', signToken(ITA, tokenPayload));
    const run = await appraise(['--jwt', jwt, '--jwks', put('nested.jwks', nested('{"keys":$}')), ...at, '--json']);
    expect([run.code, failedOf(run)]).toEqual([3, ['ita.key', 'ita.signature']]);
  });

  test('a pipe without a writer', TIMEOUT, async () => {
    execFileSync('mkfifo', [path('pipe')]);
    const runs = await Promise.all([
      appraise([path('pipe'), '--json']),
      appraise(['--snp-report', path('pipe'), '--json']),
    ]);
    expect(runs.map((run) => [run.code, errorOf(run).code])).toEqual(Array(2).fill([64, 'not_permitted']));
  });
});

/** One of each kind, on its way through the command line; the others are appraised in vectors.test.ts. */
const CHILD_ROWS = [
  'azure-vtpm/snp-genoa-v0.json',
  'sgx-v3 at 2025-06-20',
  'h100x4-ppcie',
  'swtpm, by its AK certificate',
];
const rowTest = (row: VectorRow) => (isThere(row) ? test : test.skip);

describe('evidence of the field', () => {
  for (const row of VECTOR_ROWS.filter(({ name }) => CHILD_ROWS.includes(name))) {
    rowTest(row)(`${row.name} exits as its source says`, TIMEOUT, async () => {
      const flags = Object.entries(row.flags(folder)).flatMap(([flag, value]) =>
        [value].flat().flatMap((one) => [dashed(flag), String(one)]),
      );
      const run = await appraise([...flags, '--at', row.at, '--json']);
      if (row.failed === null) {
        expect([run.code, run.stdout]).toEqual([2, '']);
        return;
      }
      expect(run.code).toBe(row.failed.length === 0 ? 0 : 3);
      expect(failedOf(run).toSorted()).toEqual([...row.failed].sort());
    });
  }
});
