import type { Facts, Proposable, Proposal } from '../../../../src/core/state/state.ts';
import { ENDED_BY_SETTING_BACK } from '../../../custodian/standing.ts';
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
      return `Enrol “${statement.principal.name}” as ${statement.principal.role}`;
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

const PHASES: Readonly<Record<Proposal['phase'], readonly [tone: 'good' | 'bad' | 'warn' | 'plain', text: string]>> = {
  open: ['warn', 'open'],
  approved: ['good', 'approved'],
  executed: ['good', 'in effect'],
  denied: ['bad', 'denied'],
  expired: ['plain', 'expired'],
  withdrawn: ['plain', 'withdrawn'],
  revoked: ['bad', 'revoked'],
};

/** What was proposed under a policy that has been replaced takes effect only while that policy is in force again. */
const OVERTAKEN = ['warn', 'overtaken by another policy'] as const;

export function isOvertaken({ policy }: Pick<Facts, 'policy'>, of: Pick<Proposal, 'phase' | 'statement'>): boolean {
  return (of.phase === 'open' || of.phase === 'approved') && of.statement.policy !== policy.digest;
}

export function phaseOf({ policy }: Facts, { phase, ended, setBack, statement }: Proposal): (typeof PHASES)['open'] {
  if (setBack) return ['plain', ENDED_BY_SETTING_BACK];
  if (isOvertaken({ policy }, { phase, statement })) return OVERTAKEN;
  if (phase === 'executed' && ended) return ['plain', 'lease ended'];
  if (phase === 'executed' && statement.kind === 'release') return ['good', 'released'];
  return PHASES[phase];
}
