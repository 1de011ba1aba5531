import type { EnvelopeName } from '../log/entry.ts';
import type { Facts, Version } from './state.ts';

/**
 * The envelopes of a version that their custodians have not opened and checked yet. A version is durable where there is none. Those of
 * a retired authenticator do not count: its custodian can never open them again.
 */
export function unconfirmedEnvelopes(
  { authenticators }: Facts,
  { envelopes, confirmed }: Version,
): readonly EnvelopeName[] {
  return envelopes.filter(
    ({ credential }) => authenticators.get(credential)?.retiredAt === null && !confirmed.includes(credential),
  );
}
