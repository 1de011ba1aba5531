import { signal } from '@preact/signals';
import type { Authenticator, EnrolRequest, TouchRequest } from '../../custodian/authenticator.ts';
import { BrowserAuthenticator } from '../browser-authenticator.ts';

/** What the security key is being asked for just now, for the page to say so. */
export const asked = signal<string | null>(null);

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
  const saying = async <T>(purpose: string, act: () => Promise<T>): Promise<T> => {
    asked.value = purpose;
    try {
      return await act();
    } finally {
      asked.value = null;
    }
  };
  return {
    rpId,
    enrol: (request: EnrolRequest) => saying('to enrol it', () => inner.enrol(request)),
    touch: (request: TouchRequest) => saying(PURPOSES[request.label], () => inner.touch(request)),
  };
}
