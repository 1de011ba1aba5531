import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { PLATFORM_IDS } from '../../src/core/attest/platforms.ts';
import { productionCautionsOf } from '../../src/core/attest/production.ts';
import { NO_REFERENCE_VALUES } from '../../src/core/attest/reference-values.ts';
import { toBase64url } from '../../src/core/bytes.ts';
import { digestOfObject } from '../../src/core/canonical.ts';
import { parseCommentedJson } from '../../src/core/json-comments.ts';
import { parsePolicy } from '../../src/core/statement/policy.ts';
import { SOFTWARE_AAGUID } from '../../src/core/webauthn/attestation.ts';
import { foundingPolicy, refusesEveryHost, requireEnrollable } from '../../src/founding/policy.ts';
import { policyTemplate } from '../../src/founding/policy-template.ts';
import { openStore } from '../../src/store/open.ts';
import { AT_MS, MODEL, makeIssuer, makeRoot } from '../core/webauthn/attestation-kit.ts';
import { utcTime } from '../core/x509/certificate-kit.ts';
import { snpCase } from '../platforms/snp.ts';
import { tpmReferenceValues } from '../platforms/tpm.ts';
import { runProgram } from '../world/command-line.ts';
import { POLICY } from '../world/founding.ts';

vi.setConfig({ testTimeout: 30_000 });

const code = (name: string) => expect.objectContaining({ code: name });
const VALUES = { ...NO_REFERENCE_VALUES, snp: snpCase().referenceValues };

describe('the policy that a vault is founded with', () => {
  test('is the default of the grade, which lets no host of a production vault pass', () => {
    expect(refusesEveryHost(foundingPolicy('production', null, null))).toBe(true);
    expect(refusesEveryHost(foundingPolicy('simulation', null, null))).toBe(false);
  });

  test('takes reference values in place of its own', () => {
    for (const given of [null, POLICY]) {
      const bytes = foundingPolicy('production', given, VALUES);
      expect(parsePolicy(bytes).policy.referenceValues).toEqual(VALUES);
      expect(refusesEveryHost(bytes)).toBe(false);
    }
    expect(parsePolicy(foundingPolicy('simulation', POLICY, null)).policy).toEqual(POLICY);
  });

  test('asks for each group of the founders by default, and for no other than its own where it is given', () => {
    const groupsOf = (given: object | null) =>
      parsePolicy(foundingPolicy('simulation', given, null, ['ops', 'board'])).policy.groups;
    expect(groupsOf(null)).toEqual(['ops', 'board']);
    expect(groupsOf({ ...POLICY, groups: ['ops'] })).toEqual(['ops']);
  });

  test.each(['production', 'simulation'] as const)(
    'is, of grade %s, what the template says, each field explained',
    (grade) => {
      const template = policyTemplate(grade);
      const bytes = foundingPolicy(grade, parseCommentedJson(template) as object, null);
      expect(bytes).toEqual(foundingPolicy(grade, null, null));
      const lines = template.split('\n');
      const fields = lines.flatMap((line, i) => (/^ *"/.test(line) ? [[line, lines[i - 1]]] : []));
      expect(fields.length).toBeGreaterThan(15);
      for (const id of PLATFORM_IDS) expect(template).toContain(`  // "${id}": `);
      for (const [, before] of fields) expect(before).toMatch(/^ *\/\/ \S/);
      expect(lines.filter((line) => line.length > 100 && line.includes('//'))).toEqual([]);
    },
  );

  test('says what a founder should know of a TPM that is enough alone', () => {
    const tpm = tpmReferenceValues();
    for (const alone of [true, false]) {
      const told = productionCautionsOf({ ...NO_REFERENCE_VALUES, tpm: { ...tpm, alone } });
      expect(told).toEqual(alone ? [expect.stringContaining('(tpm.alone)')] : []);
    }
    expect(productionCautionsOf(NO_REFERENCE_VALUES)).toEqual([]);
  });

  test.each([
    ['a policy that forgets a field', { ...POLICY, veto: undefined }, null],
    ['a policy that is a list', [], VALUES],
    ['reference values of a platform that is not known', POLICY, { ...VALUES, cca: null }],
    ['a whole policy in place of reference values', POLICY, POLICY],
  ])('is refused with %s', (_what, given, values) => {
    expect(() => foundingPolicy('simulation', given, values)).toThrow(code('malformed'));
  });
});

describe('a production vault that no founder could enrol at', () => {
  const policyWith = (authenticators: object) =>
    parsePolicy(foundingPolicy('production', { ...POLICY, referenceValues: NO_REFERENCE_VALUES, authenticators }, null))
      .policy;
  const root = (fields = {}) => toBase64url(makeRoot(fields));

  test.each([
    ['no model', { aaguids: [], roots: [root()] }, /aaguids lists no model/],
    ['software alone', { aaguids: [SOFTWARE_AAGUID], roots: [root()] }, /lists software alone/],
    ['no root', { aaguids: [MODEL], roots: [] }, /lists no root certificate/],
    [
      'a root that has expired',
      { aaguids: [MODEL], roots: [root({ notAfter: utcTime('250101000000Z') })] },
      /valid now/,
    ],
    ['a root that is no authority', { aaguids: [MODEL], roots: [root({ extensions: [] })] }, /valid now/],
  ])('is refused: its policy lists %s', (_, authenticators, message) => {
    expect(() => requireEnrollable(policyWith(authenticators), AT_MS)).toThrow(
      expect.objectContaining({ code: 'quorum_unreachable', message: expect.stringMatching(message) }),
    );
  });

  test('is made as soon as one model and one authority are listed', () => {
    const some = { aaguids: [SOFTWARE_AAGUID, MODEL], roots: [root(), toBase64url(makeIssuer({ extensions: [] }))] };
    expect(() => requireEnrollable(policyWith(some), AT_MS)).not.toThrow();
  });
});

describe('twinlockd init', () => {
  const folder = () => {
    const made = mkdtempSync(join(tmpdir(), 'twinlock-init-'));
    onTestFinished(() => rmSync(made, { recursive: true }));
    return made;
  };
  const founders = ['ana', 'ben', 'cleo'].flatMap((name) => ['--founder', name]);

  const enrollable = {
    ...POLICY,
    referenceValues: NO_REFERENCE_VALUES,
    authenticators: { aaguids: [MODEL], roots: [toBase64url(makeRoot())] },
  };

  test('warns of a production vault that no host can pass, and not where it is told what hosts must show', async () => {
    const home = folder();
    const policy = join(home, 'policy.json');
    writeFileSync(policy, JSON.stringify(enrollable));
    const values = join(home, 'hosts.json');
    writeFileSync(values, JSON.stringify(NO_REFERENCE_VALUES));
    const init = (name: string, ...more: string[]) =>
      runProgram(
        'src/main.ts',
        ['--data', join(home, name), 'init', '--json', '--policy', policy, ...founders, ...more],
        home,
      );
    const bare = await init('bare');
    expect(bare).toMatchObject({ code: 0, stderr: expect.stringContaining('no host can pass') });
    expect(bare.json()).toHaveProperty('invitations');
    const empty = await init('empty', '--reference-values', values);
    expect(empty.stderr).toContain(`${values}: these reference values accept no host`);
    expect(empty.json()).toHaveProperty('referenceValuesDigest', digestOfObject(NO_REFERENCE_VALUES));
    // Any document that is one: a simulation's, because the kit's roots are no vendor's.
    writeFileSync(values, JSON.stringify(VALUES));
    const told = await init('told', '--grade', 'simulation', '--reference-values', values);
    expect(told).toMatchObject({ code: 0, stderr: '' });
    const made = await init('made-up', '--reference-values', values);
    expect(made).toMatchObject({ code: 70, stderr: expect.stringMatching(/root_unknown/) });
  });

  test('takes the template as it is printed, and refuses a production vault that lists no security key', async () => {
    const home = folder();
    const template = await runProgram('src/main.ts', ['policy', 'template', '--grade', 'simulation'], home);
    expect([template.code, template.stderr]).toEqual([0, '']);
    const policy = join(home, 'policy.json');
    writeFileSync(policy, template.stdout);
    const init = (name: string, ...more: string[]) =>
      runProgram('src/main.ts', ['--data', join(home, name), 'init', '--policy', policy, ...more], home);
    const made = await init('made', '--grade', 'simulation', ...founders);
    expect(made).toMatchObject({ code: 0, stderr: '' });
    const production = await runProgram('src/main.ts', ['policy', 'template'], home);
    writeFileSync(policy, production.stdout);
    const wanting = await init('wanting', ...founders);
    expect([wanting.code, wanting.stdout, wanting.stderr]).toEqual([
      64,
      '',
      'twinlockd: no founder could enrol a security key: policy.authenticators.aaguids lists no model: say in --policy FILE which may (twinlockd policy template), or try it with --grade simulation (quorum_unreachable)\n',
    ]);
    const bare = await runProgram('src/main.ts', ['--data', join(home, 'bare'), 'init', ...founders], home);
    expect([bare.code, bare.stderr]).toEqual([64, wanting.stderr]);
    expect(readdirSync(home).filter((name) => /wanting|bare/.test(name))).toEqual([]);
    // One maker's certificate, pasted twice.
    const twice = [...enrollable.authenticators.roots, ...enrollable.authenticators.roots];
    writeFileSync(policy, JSON.stringify({ ...enrollable, authenticators: { aaguids: [MODEL], roots: twice } }));
    const doubled = await init('doubled', ...founders);
    expect(doubled).toMatchObject({
      code: 64,
      stdout: '',
      stderr: expect.stringMatching(
        /roots 1 and 2 .* are both the certificate "Root".*: list one of them \(malformed\)\n$/,
      ),
    });
    writeFileSync(policy, template.stdout);
    // A group that the policy does not name would mean nothing.
    const grouped = await init(
      'grouped',
      '--grade',
      'simulation',
      '--founder',
      'ana:ops',
      '--founder',
      'ben:ops',
      '--founder',
      'cleo',
    );
    expect([grouped.code, grouped.stderr]).toEqual([
      64,
      'twinlockd: founder “ana”: the policy does not ask for the group ops, which would mean nothing: name it in the policy’s groups, or leave it out here (usage)\n',
    ]);
    const unknown = await runProgram('src/main.ts', ['policy', 'template', '--grade', 'test'], home);
    expect([unknown.code, unknown.stderr]).toEqual([
      64,
      expect.stringMatching(/^twinlockd: --grade: expected .*\(usage\)\n$/),
    ]);
  });

  test('makes the groups of founders count among approvers, each of two at least, and says so', async () => {
    const home = folder();
    const init = (name: string, ...groups: string[]) => {
      const grouped = ['ana', 'ben', 'cleo'].flatMap((founder, i) => ['--founder', `${founder}${groups[i] ?? ''}`]);
      const args = ['--data', join(home, name), 'init', '--grade', 'simulation', ...grouped];
      return runProgram('src/main.ts', args, home);
    };
    const made = await init('made', ':ops', ':ops,board', ':board');
    expect(made).toMatchObject({ code: 0, stderr: '' });
    expect(made.stdout).toContain('there must be at least one of each group: ops, board.');
    const store = openStore(join(home, 'made'));
    onTestFinished(() => store.close());
    expect(parsePolicy((await store.founding.founding())?.policy ?? new Uint8Array()).policy.groups).toEqual([
      'ops',
      'board',
    ]);
    const single = await init('single', ':ops');
    expect(single).toMatchObject({
      code: 64,
      stderr: expect.stringMatching(/group ops needs two founders.*quorum_unreachable/),
    });
  });
});
