import { fromBase64url, type Hex } from '../core/bytes.ts';
import { must } from '../core/errors.ts';
import type { ArchivedAssertion } from '../core/schema.ts';
import {
  assertionClaim,
  currentAuthenticator,
  currentPrincipal,
  ed25519Claim,
} from '../core/state/rules/signatures.ts';
import { challengeOf, signableMessage } from '../core/webauthn/challenge.ts';
import type { Context } from './context.ts';
import type { Caller, CustodianCaller, PrincipalCaller } from './sessions.ts';

export type SignIn =
  | {
      readonly kind: 'custodian';
      readonly nonce: Hex;
      readonly credential: string;
      readonly assertion: ArchivedAssertion;
    }
  | { readonly kind: 'principal'; readonly nonce: Hex; readonly key: string; readonly signature: string };

export interface Session {
  readonly token: string;
  readonly expires: number;
  readonly caller: Caller;
}

/**
 * Opens a session. The challenge is consumed first, whatever comes of it; its label is that of sessions, so
 * a login is never an approval, and an approval never a login.
 */
export async function signIn(context: Context, request: SignIn): Promise<Session> {
  context.challenges.consume(request.nonce);
  const caller = request.kind === 'custodian' ? await custodian(context, request) : principal(context, request);
  return { ...context.sessions.open(caller), caller };
}

async function custodian(context: Context, request: Extract<SignIn, { kind: 'custodian' }>): Promise<Caller> {
  const { facts } = context.recorder;
  const { nonce, credential, assertion } = request;
  const known = facts.authenticators.get(credential);
  must(known !== undefined, 'credential_unknown', 'this authenticator is not enrolled in this vault');
  const authenticator = currentAuthenticator(facts, known.person, credential);
  const signable = { label: 'session', vault: facts.vault, nonce } as const;
  context.verify(assertionClaim(facts, authenticator, signable, assertion));
  await context.door.login({
    credential,
    key: authenticator,
    challenge: challengeOf(signable),
    rpId: facts.genesis.rpId,
    assertion,
  });
  return { role: 'custodian', person: known.person, name: facts.persons.get(known.person) ?? known.person, credential };
}

function principal(context: Context, { nonce, key, signature }: Extract<SignIn, { kind: 'principal' }>): Caller {
  const { facts } = context.recorder;
  const known = currentPrincipal(facts, key);
  must(fromBase64url(signature).length === 64, 'malformed', 'expected a signature of 64 bytes');
  context.verify(
    ed25519Claim(key, signableMessage({ label: 'session', vault: facts.vault, nonce }), signature, 'session'),
  );
  return { role: known.role, person: known.owner, name: known.name, key };
}

/**
 * Who asks, by their session. Throws `unauthenticated`, and `credential_retired` or `principal_retired` for one
 * that was retired since.
 */
export function callerOf({ sessions, recorder }: Context, token: string | null): Caller {
  const caller = sessions.caller(token);
  if (caller.role === 'custodian') currentAuthenticator(recorder.facts, caller.person, caller.credential);
  else currentPrincipal(recorder.facts, caller.key);
  return caller;
}

/** Throws `not_permitted` unless the caller is a custodian. */
export function asCustodian(caller: Caller): CustodianCaller {
  must(caller.role === 'custodian', 'not_permitted', `this is for a custodian, not for a ${caller.role}`);
  return caller;
}

/** Throws `not_permitted` unless the caller is a principal of this role. */
export function asPrincipal(caller: Caller, role: PrincipalCaller['role']): PrincipalCaller {
  must(caller.role === role, 'not_permitted', `this is for a ${role}, not for a ${caller.role}`);
  return caller as PrincipalCaller;
}
