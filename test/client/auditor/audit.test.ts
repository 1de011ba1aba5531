import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type AuditOptions, audit } from '../../../client/auditor/audit.ts';
import { reportLines } from '../../../client/cli/audit.ts';
import { keptSource, type LogPage } from '../../../client/log/source.ts';
import { type Code, TwinlockError } from '../../../src/core/errors.ts';
import { MapMemory, verify } from '../../world/client.ts';
import { HOUR_MS } from '../../world/founding.ts';
import { keptLog, noteOf } from '../../world/source.ts';
import { publishedWorld, releasedWorld, World } from '../../world/world.ts';

describe('an audit', () => {
  let world: World;
  let log: LogPage;
  beforeAll(async () => {
    const released = await releasedWorld({ label: 'audit' });
    world = released.world;
    await world.append(world.draftHostReceipt(released.asked));
    log = keptLog(world);
  });

  const run = (page: LogPage, of: World = world, changes: Partial<AuditOptions> = {}) =>
    audit(keptSource(page), { fingerprint: of.vault, verify, now: () => of.now, memory: null, ...changes });
  const edited = (index: number, edit: (text: string) => string): LogPage => ({
    ...log,
    entries: log.entries.map((text, i) => (i === index ? edit(text) : text)),
  });

  test('passes a log that is true and has come to an end', async () => {
    const report = await run(log);
    expect(report).toMatchObject({
      entries: world.log.length,
      integrity: { verdict: 'pass', fault: null, checkpoint: { size: world.log.length }, appraisals: 1 },
      completeness: {
        verdict: 'pass',
        open: [],
        tally: { approvals: 4, denials: 0, entries: { genesis: 1, deposit: 1, release: 1, receipt: 3 } },
        releases: { granted: 1, withReceipts: 1, withoutReceipts: 0, awaited: 0, hosts: 1, receipts: 1 },
        versions: { releasable: 1, notDurable: ['acme/ocr@1'] },
      },
    });
    expect(report.integrity.signatures).toBeGreaterThan(10);
    expect(reportLines(report)).toContainEqual(
      expect.stringMatching(
        /^ +not durable: acme\/ocr@1: 2 of \d custodians have checked their share, any 2 shares open it: every custodian checks theirs, .*under Versions, has yet to: “ana”, custodian, id [0-9a-f]{32}; “cleo”, /,
      ),
    );
  });

  test('the report has the members that FORMAT.md lists, and no others', async () => {
    const report = await run(log);
    const { completeness, integrity } = report;
    const { tally, releases, versions } = completeness;
    const format = readFileSync(join(import.meta.dirname, '../../../client/auditor/FORMAT.md'), 'utf8');
    const parts = [report, integrity, completeness, tally, tally.clock, releases, versions];
    const names = new Set(parts.flatMap((part) => Object.keys(part)));
    for (const block of format.split('```').filter((_block, i) => i % 2 === 1)) {
      const listed = [...block.matchAll(/^(?:[a-z]+ {9,}|)? *([a-zA-Z]+) {2,}/gm)].map(([, name]) => name as string);
      expect([...names]).toEqual(expect.arrayContaining(listed));
    }
    for (const name of names) expect(format).toMatch(new RegExp(`^(?:[a-z]+ +)?${name}\\b| ${name} +`, 'm'));
  });

  test('is open while a release has no receipt, and while something waits for a decision', async () => {
    const { world: other, deposit } = await releasedWorld({ label: 'open' });
    const asked = await other.ask(deposit);
    const proposal = await other.propose(asked.statement);
    const { completeness } = await run(keptLog(other), other);
    expect(completeness).toMatchObject({
      verdict: 'open',
      releases: { granted: 1, withReceipts: 0, withoutReceipts: 0, awaited: 1 },
      proposals: { open: 1, executed: 2 },
    });
    expect(completeness.open.map(({ what }) => what)).toEqual(['receipt', 'proposal']);
    expect(completeness.open[1]).toMatchObject({ digest: proposal, message: 'a release is open' });
  });

  test('says that an end is overdue, and counts a release that ended without its receipt', async () => {
    const { world: other, release } = await releasedWorld({ label: 'ended' });
    other.now += 3_700_000;
    const overdue = await run(keptLog(other), other);
    expect(overdue.completeness.open.map(({ what }) => what)).toEqual(['expiry']);
    await other.append({ kind: 'expiry', body: { proposal: release } });
    const { completeness } = await run(keptLog(other), other);
    expect(completeness).toMatchObject({ verdict: 'pass', releases: { withoutReceipts: 1, awaited: 0 } });
  });

  test('says where the log’s clock is ahead of its own, and where custodians’ are', async () => {
    const other = await World.found({ label: 'ahead' });
    const truth = other.now;
    const clockOf = async () =>
      (await run(keptLog(other), other, { now: () => truth })).completeness.open.map(({ what, message }) => [
        what,
        message.replace(/\d+ seconds .*ms\)/, '…'),
      ]);
    await other.append({ kind: 'heartbeat', body: {} }, { time: truth + HOUR_MS });
    expect(await clockOf()).toEqual([
      ['clock', 'the log’s last entry is dated 1 hour (3,600,000 ms) ahead of this machine’s clock'],
    ]);
    await other.append({ kind: 'heartbeat', body: {} }, { time: truth });
    expect(await clockOf()).toEqual([]);
    other.now = truth + HOUR_MS;
    await other.propose(other.policyChange({ veto: true }, other.founder('ana')));
    expect((await clockOf()).map(([what]) => what)).toEqual(['proposal', 'clock', 'clock']);
  });

  test('passes no approval and no release that is dated before an earlier entry', async () => {
    const { world: dated, deposit } = await publishedWorld();
    const asked = await dated.ask(deposit);
    const release = await dated.propose(asked.statement);
    await dated.approve(release, dated.founder('ben'));
    const { now: inTime } = dated;
    const truth = inTime + 20 * HOUR_MS;
    await dated.append({ kind: 'heartbeat', body: {} }, { time: truth });
    // Cleo is dishonest, and with her the vault.
    dated.now = inTime;
    await dated.approve(release, dated.founder('cleo'));
    await dated.append({ kind: 'release', body: { proposal: release } });
    await dated.append(dated.draftHostReceipt(asked));
    await dated.append({ kind: 'expiry', body: { proposal: release } }, { time: truth });
    const { completeness } = await run(keptLog(dated), dated, { now: () => truth });
    expect(completeness).toMatchObject({
      verdict: 'open',
      open: [
        { what: 'clock', message: expect.stringMatching(/^2 approvals and releases are dated before .* by up to/) },
      ],
    });
  });

  /** Entry `first` is a heartbeat that is dated a month ahead; a release, dated truly, follows, and its receipt. */
  async function afterAWrongReading() {
    const { world: read, deposit } = await publishedWorld({ label: 'a wrong reading' });
    const truth = read.now;
    const first = read.log.length;
    await read.append({ kind: 'heartbeat', body: {} }, { time: truth + 30 * 24 * HOUR_MS });
    read.now = truth;
    return { read, deposit, first };
  }

  test('counts a wrong clock reading of the vault no more once a threshold of custodians has signed earlier times', async () => {
    const { read, deposit, first } = await afterAWrongReading();
    const asked = await read.ask(deposit);
    await read.release(asked, read.founder('ben'), read.founder('cleo'));
    await read.append(read.draftHostReceipt(asked));
    const report = await run(keptLog(read), read);
    expect(report.completeness).toMatchObject({
      verdict: 'pass',
      tally: { clock: { wrong: { count: 1, first }, datedBack: 0, actsDatedBack: null } },
    });
    expect(reportLines(report).join('\n')).toMatch(
      new RegExp(`wrong clock readings of the vault: 1 entry, the first entry ${first}, dated up to 29 days 23 hours`),
    );
  });

  test('counts it while fewer have: one custodian may be in league with the vault', async () => {
    const { read, deposit } = await afterAWrongReading();
    const proposal = await read.propose((await read.ask(deposit)).statement);
    await read.deny(proposal, read.founder('ben'));
    const { completeness } = await run(keptLog(read), read);
    const clock = completeness.open.filter(({ what }) => what === 'clock').map(({ message }) => message);
    expect(completeness.tally.clock.wrong).toBeNull();
    expect(clock).toContainEqual(expect.stringMatching(/^the log was silent for 30 days/));
  });

  test('counts it where custodians had signed before it was in the log, and the vault held their votes back', async () => {
    const { read, deposit } = await afterAWrongReading();
    const asked = await read.ask(deposit);
    const proposal = await read.propose(asked.statement);
    const votes = [read.founder('ben'), read.founder('cleo')].map((voter) => read.draftApproval(proposal, voter));
    const drafts = await Promise.all(votes);
    await read.append({ kind: 'heartbeat', body: {} }, { time: read.now + 60 * 24 * HOUR_MS });
    read.now = asked.statement.created;
    for (const draft of drafts) await read.append(draft);
    const { completeness } = await run(keptLog(read), read);
    expect(completeness.tally.clock).toMatchObject({ wrong: { count: 1 }, actsDatedBack: { count: 2 } });
  });

  test('asks nothing of what follows a correction of the log’s clock, nor of the votes on it', async () => {
    const { world: corrected, deposit } = await publishedWorld();
    const [ana, ben] = [corrected.founder('ana'), corrected.founder('ben')];
    const truth = corrected.now;
    corrected.now += 20 * HOUR_MS;
    const change = await corrected.propose(corrected.policyChange({ veto: true }, ana));
    await corrected.deny(change, ana, ben, corrected.founder('cleo'));
    corrected.now = truth + 1000;
    await corrected.approve(await corrected.propose(corrected.clockCorrection(ana)), ana, ben);
    const asked = await corrected.ask(deposit);
    await corrected.release(asked, ben, corrected.founder('cleo'));
    await corrected.append(corrected.draftHostReceipt(asked));
    const { completeness } = await run(keptLog(corrected), corrected);
    expect(completeness).toMatchObject({ open: [], tally: { clock: { actsDatedBack: null } } });
  });

  test('counts what was dated back, and the longest silence', async () => {
    const other = await World.found({ label: 'dated' });
    const truth = other.now;
    await other.append({ kind: 'heartbeat', body: {} }, { time: truth + 30 * HOUR_MS });
    await other.append({ kind: 'heartbeat', body: {} }, { time: truth });
    other.now = truth;
    const report = await run(keptLog(other), other);
    expect(report.completeness).toMatchObject({
      verdict: 'open',
      open: [
        { what: 'clock', message: expect.stringMatching(/^the log was silent for 1 day 6 hours .* before entry 1$/) },
      ],
      tally: { clock: { lastMs: truth, datedBack: 1, silence: { endedBy: 1 } } },
    });
    const lines = reportLines(report).join('\n');
    expect(lines).toMatch(/1 entry dated back: a clock was wrong before/);
    expect(lines).toMatch(/silent for 1 day 6 hours 1 second.* before entry 1/);
  });

  test('counts what was turned away, by code', async () => {
    const other = await World.found({ label: 'refusals' });
    const body = { code: 'out_of_scope', act: 'propose', who: null, count: 3, since: other.now - 1000 } as const;
    await other.append({ kind: 'refusal', body });
    await other.append({ kind: 'refusal', body: { ...body, act: 'deposit', count: 2 } });
    const report = await run(keptLog(other), other);
    expect(report.completeness.tally.refusalsClaimed).toEqual({ out_of_scope: 5 });
    const words = '5 refusals, each the vault’s own claim; nothing signed shows them: 5 × out_of_scope';
    expect(report.completeness.vaultsWord).toBe(words);
    expect(reportLines(report).join('\n')).toContain(`turned away: ${words}`);
  });

  test('says of one of anything that it is one', async () => {
    const other = await World.found({ label: 'one refusal' });
    const body = { code: 'out_of_scope', act: 'propose', who: null, count: 1, since: other.now } as const;
    await other.append({ kind: 'refusal', body });
    const report = await run(keptLog(other), other);
    const words = '1 refusal, the vault’s own claim; nothing signed shows it: 1 × out_of_scope';
    expect(report.completeness.vaultsWord).toBe(words);
    const { integrity, completeness } = report;
    const tally = { ...completeness.tally, approvals: 1, denials: 1 };
    const ones = { ...integrity, signatures: 1, appraisals: 1 };
    const lines = reportLines({ ...report, entries: 1, integrity: ones, completeness: { ...completeness, tally } });
    expect(lines).toContain('              1 entry, 1 signature and 1 appraisal reached again');
    expect(lines).toContain('              decisions: 1 approval, 1 denial');
  });

  test('shows a refusal that names an innocent person as the vault’s claim, never as that person’s act', async () => {
    const other = await World.found({ label: 'forged refusals' });
    const [credential = ''] = other.facts.authenticators.keys();
    const body = { code: 'signature_invalid', act: 'approve', who: credential, count: 9, since: other.now } as const;
    await other.append({ kind: 'refusal', body });
    const report = await run(keptLog(other), other);
    const lines = reportLines(report).filter((line) => line.includes('signature_invalid'));
    expect(lines).toEqual([
      '              turned away: 9 refusals, each the vault’s own claim; nothing signed shows them: 9 × signature_invalid',
    ]);
    expect(JSON.stringify(report)).not.toContain(credential);
  });

  test('finds an edited entry, and counts up to it alone', async () => {
    const index = log.entries.findIndex((text) => text.includes('"kind":"deposit"'));
    const report = await run(edited(index, (text) => text.replace('"time":1', '"time":2')));
    const { integrity, completeness, entries } = report;
    expect(integrity).toMatchObject({ verdict: 'fail', fault: { entry: index + 1 } });
    const [line] = reportLines(report).filter((text) => text.includes(integrity.fault?.code ?? '?'));
    expect(line?.match(/entry \d+/g)).toEqual([`entry ${index + 1}`]);
    expect(entries).toBe(index + 1);
    expect(completeness.verdict).toBe('unknown');
  });

  test('finds a signature that is not true at its entry', async () => {
    const index = log.entries.findIndex((text) => text.includes('"type":"custody"'));
    const other = (c: string) => (c === 'A' ? 'B' : 'A');
    const flip = (text: string) =>
      text.replace(/"signature":"(.{60})(.)/, (_, head: string, c: string) => `"signature":"${head}${other(c)}`);
    const { integrity, entries } = await run(edited(index, flip));
    expect(integrity.fault).toMatchObject({ entry: index, code: 'signature_invalid' });
    expect(entries).toBe(index);
  });

  test('finds a release whose quorum was cut out', async () => {
    const { world: other, deposit } = await publishedWorld({ label: 'cut' });
    const asked = await other.ask(deposit);
    const proposal = await other.propose(asked.statement);
    await other.approve(proposal, other.founder('ben'));
    const forged = other.seal({ kind: 'release', body: { proposal } });
    const page = keptLog(other);
    const { integrity } = await run({ ...page, entries: [...page.entries, new TextDecoder().decode(forged)] }, other);
    expect(integrity.fault).toMatchObject({ entry: other.log.length, code: 'quorum_missing' });
  });

  test('finds entries cut off the end, and a checkpoint of others', async () => {
    const short = await run({ ...log, entries: log.entries.slice(0, -1) });
    expect(short.integrity.fault).toMatchObject({ entry: null, code: 'rolled_back' });
    const other = world.fork();
    await other.append({ kind: 'heartbeat', body: {} });
    const swapped = await run({ ...log, checkpoint: noteOf(other) });
    expect(swapped.integrity.fault).toMatchObject({ entry: null, code: 'rolled_back' });
    const longer = await run({ ...keptLog(other), checkpoint: noteOf(world) });
    expect(longer.integrity.fault).toMatchObject({ entry: null, code: 'checkpoint_invalid' });
  });

  test('says that without a checkpoint there was none', async () => {
    expect((await run({ ...log, checkpoint: null })).integrity).toMatchObject({ verdict: 'pass', checkpoint: null });
  });

  test('finds a missing object, another vault’s log and an empty one', async () => {
    const [evidence = ''] = [...world.facts.evidence.keys()];
    const objects = new Map(log.objects);
    objects.delete(evidence);
    expect((await run({ ...log, objects })).integrity.fault).toMatchObject({ code: 'object_missing' });
    const other = await run(log, world, { fingerprint: 'ab'.repeat(32) });
    expect(other).toMatchObject({ entries: 0, grade: null, integrity: { fault: { entry: 0, code: 'wrong_genesis' } } });
    expect((await run({ ...log, entries: [] })).integrity.fault).toMatchObject({ code: 'wrong_genesis' });
  });

  test('gives no verdict where the log cannot be read, or its checkpoint not be kept', async () => {
    const failure = (code: Code) => () => Promise.reject(new TwinlockError(code, 'it failed'));
    const unread = { page: failure('unavailable') };
    const options = { fingerprint: world.vault, verify, now: () => world.now, memory: null };
    await expect(audit(unread, options)).rejects.toThrow(expect.objectContaining({ code: 'unavailable' }));
    for (const memory of [
      { get: failure('not_permitted'), put: async () => undefined },
      { get: async () => null, put: failure('storage_full') },
    ]) {
      await expect(run(log, world, { memory })).rejects.toThrow(/it failed/);
    }
  });

  test('remembers what it passed, and finds a log that is no continuation of it', async () => {
    const memory = new MapMemory();
    await run(log, world, { memory });
    expect(memory.checkpoints.get(world.vault)?.size).toBe(world.log.length);
    await memory.put(world.vault, { size: 2, root: 'ab'.repeat(32) });
    expect((await run(log, world, { memory })).integrity.fault).toMatchObject({ code: 'rolled_back' });
  });
});
