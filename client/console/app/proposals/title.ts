import { quoted } from '../../../../src/core/quoted.ts';
import {
  ENDED_BY_SETTING_BACK,
  overtakenBy,
  type Standing,
  standingOf,
  standingText,
} from '../../../../src/core/state/standing.ts';
import type { Facts, Proposable, Proposal } from '../../../../src/core/state/state.ts';
import { counted } from '../../../exact.ts';

/** A statement in one line. */
export function titleOf(statement: Proposable): string {
  switch (statement.kind) {
    case 'release': {
      const { model, version, hosts, purpose } = statement;
      return `Release ${model}@${version} to ${counted(hosts.length, 'host')} for ${purpose}`;
    }
    case 'publish':
      return `Publish ${statement.model}@${statement.version}`;
    case 'principal':
      return `Enrol ${quoted(statement.principal.name)} as ${statement.principal.role}`;
    case 'policy':
      return 'Change the policy';
    case 'resume':
      return 'Resume the vault';
    case 'authenticator':
      return 'Retire a security key';
    case 'clock':
      return 'Set the log’s clock back';
  }
}

type Tone = 'good' | 'bad' | 'warn' | 'plain';

const STANDINGS: Readonly<Record<Standing, readonly [tone: Tone, text: string]>> = {
  open: ['warn', 'open'],
  approved: ['good', 'approved'],
  executed: ['good', 'in effect'],
  denied: ['bad', 'denied'],
  expired: ['plain', 'expired'],
  withdrawn: ['plain', 'withdrawn'],
  revoked: ['bad', 'revoked'],
  overtaken: ['plain', 'overtaken'],
  over: ['plain', 'lease ended'],
  'set-back': ['plain', ENDED_BY_SETTING_BACK],
};

/** Where a proposal stands by this workstation’s clock, and in what words; with what has overtaken it. */
export function phaseOf(facts: Facts, proposal: Proposal, nowMs: number): readonly [tone: Tone, text: string] {
  const standing = standingOf(facts, proposal, nowMs);
  const [tone, text] = STANDINGS[standing];
  if (standing === 'overtaken') return [tone, standingText(standing, overtakenBy(facts, proposal.statement))];
  return standing === 'executed' && proposal.statement.kind === 'release' ? [tone, 'released'] : [tone, text];
}
