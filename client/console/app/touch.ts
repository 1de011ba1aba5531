import { signal } from '@preact/signals';
import { type Base64url, toBase64url } from '../../../src/core/bytes.ts';
import type { Authenticator, EnrolRequest, TouchRequest } from '../../custodian/authenticator.ts';
import { BrowserAuthenticator } from '../browser-authenticator.ts';

/** The present request to the security key, for the page to show. */
export const asked = signal<Asked | null>(null);

interface Asked {
  readonly purpose: string;
  /** The credentials that may answer; none for a key that is being enrolled. */
  readonly credentials: readonly Base64url[];
}

const PURPOSES: Readonly<Record<TouchRequest['label'], string>> = {
  session: 'to sign in',
  enrol: 'again, to bind its keys to you',
  genesis: 'to sign the genesis',
  propose: 'to sign the proposal',
  approve: 'to sign your decision',
  stop: 'to sign the stop',
  transcript: 'to sign the transcript',
};

/** This browser's authenticators; the page shows what each touch is for. */
export function touchingAuthenticator(rpId: string): Authenticator {
  const inner = new BrowserAuthenticator(rpId);
  const saying = async <T>(now: Asked, act: () => Promise<T>): Promise<T> => {
    asked.value = now;
    try {
      return await act();
    } finally {
      asked.value = null;
    }
  };
  return {
    rpId,
    enrol: (request: EnrolRequest) => saying({ purpose: 'to enrol it', credentials: [] }, () => inner.enrol(request)),
    touch: (request: TouchRequest) =>
      saying({ purpose: purposeOf(request), credentials: request.credentials.map(({ id }) => toBase64url(id)) }, () =>
        inner.touch(request),
      ),
  };
}

/**
 * Returns the purpose of a touch. A sign-in never opens a share; a session touch that asks for the PRF confirms one.
 */
function purposeOf({ label, prf }: TouchRequest): string {
  return label === 'session' && prf ? 'to confirm your share' : PURPOSES[label];
}
