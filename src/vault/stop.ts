import { must } from '../core/errors.ts';
import type { ProposerSignature } from '../core/log/entry.ts';
import { parseStatement } from '../core/statement/statement.ts';
import type { Context } from './context.ts';
import { isTheCallers } from './propose.ts';
import type { Act, Recorded } from './recorder.ts';
import type { Caller } from './sessions.ts';

/** Records a stop: one person is enough, and a custodian's goes before all that waits. A machine's waits its turn. */
export function stop(
  context: Context,
  caller: Caller,
  request: { readonly statement: Record<string, unknown>; readonly signature: ProposerSignature },
): Promise<Recorded> {
  const statement = parseStatement(request.statement);
  must(statement.kind === 'stop', 'unknown_kind', `expected a statement of kind stop, got ${statement.kind}`);
  isTheCallers(caller, statement);
  const act: Act = { drafts: [{ kind: 'stop', body: { statement: { ...statement }, signature: request.signature } }] };
  return context.recorder.record(() => act, caller.role === 'custodian' ? 'urgent' : 'ordinary');
}
