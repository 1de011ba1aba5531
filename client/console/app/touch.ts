import { signal } from '@preact/signals';
import { type Base64url, toBase64url } from '../../../src/core/bytes.ts';
import type { Authenticator, EnrolRequest, TouchRequest } from '../../custodian/authenticator.ts';
import { BrowserAuthenticator } from '../browser-authenticator.ts';

/** What the security key is being asked for just now, for the page to say so. */
export const asked = signal<Asked | null>(null);

interface Asked {
  readonly purpose: string;
  /** The credentials that may answer; none for a key that is being enrolled. */
  readonly credentials: readonly Base64url[];
}

const PURPOSES: Readonly<Record<TouchRequest['label'], string>> = {
  session: 'to sign in',
  enrol: 'once more, to bind its keys to you',
  genesis: 'to sign the genesis',
  propose: 'to sign the proposal',
  approve: 'to sign your decision',
  stop: 'to sign the stop',
  transcript: 'to sign the transcript',
};

/** This browser's authenticators, with the page saying what each touch is for. */
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

/** What signs a custodian in opens no share: a touch that does confirms one. */
function purposeOf({ label, prf }: TouchRequest): string {
  return label === 'session' && prf ? 'to confirm your share' : PURPOSES[label];
}
