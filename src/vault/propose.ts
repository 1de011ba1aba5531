import type { Hex } from '../core/bytes.ts';
import { must } from '../core/errors.ts';
import type { ProposerSignature } from '../core/log/entry.ts';
import { parseStatement, type Statement, statementDigest } from '../core/statement/statement.ts';
import type { Context } from './context.ts';
import type { Recorded } from './recorder.ts';
import type { Caller } from './sessions.ts';

export interface Proposed extends Recorded {
  readonly digest: Hex;
}

/** Puts a statement before the custodians. A release also uses up the request that its evidence answers. */
export async function propose(
  context: Context,
  caller: Caller,
  request: {
    readonly statement: Record<string, unknown>;
    readonly signature: ProposerSignature;
    readonly objects: ReadonlyMap<Hex, Uint8Array>;
  },
): Promise<Proposed> {
  const statement = parseStatement(request.statement);
  isTheCallers(caller, statement);
  if (statement.kind === 'release') context.requests.find(statement.request, statement.proposer.key);
  const recorded = await context.recorder.record(() => ({
    objects: onlyNamed(statement, request.objects),
    drafts: [{ kind: 'proposal', body: { statement: { ...statement }, signature: request.signature } }],
  }));
  if (statement.kind === 'release') context.requests.close(statement.request);
  return { ...recorded, digest: statementDigest(statement) };
}

/** One proposes and stops in one's own name. */
export function isTheCallers(caller: Caller, { proposer }: Statement): void {
  const own =
    caller.role === 'custodian'
      ? proposer.kind === 'custodian' && proposer.person === caller.person
      : proposer.kind === 'principal' && proposer.key === caller.key;
  must(own, 'not_permitted', 'expected a statement whose proposer is the caller');
}

/** Nobody stores what no entry names. */
function onlyNamed(statement: Statement, objects: ReadonlyMap<Hex, Uint8Array>): Map<Hex, Uint8Array> {
  const named = statement.kind === 'release' ? statement.hosts.flatMap((host) => [host.evidence, host.appraisal]) : [];
  return new Map([...objects].filter(([digest]) => named.includes(digest)));
}
