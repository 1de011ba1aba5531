import { fromBase64url, type Hex } from '../core/bytes.ts';
import { must } from '../core/errors.ts';
import type { ArchivedAssertion } from '../core/schema.ts';
import {
  assertionClaim,
  currentAuthenticator,
  currentPrincipal,
  ed25519Claim,
} from '../core/state/checks/signatures.ts';
import type { Facts } from '../core/state/state.ts';
import { challengeOf, signableMessage } from '../core/webauthn/challenge.ts';
import type { Context } from './context.ts';
import { type Caller, callerNameOf } from './sessions.ts';

export type SignIn =
  | {
      readonly kind: 'custodian';
      readonly nonce: Hex;
      readonly credential: string;
      readonly assertion: ArchivedAssertion;
    }
  | { readonly kind: 'principal'; readonly nonce: Hex; readonly key: string; readonly signature: string };

type Custodians = Extract<SignIn, { kind: 'custodian' }>;
type Principals = Extract<SignIn, { kind: 'principal' }>;

export interface Session {
  readonly token: string;
  readonly expires: number;
  readonly caller: Caller;
}

/**
 * Opens a session for a request from `address`. Nothing is remembered of one that is not signed by the key that it
 * names, but that it failed, and that for this key from this address alone. The challenge's label is that of
 * sessions, so a login is never an approval, and an approval never a login.
 */
export async function signIn(context: Context, request: SignIn, address: string): Promise<Session> {
  const { challenges, sessions, shares } = context;
  challenges.require(request.nonce);
  const caller = knownCaller(context.recorder.facts, request);
  const failures = `${address} ${callerNameOf(caller)}`;
  shares.failedSignIns.require(failures);
  try {
    if (request.kind === 'custodian') await verifyTouch(context, request);
    else verifyKey(context, request);
  } catch (error) {
    shares.failedSignIns.spend(failures);
    throw error;
  }
  challenges.consume(request.nonce, callerNameOf(caller));
  return { ...sessions.open(caller), caller };
}

/** Whom the request names. Throws `credential_unknown`, `principal_unknown` and their like. */
function knownCaller(facts: Facts, request: SignIn): Caller {
  if (request.kind === 'principal') {
    const { role, owner, name } = currentPrincipal(facts, request.key);
    return { role, person: owner, name, key: request.key };
  }
  const { credential } = request;
  const known = facts.authenticators.get(credential);
  must(known !== undefined, 'credential_unknown', 'this authenticator is not enrolled in this vault');
  const { person } = currentAuthenticator(facts, known.person, credential);
  return { role: 'custodian', person, name: facts.persons.get(person) ?? person, credential };
}

async function verifyTouch(context: Context, { nonce, credential, assertion }: Custodians): Promise<void> {
  const { facts } = context.recorder;
  const key = facts.authenticators.get(credential);
  must(key !== undefined, 'credential_unknown', 'this authenticator is not enrolled in this vault');
  const signable = { label: 'session', vault: facts.vault, nonce } as const;
  context.verify(assertionClaim(facts, key, signable, assertion));
  const challenge = challengeOf(signable);
  await context.door.login({ credential, key, challenge, rpId: facts.genesis.rpId, assertion });
}

function verifyKey({ recorder, verify }: Context, { nonce, key, signature }: Principals): void {
  must(fromBase64url(signature).length === 64, 'malformed', 'expected a signature of 64 bytes');
  const signable = { label: 'session', vault: recorder.facts.vault, nonce } as const;
  verify(ed25519Claim(key, signableMessage(signable), signature, 'session'));
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
