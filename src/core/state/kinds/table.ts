import type { Proposable } from '../state.ts';
import { authenticatorEffect } from './authenticator.ts';
import { clockEffect } from './clock.ts';
import type { Effect } from './kind.ts';
import { policyEffect } from './policy.ts';
import { principalEffect } from './principal.ts';
import { publishEffect } from './publish.ts';
import { releaseEffect } from './release.ts';
import { resumeEffect } from './resume.ts';

/** The effect of each kind that is proposed; core/statement has what each kind says. */
const EFFECTS: { [S in Proposable as S['kind']]: Effect<S> } = {
  authenticator: authenticatorEffect,
  clock: clockEffect,
  policy: policyEffect,
  principal: principalEffect,
  publish: publishEffect,
  release: releaseEffect,
  resume: resumeEffect,
};

/** The effect of a statement's kind. TypeScript cannot follow that both are of the same kind. */
export function effectOf<S extends Proposable>(statement: S): Effect<S> {
  return EFFECTS[statement.kind] as unknown as Effect<S>;
}
