import { ed25519 } from '@noble/curves/ed25519.js';
import { type Base64url, type Hex, toBase64url } from '../../src/core/bytes.ts';
import type { SignedStop } from '../../src/core/log/signed-stop.ts';
import type { RandomBytes } from '../../src/core/random.ts';
import { ed25519KeyText } from '../../src/core/signature/key-text.ts';
import { possessionMessage } from '../../src/core/statement/principal.ts';
import {
  type PrincipalRecord,
  parseStatement,
  type Statement,
  statementDigest,
} from '../../src/core/statement/statement.ts';
import { type Signable, signableMessage } from '../../src/core/webauthn/challenge.ts';
import type { Api, Session } from '../api/api.ts';
import { type Stopping, stopStatement } from '../statements/stop.ts';

/** A machine's key. A holder of the seed acts for its owner. */
export interface PrincipalKey {
  readonly role: PrincipalRecord['role'];
  readonly name: string;
  /** Ed25519, 32 bytes. */
  readonly seed: Uint8Array;
  /** `ed25519:…`, the public key. */
  readonly key: string;
}

export function principalKey(role: PrincipalKey['role'], name: string, seed: Uint8Array): PrincipalKey {
  return { role, name, seed, key: ed25519KeyText(ed25519.getPublicKey(seed)) };
}

/** The record that a quorum enrols: the key, its owner, its models, and its own signature as a proof of possession. */
export function principalRecordOf(
  principal: PrincipalKey,
  owner: Pick<PrincipalRecord, 'owner' | 'ownerName' | 'models'>,
): PrincipalRecord {
  const { role, name, key } = principal;
  const possession = toBase64url(ed25519.sign(possessionMessage({ role, name, key }), principal.seed));
  return { key, role, name, ...owner, possession };
}

/** The login of a principal, for `Api.withLogin`. */
export function principalLogin(principal: PrincipalKey, fingerprint: Hex): (api: Api) => Promise<Session> {
  return async (api) => {
    const { nonce } = await api.challenge();
    const signature = sign(principal, { label: 'session', vault: fingerprint, nonce });
    return api.openSession({ kind: 'principal', nonce, key: principal.key, signature });
  };
}

/** A session of a principal, with the API to use in it. */
export interface PrincipalSession {
  readonly api: Api;
  readonly principal: PrincipalKey;
  /** The owner. */
  readonly person: Hex;
}

/** Logs in, and logs in again by itself whenever the vault has forgotten the session. */
export async function openPrincipalSession(
  api: Api,
  principal: PrincipalKey,
  fingerprint: Hex,
): Promise<PrincipalSession> {
  const login = principalLogin(principal, fingerprint);
  const first = await login(api);
  let unused: Session | null = first;
  const inSession = api.withLogin(async (anonymous) => {
    const session = unused ?? (await login(anonymous));
    unused = null;
    return session;
  });
  return { api: inSession, principal, person: first.person };
}

/** The proposer's field of a statement, and its signature over it. */
export function proposerOf({ principal, person }: PrincipalSession) {
  return { kind: 'principal' as const, person, key: principal.key };
}

/** Signs a statement and puts it before the custodians. */
export async function proposeAsPrincipal(
  { api, principal }: PrincipalSession,
  statement: Statement,
): Promise<{ readonly digest: Hex; readonly index: number }> {
  const digest = statementDigest(parseStatement(statement));
  const signature = sign(principal, { label: 'propose', vault: statement.vault, statement: digest });
  const { index } = await api.propose({ statement, signature: { kind: 'ed25519', signature }, objects: {} });
  return { digest, index };
}

/** Signs a stop of what this key has proposed, or of the key itself: the vault is not asked for anything. */
export function signStopAsPrincipal(
  principal: PrincipalKey,
  vault: Hex,
  stopping: Stopping,
  clock: { readonly nowMs: number; readonly random: RandomBytes },
): SignedStop {
  const by = { kind: 'principal', key: principal.key } as const;
  const statement = stopStatement(vault, by, stopping, { resumption: null, ...clock });
  const signable = { label: 'stop', vault, what: statement.what, statement: statementDigest(statement) } as const;
  return { statement, signature: { kind: 'ed25519', signature: sign(principal, signable) } };
}

function sign({ seed }: PrincipalKey, signable: Signable): Base64url {
  return toBase64url(ed25519.sign(signableMessage(signable), seed));
}
