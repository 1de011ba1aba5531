import { signal } from '@preact/signals';
import * as z from 'zod/mini';
import { type ApiQuestion, exchange, platformFetch } from '../../client/api/transport.ts';
import { consoleKeyHeader } from '../../client/console/app/console-key.ts';
import {
  type Authenticator,
  type Registration,
  requireCredentials,
  type Touch,
  type TouchRequest,
} from '../../client/custodian/authenticator.ts';
import { equal, fromUtf8 } from '../../src/core/bytes.ts';
import { must, TwinlockError } from '../../src/core/errors.ts';
import { parseJson } from '../../src/core/json.ts';
import { personName } from '../../src/core/name/name.ts';
import { parseAs } from '../../src/core/schema.ts';
import { parseTouch, touchRequestJson } from '../console/wire.ts';

const MAX_BYTES = 65_536;
const TIMEOUT_MS = 10_000;

/** The two choices of the person while the page asks for a touch; null at other times. */
export const waiting = signal<{ touch(): void; decline(): void } | null>(null);

const named = z.strictObject({ name: personName });

/**
 * The name of the custodian whose key the console's server holds. Throws `not_permitted` where this page does not have
 * the console's key.
 */
export async function holder(): Promise<string> {
  return parseAs(named, await ask('GET', 'name'), 'holder').name;
}

/**
 * Takes the place of the console's `browser-authenticator` in the demo's page (vite.config): the simulated key of the
 * console's server is asked, once the person has pressed the button that stands for the touch.
 *
 * @public for the alias alone imports it
 */
export class BrowserAuthenticator implements Authenticator {
  readonly rpId: string;

  constructor(rpId: string) {
    this.rpId = rpId;
  }

  enrol(): Promise<Registration> {
    const why = 'the demo has enrolled its founders, and its simulated keys enrol nothing';
    return Promise.reject(new TwinlockError('not_permitted', why));
  }

  async touch(request: TouchRequest): Promise<Touch> {
    requireCredentials(request);
    await pressed();
    const touch = parseTouch(await ask('POST', 'touch', touchRequestJson(request)));
    const isAsked = request.credentials.some(({ id }) => equal(id, touch.credential));
    must(isAsked, 'credential_unknown', 'a credential answered that was not asked');
    return touch;
  }
}

/** Throws `cancelled`. */
async function pressed(): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      const declined = new TwinlockError('cancelled', 'the simulated key was not touched');
      waiting.value = { touch: resolve, decline: () => reject(declined) };
    });
  } finally {
    waiting.value = null;
  }
}

async function ask(method: ApiQuestion['method'], what: 'name' | 'touch', body?: object): Promise<unknown> {
  const question = {
    ...{
      method,
      path: `/local/simulated-key/${what}`,
      bearer: null,
      headers: consoleKeyHeader(),
      timeoutMs: TIMEOUT_MS,
      signal: null,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  };
  const answer = await exchange(platformFetch, location.origin, question);
  return parseJson(fromUtf8(await answer.bytes(MAX_BYTES)));
}
