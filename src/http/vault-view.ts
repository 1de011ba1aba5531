import { must } from '../core/errors.ts';
import type { Context } from '../vault/context.ts';
import { viewFault } from '../vault/log-fault.ts';

/** The facts about the vault that every caller may know. Throws `genesis_incomplete` where `init` has not been run. */
export async function vaultView(context: Context) {
  const time = context.clock.now();
  const facts = context.recorder.state?.facts;
  if (facts !== undefined) {
    const { grade, rpId } = facts.genesis;
    return {
      fingerprint: facts.vault,
      rpId,
      grade,
      phase: facts.stopped === null ? ('open' as const) : ('stopped' as const),
      time,
      fault: viewFault(context.recorder),
    };
  }
  const founding = await context.founding.founding();
  must(founding !== null, 'genesis_incomplete', 'the vault has not been initialised: run twinlockd init');
  return {
    fingerprint: null,
    rpId: founding.rpId,
    grade: founding.grade,
    phase: 'founding' as const,
    time,
    fault: null,
  };
}
