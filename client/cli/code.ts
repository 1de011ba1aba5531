import type { Command } from 'commander';
import type { Base64url } from '../../src/core/bytes.ts';
import { quoted } from '../../src/core/quoted.ts';
import { type Person, personOf, personText } from '../../src/core/state/checks/persons.ts';
import { isPolicyInForce } from '../../src/core/state/policies.ts';
import { reachAdvice, reachText } from '../../src/core/state/reach.ts';
import { signedBefore } from '../../src/core/state/running.ts';
import { howToEnd, standingText, TAKEN_EFFECT } from '../../src/core/state/standing.ts';
import type { Facts } from '../../src/core/state/state.ts';
import { roleText } from '../../src/core/statement/role-text.ts';
import { afterRetirement } from '../custodian/retirement.ts';
import { servedText } from '../custodian/served.ts';
import { counted, exactDuration, exactInstant } from '../display/exact.ts';
import { visibleText } from '../display/visible.ts';
import { follow, signIn } from './connect.ts';
import { type Invocation, invoke } from './invocation.ts';
import {
  type ProposalReport,
  type ReportedHost,
  type ReportedStop,
  type ReportedVote,
  reportedStop,
  reportOn,
} from './proposal-report.ts';

export function addCode(program: Command): void {
  program
    .command('code <proposal...>')
    .description('shows what a proposal is, and its comparison words, by a replay of the log on this machine')
    .addHelpText(
      'after',
      `
For approvers who want a second opinion before they touch: on another machine than the one of their console, with an
auditor's or a depositor's key. The log is replayed from the fingerprint, down to every signature, quorum and
appraisal. Nothing that is printed relies on the vault's word or on the console's page. All of it must
be what the page shows. One that has ended is shown too, with its votes: look there for your own, also for one that you
never cast. PROPOSAL is the digest that the page and twinlock proposals show, or its first 8 digits or more, with or
without gaps.

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
  return [
    ...row('vault', `${report.vault}${report.grade === 'simulation' ? ', of grade simulation: protects nothing' : ''}`),
    ...row('verified', `${counted(report.entries, 'entry', 'entries')} of the log, on this machine`),
    ...row('proposal', report.digest),
    ...stateRows(report),
    ...row('kind', statement.kind),
    ...subjectOf(report, facts),
    ...('reason' in statement ? row('reason', statement.reason) : []),
    ...personRows(
      'proposed by',
      proposer,
      proposer.machine === null ? '' : `${quoted(proposer.machine)}, a machine of `,
    ),
    ...row('proposed', exactInstant(statement.created)),
    ...row('expires', exactInstant(statement.expires)),
    ...row(
      'policy',
      `${policy.digest}, in force since entry ${policy.since}${isPolicyInForce(facts, policy.digest) ? '' : ', and not now'}`,
    ),
    ...(votes.length === 0 ? row('votes', 'none') : votes.flatMap(voteRows)),
    'the statement, exactly',
    ...JSON.stringify(statement, null, 2)
      .split('\n')
      .map((line) => `  ${line.slice(0, line.search(/\S/))}${visibleText(line.trimStart())}`),
    ...row('code', report.code),
  ];
}

const NOTHING_LEFT = 'nothing is left to approve';

/** The state of the proposal. */
export function stateRows({
  standing,
  setBack,
  overtaken,
  reach,
  statement,
  executed,
  stop,
  policy,
}: ProposalReport): readonly string[] {
  const effect = executed === null ? '' : `${TAKEN_EFFECT[statement.kind]} at ${exactInstant(executed)}`;
  switch (standing) {
    case 'open':
      if (reach?.reachable === false)
        return row('state', `open, and no quorum can approve it: ${reachText(reach)}: ${reachAdvice(reach)}`);
      return row('state', 'open: it can be approved');
    case 'approved':
      return row(
        'state',
        'approved by a quorum: the vault releases it, unless a stop or the day’s budget of bytes holds it back',
      );
    case 'overtaken':
      return [
        ...row('state', `${standingText(statement.kind, standing, overtaken)}: it cannot take effect: ask for it anew`),
        ...(overtaken === 'policy'
          ? [
              ...row('', `if the policy ${policy.digest} is in force again before it expires,`),
              ...row('', 'it can take effect, with the votes that it has'),
              ...row('', `to prevent that, ${howToEnd(statement)}`),
            ]
          : []),
      ];
    case 'denied':
    case 'expired':
      return row('state', `${standingText(statement.kind, standing, null, setBack)}: ${NOTHING_LEFT}`);
    case 'executed':
      return row('state', `${effect}: ${NOTHING_LEFT}`);
    case 'ended':
      return row('state', `${effect}, and its lease has ended: ${NOTHING_LEFT}`);
    case 'withdrawn':
    case 'revoked':
      return [
        ...row('state', `${standing}${effect === '' ? '' : `, after it was ${effect}`}: ${NOTHING_LEFT}`),
        ...(stop === null ? [] : stopRows(`${standing} by`, stop)),
      ];
  }
}

function stopRows(name: string, stop: ReportedStop): readonly string[] {
  const { by, reason, time, entry } = stop;
  const signed = signedBefore(stop);
  return [
    ...personRows(name, by),
    ...row('', `in entry ${entry}, ${exactInstant(time)}: ${quoted(reason)}`),
    ...(signed === null ? [] : row('', `signed at ${exactInstant(signed)} by their own clock`)),
  ];
}

function voteRows(vote: ReportedVote): readonly string[] {
  const { decision, reason, entry, time, credential, keyName } = vote;
  return [
    ...personRows(decision === 'approve' ? 'approved by' : 'denied by', vote),
    ...row('', `in entry ${entry}, ${exactInstant(time)}, with key ${quoted(keyName)} ${credential}`),
    ...(reason === null ? [] : row('', quoted(reason))),
  ];
}

/** Shows the id with the name: a person can choose a name that looks like another person's. */
function personRows(label: string, person: Person, before = ''): readonly string[] {
  const { firstSeen } = person;
  return [
    ...row(label, `${before}${personText(person)}`),
    ...row(
      '',
      firstSeen === null
        ? 'not known before this'
        : `first seen in entry ${firstSeen.index}, ${exactInstant(firstSeen.time)}`,
    ),
  ];
}

/** The value may be attacker-controlled: invisible characters are shown. */
function row(name: string, value: string): readonly string[] {
  return [`${name.padEnd(12)} ${visibleText(value)}`];
}

function subjectOf({ statement, hosts, changes, alike, isPending }: ProposalReport, facts: Facts): readonly string[] {
  switch (statement.kind) {
    case 'release':
      return [
        ...versionRows(statement),
        ...row('for', statement.purpose),
        ...row('lease', `${exactDuration(statement.leaseMs)} from the release on`),
        ...row('served', `at most ${servedText(statement, facts)}`),
        ...hosts.flatMap(hostRows),
      ];
    case 'publish':
      return [...versionRows(statement), ...row('evaluation', statement.evaluation ?? 'none is cited')];
    case 'principal': {
      const { name, role, owner, ownerName, key, models } = statement.principal;
      return [
        ...row('enrols', `${quoted(name)}, ${roleText(role)}`),
        ...personRows('owner', personOf(facts, owner, ownerName)),
        ...row('models', models.join(', ')),
        ...row('key', key),
        ...alike.flatMap(({ digest, message }) => [
          ...row('BEWARE', message),
          ...row('', `so wants the proposal ${digest}, which waits as well`),
        ]),
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
        ...(isPending ? (facts.stopped ?? []) : []).flatMap((stop) =>
          stopRows('stopped by', reportedStop(facts, stop)),
        ),
      ];
    case 'authenticator':
      return [
        ...personRows('retires', personOf(facts, statement.person), 'a security key of '),
        ...row('key', keyText(facts, statement.credential)),
        ...(isPending ? retirementRows(facts, statement.credential) : []),
      ];
    case 'clock':
      return row('sets back', "the log's clock, to the time that its approvers sign");
  }
}

/** The key's name, and its id, since two persons may give their keys the same name. */
function keyText({ authenticators }: Facts, credential: Base64url): string {
  const known = authenticators.get(credential);
  return known === undefined ? credential : `${quoted(known.name)} ${credential}`;
}

function retirementRows(facts: Facts, credential: Base64url): readonly string[] {
  const { left, able, threshold, versions } = afterRetirement(facts, credential);
  return [
    ...row(
      'leaves',
      `them ${counted(left, 'key')}, and ${counted(able, 'custodian')} who can act, of whom ${threshold} must approve`,
    ),
    ...row('shares', versions.length === 0 ? 'it holds none' : `it holds one of ${versions.join(', ')}`),
  ];
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
