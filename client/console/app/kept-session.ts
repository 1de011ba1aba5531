import * as z from 'zod/mini';
import { binary, credentialId, digest, id, parseAs } from '../../../src/core/schema.ts';
import type { OpenedSession } from '../../custodian/session.ts';

/**
 * The session of this tab, which a reload does not end. The browser keeps it for this tab and this origin alone, and
 * forgets it with the tab: two custodians at one workstation have a session each. It never replaces a touch.
 */
const SESSION = 'twinlock-session';

const kept = z.strictObject({ fingerprint: digest, person: id, credential: credentialId, token: binary(32, 32) });
export type KeptSession = z.infer<typeof kept>;

export function keepSession({ fingerprint, person, credential, token }: OpenedSession): void {
  sessionStorage.setItem(SESSION, JSON.stringify({ fingerprint, person, credential, token }));
}

/** Returns null where no custodian is signed in in this tab. Discards a malformed value. */
export function keptSession(): KeptSession | null {
  const text = sessionStorage.getItem(SESSION);
  if (text === null) return null;
  try {
    return parseAs(kept, JSON.parse(text), 'session');
  } catch {
    forgetSession();
    return null;
  }
}

export function forgetSession(): void {
  sessionStorage.removeItem(SESSION);
}
