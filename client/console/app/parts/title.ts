import { quoted } from '../../../../src/core/quoted.ts';
import type { Standing } from '../../../../src/core/state/lifecycle.ts';
import { overtakenBy, standingOf, standingText } from '../../../../src/core/state/standing.ts';
import type { Facts, Proposable, Proposal } from '../../../../src/core/state/state.ts';
import { counted } from '../../../display/exact.ts';

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

const TONES: Readonly<Record<Standing, Tone>> = {
  open: 'warn',
  approved: 'good',
  executed: 'good',
  denied: 'bad',
  expired: 'plain',
  withdrawn: 'plain',
  revoked: 'bad',
  overtaken: 'plain',
  ended: 'plain',
};

/** The state of a proposal by this workstation’s clock, as a tone and a text that says how it was overtaken. */
export function phaseOf(facts: Facts, proposal: Proposal, nowMs: number): readonly [tone: Tone, text: string] {
  const standing = standingOf(facts, proposal, nowMs);
  const overtaking = standing === 'overtaken' ? overtakenBy(facts, proposal.statement) : null;
  return [TONES[standing], standingText(proposal.statement.kind, standing, overtaking, proposal.setBack)];
}
