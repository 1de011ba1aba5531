import type { Command } from 'commander';
import { stopText } from '../../src/core/state/running.ts';
import type { Facts } from '../../src/core/state/state.ts';
import { afterRetirement } from '../custodian/retirement.ts';
import { exactBytes, exactDuration, exactInstant } from '../exact.ts';
import { visibleText } from '../visible.ts';
import { follow, signIn } from './connect.ts';
import { type Invocation, invoke } from './invocation.ts';
import { type ProposalReport, type ReportedHost, reportOn } from './proposal-report.ts';

export function addCode(program: Command): void {
  program
    .command('code <proposal...>')
    .description('shows what a proposal is, and its comparison words, by a replay of the log on this machine')
    .addHelpText(
      'after',
      `
For approvers who want a second opinion before they touch: on another machine than the one of their console, with an
auditor's or a depositor's key. The log is replayed from the fingerprint, down to every signature, quorum and
appraisal; nothing of what is printed is the vault's word, and nothing comes from the console's page. All of it must
be what the page shows. PROPOSAL is the digest that the page and twinlock proposals show, or its first 8 digits, with
or without gaps.

Examples:
  twinlock code 5f1c2a9b03d47e68 --key auditor.key
  twinlock code "$DIGEST" --json | jq -r .code`,
    )
    .action((proposal: readonly string[], _options: unknown, command: Command) =>
      invoke(command, (invocation) => run(invocation, proposal.join('').replaceAll(/\s/g, ''))),
    );
}

async function run(invocation: Invocation, proposal: string): Promise<void> {
  const replica = await follow(invocation, await signIn(invocation, ['auditor', 'depositor']));
  const report = await reportOn(replica, proposal.toLowerCase(), Date.now());
  invocation.terminal.result(report, linesOf(report, replica.facts));
}

function linesOf(report: ProposalReport, facts: Facts): readonly string[] {
  const { statement, proposer, policy, votes } = report;
  const { name, isCustodian, machine } = proposer;
  const by = `${name}${isCustodian ? '' : ', who is no custodian'}`;
  return [
    ...row('vault', `${report.vault}${report.grade === 'simulation' ? ', of grade simulation: protects nothing' : ''}`),
    ...row('verified', `${report.entries} entries of the log, on this machine`),
    ...row('proposal', report.digest),
    ...row('kind', statement.kind),
    ...subjectOf(report, facts),
    ...('reason' in statement ? row('reason', statement.reason) : []),
    ...row('proposed by', machine === null ? by : `“${machine}”, a machine of ${by}`),
    ...row('', `person ${proposer.person}`),
    ...row('proposed', exactInstant(statement.created)),
    ...row('expires', exactInstant(statement.expires)),
    ...row('policy', `${policy.digest}, in force since entry ${policy.since}`),
    ...votes.flatMap((vote) => row(vote.decision === 'approve' ? 'approved by' : 'denied by', vote.name)),
    'the statement, exactly',
    ...JSON.stringify(statement, null, 2)
      .split('\n')
      .map((line) => `  ${line.slice(0, line.search(/\S/))}${visibleText(line.trimStart())}`),
    ...row('code', report.code),
  ];
}

/** Attacker-controlled values: nothing in them is unseen. */
function row(name: string, value: string): readonly string[] {
  return [`${name.padEnd(12)} ${visibleText(value)}`];
}

function subjectOf({ statement, hosts, changes }: ProposalReport, facts: Facts): readonly string[] {
  switch (statement.kind) {
    case 'release':
      return [
        ...versionRows(statement),
        ...row('for', statement.purpose),
        ...row('lease', `${exactDuration(statement.leaseMs)} from the release on`),
        ...row('served', `at most ${exactBytes(BigInt(statement.bytes))}`),
        ...hosts.flatMap(hostRows),
      ];
    case 'publish':
      return [...versionRows(statement), ...row('evaluation', statement.evaluation ?? 'none is cited')];
    case 'principal': {
      const { name, role, owner, ownerName, key, models } = statement.principal;
      const isCustodian = facts.committee.members.some(({ person }) => person === owner);
      return [
        ...row('enrols', `“${name}”, a ${role}`),
        ...row('owner', `${ownerName}${isCustodian ? '' : ', who is no custodian'}, person ${owner}`),
        ...row('models', models.join(', ')),
        ...row('key', key),
      ];
    }
    case 'policy':
      return [
        ...row('new policy', statement.document),
        ...row('in place of', statement.base),
        ...changes.flatMap(({ path, before, after }) => [
          ...row('changes', path),
          ...(before === null ? [] : row('  before', before)),
          ...(after === null ? [] : row('  after', after)),
        ]),
      ];
    case 'resume':
      return [
        ...row('resumes from', statement.stop),
        ...(facts.stopped ?? []).flatMap((stop) => row('stopped by', stopText(stop))),
      ];
    case 'authenticator': {
      const { name, left, able, threshold, versions } = afterRetirement(facts, statement.credential);
      return [
        ...row('retires', `a security key of ${name ?? 'an unknown person'}, person ${statement.person}`),
        ...row('key', statement.credential),
        ...row('leaves', `them ${left} keys, and ${able} custodians who can act, of whom ${threshold} must approve`),
        ...row('shares', versions.length === 0 ? 'it holds none' : `it holds one of ${versions.join(', ')}`),
      ];
    }
    case 'clock':
      return row('sets back', "the log's clock, to the time that its approvers sign");
  }
}

function versionRows({ model, version, manifest }: { model: string; version: string; manifest: string }) {
  return [...row('model', model), ...row('version', version), ...row('manifest', manifest)];
}

function hostRows({ label, platform, runs, chips }: ReportedHost, position: number): readonly string[] {
  return [
    ...row(`host ${position}`, `${label}, by ${platform}`),
    ...runs.flatMap((image) => row('  runs', image)),
    ...Object.entries(chips).flatMap(([claim, value]) => row(`  ${claim}`, value)),
  ];
}
