import type { Code } from '../errors.ts';
import type { ProposalPhase } from './state.ts';

type EndedPhase = Exclude<ProposalPhase, 'open' | 'approved' | 'executed'>;

/** How a release that will not be served ended: the code that tells it from the others, and a sentence. */
export const ENDED: Readonly<Record<EndedPhase, readonly [code: Code, message: string]>> = {
  denied: ['request_denied', 'the custodians denied the release'],
  expired: ['statement_expired', 'the custodians did not decide in time: request it anew'],
  withdrawn: ['request_withdrawn', 'the request was withdrawn'],
  revoked: ['release_revoked', 'the release was revoked'],
};

export function isEnded(phase: ProposalPhase): phase is EndedPhase {
  return Object.hasOwn(ENDED, phase);
}
