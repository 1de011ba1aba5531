import type { Command } from 'commander';
import { must } from '../../src/core/errors.ts';
import { stopText } from '../../src/core/state/running.ts';
import { comparisonCode, GENESIS_WORDS } from '../../src/core/statement/comparison-code.ts';
import type { StatusView } from '../api/api.ts';
import { counted, exactBytes } from '../display/exact.ts';
import { faultText } from '../log/fault-text.ts';
import { signIn } from './connect.ts';
import { invoke } from './invocation.ts';
import { marked, personLines } from './persons.ts';
import { unreachable } from './proposals.ts';
import { shortDigest, table } from './text.ts';

export function addStatus(program: Command): void {
  program
    .command('status')
    .description('shows the vault: versions, share holders, keys, open proposals')
    .addHelpText(
      'after',
      `
The vault reports this and nothing is verified here; twinlock audit verifies the log.

Examples:
  twinlock status --key auditor.key
  twinlock status --json | jq '.versions[] | select(.durable | not)'`,
    )
    .action((_options: unknown, command: Command) =>
      invoke(command, async (invocation) => {
        const { api, fingerprint } = await signIn(invocation, ['auditor', 'depositor', 'requester']);
        const status = await api.status();
        must(status.fingerprint === fingerprint, 'wrong_genesis', `expected ${fingerprint}, got ${status.fingerprint}`);
        invocation.terminal.result(status, statusLines(status));
      }),
    );
}

function changesOf({ policyChanges }: StatusView): string {
  if (policyChanges === 0) return '';
  return `, changed ${counted(policyChanges, 'time')}`;
}

function stopLines(stopped: StatusView['stopped']): readonly string[] {
  if (stopped === null) return ['state        open'];
  return stopped.map((stop) => `state        STOPPED: the vault says: by ${stopText(stop)}`);
}

const CLOCK_LINES: Readonly<Record<StatusView['clock'], string | null>> = {
  behind:
    'BEHIND what custodians have signed: the vault takes next to nothing but stops until it is set (README, “Clocks”)',
  jumped:
    'WRONG, or was paused: it has jumped, and ends and releases nothing by itself until a custodian signs again (README, “Clocks”)',
  awaited: 'not confirmed: no custodian has signed since twinlockd began; it ends and releases nothing by itself',
  confirmed: null,
};

function clockLines(clock: StatusView['clock']): readonly string[] {
  const line = CLOCK_LINES[clock];
  return line === null ? [] : [`clock        ${line}`];
}

function outOfReachLines({ outOfReach }: StatusView): readonly string[] {
  return outOfReach.flatMap(unreachable).map((line) => `             no quorum can approve ${line}`);
}

/** The lines of the status that a person reads. */
export function statusLines(status: StatusView): readonly string[] {
  const { committee, versions, principals } = status;
  return [
    `vault        ${status.fingerprint}`,
    `             ${comparisonCode(status.fingerprint, GENESIS_WORDS)}`,
    `grade        ${status.grade}${status.grade === 'simulation' ? ': protects nothing' : ''}`,
    ...stopLines(status.stopped),
    ...(status.fault === null ? [] : [`FAULT        ${faultText(status.fault)}`]),
    ...clockLines(status.clock),
    `log          ${counted(status.entries, 'entry', 'entries')}`,
    `proposals    ${status.open} open${status.open === 0 ? '' : ', which twinlock proposals lists'}, ${status.overtaken === 0 ? '' : `${status.overtaken} overtaken, `}${counted(status.leases, 'release')} in force`,
    ...outOfReachLines(status),
    `policy       ${status.policy}${changesOf(status)}`,
    `committee    ${committee.threshold} of ${committee.members.length}, epoch ${committee.epoch}`,
    '',
    ...table(
      ['CUSTODIAN', 'SHARE', 'AUTHENTICATORS', 'GROUPS'],
      committee.members.map(({ index, authenticators, groups, ...member }) => [
        marked(member),
        String(index),
        String(authenticators),
        groups.join(' '),
      ]),
    ),
    '',
    ...table(
      ['VERSION', 'STATE', 'BYTES', 'MANIFEST', 'DURABLE', 'SHARES UNCONFIRMED', 'NO SHARE ANY MORE'],
      versions.map(({ model, version, phase, bytes, manifest, durable, unconfirmed, holders, without }) => [
        `${model}@${version}`,
        phase,
        exactBytes(BigInt(bytes)),
        shortDigest(manifest),
        `${durable ? 'yes' : 'no'}: ${holders.length} of ${committee.members.length} checked, ${committee.threshold} open it`,
        durable ? 'none' : [...new Set(unconfirmed.map(marked))].join(', '),
        without.length === 0 ? 'none' : without.map(marked).join(', '),
      ]),
      'no version has been deposited: twinlock deposit FOLDER --as MODEL@VERSION',
    ),
    '',
    ...table(
      ['KEY', 'ROLE', 'OWNER', 'MODELS'],
      principals.map(({ name, role, owner, models, retired }) => [
        JSON.stringify(name),
        role,
        marked(owner),
        retired ? 'retired' : models.join(' '),
      ]),
      'no machine has a key: twinlock key create, which a custodian then proposes in their console',
    ),
    '',
    ...personLines([...committee.members, ...principals.map(({ owner }) => owner)]),
  ];
}
