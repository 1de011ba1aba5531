import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BrowserAuthenticator } from '../../client/console/browser-authenticator.ts';
import { browserName } from '../../client/console/browser-name.ts';
import type { EnrolRequest, TouchRequest } from '../../client/custodian/authenticator.ts';
import { SoftwareAuthenticator } from '../../client/custodian/software-authenticator.ts';
import { toBase64url, toHex, ZERO_32 } from '../../src/core/bytes.ts';
import { prfInput } from '../../src/core/envelope/custodian-keys.ts';
import { platformRandom } from '../../src/platform/random.ts';

/** What the console makes of a browser's answers, with a browser that this file plays. */

const RP_ID = 'tl-abcdefgh01234567.localhost';
const CHROME = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0.0.0 Safari/537.36';
const SAFARI =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.4 Safari/605.1.15';
const refusal = (code: string, message: string | RegExp) =>
  expect.objectContaining({ code, message: typeof message === 'string' ? message : expect.stringMatching(message) });

const zeros = toHex(ZERO_32);
const PRF = new Uint8Array(32).fill(7).buffer;

class Answer {
  readonly rawId: ArrayBuffer;
  readonly response: object;
  readonly #extensions: object;

  constructor(id: Uint8Array, response: object, extensions: object) {
    this.rawId = Uint8Array.from(id).buffer;
    this.response = response;
    this.#extensions = extensions;
  }

  getClientExtensionResults(): object {
    return this.#extensions;
  }
}

beforeEach(() => {
  vi.stubGlobal('PublicKeyCredential', Answer);
  vi.stubGlobal('navigator', { userAgent: SAFARI });
});
afterEach(() => vi.unstubAllGlobals());

const enrolment: EnrolRequest = {
  ...{ vault: zeros, invitation: zeros, person: zeros.slice(32) },
  ...{ name: 'Ada', keyEpoch: 1, exclude: [] },
};
const touching = (...keyEpochs: number[]): TouchRequest => ({
  ...{ label: 'session', vault: zeros, nonce: zeros, prf: true },
  credentials: keyEpochs.map((keyEpoch, i) => ({ id: new Uint8Array(16).fill(i), keyEpoch })),
});

type Answers = Partial<Record<'create' | 'get', () => unknown>>;

/** An authenticator in a browser that answers so; what it was asked at the last get() is in `asked`. */
function inBrowser(answers: Answers) {
  const asked: { extensions?: AuthenticationExtensionsClientInputs | undefined } = {};
  const credentials = {
    create: async () => answers.create?.(),
    get: async ({ publicKey }: CredentialRequestOptions) => {
      asked.extensions = publicKey?.extensions;
      return answers.get?.();
    },
  } as unknown as CredentialsContainer;
  return { authenticator: new BrowserAuthenticator(RP_ID, credentials), asked };
}

const empty = new ArrayBuffer(0);
const gets = (extensions: object) => () =>
  new Answer(new Uint8Array(16), { authenticatorData: empty, clientDataJSON: empty, signature: empty }, extensions);

/** What create() gives of a new credential, with these extension results. */
async function creates(extensions: object): Promise<() => unknown> {
  const { credential, attestation } = await new SoftwareAuthenticator({ rpId: RP_ID, random: platformRandom }).enrol(
    enrolment,
  );
  const { object, clientDataJSON } = attestation;
  return () => new Answer(credential, { attestationObject: object, clientDataJSON }, extensions);
}

const fails = (name: string) => () => {
  throw new DOMException('as the browser says it', name);
};

describe('the PRF is asked', () => {
  const works = gets({ prf: { results: { first: PRF } } });
  const first = (keyEpoch: number) => ({ first: prfInput(RP_ID, keyEpoch) });

  it.each([
    ['one key', [1]],
    ['three keys of one epoch', [2, 2, 2]],
  ] as const)('with one eval and no evalByCredential: %s', async (_, epochs) => {
    const { authenticator, asked } = inBrowser({ get: works });
    await authenticator.touch(touching(...epochs));
    expect(asked.extensions).toEqual({ prf: { eval: first(epochs[0]) } });
  });

  it('by credential where the epochs differ', async () => {
    const { authenticator, asked } = inBrowser({ get: works });
    await authenticator.touch(touching(1, 2));
    const id = (i: number) => toBase64url(new Uint8Array(16).fill(i));
    expect(asked.extensions).toEqual({ prf: { evalByCredential: { [id(0)]: first(1), [id(1)]: first(2) } } });
  });

  it('not at all for a touch that opens no share', async () => {
    const { authenticator, asked } = inBrowser({ get: gets({}) });
    await authenticator.touch({ ...touching(1), prf: false });
    expect(asked.extensions).toBeUndefined();
  });
});

describe('the browser is blamed, by name, where it is at fault', () => {
  it('no PRF of a key that was enrolled with one', async () => {
    const { authenticator } = inBrowser({ get: gets({}) });
    await expect(authenticator.touch(touching(1))).rejects.toThrow(
      refusal('prf_unusable', 'Safari 26.4 does not pass on the PRF of this security key, which has one'),
    );
  });

  it('PRF at create(), and none at get()', async () => {
    const { authenticator } = inBrowser({ create: await creates({ prf: { enabled: true } }), get: gets({}) });
    await expect(authenticator.enrol(enrolment)).rejects.toThrow(
      refusal('prf_unusable', /^Safari 26\.4 does not pass/),
    );
  });

  it('an extension that it does not know', async () => {
    const { authenticator } = inBrowser({ create: await creates({}) });
    await expect(authenticator.enrol(enrolment)).rejects.toThrow(
      refusal('prf_unusable', 'Safari 26.4 does not know the PRF extension'),
    );
  });

  it('a PRF of another length', async () => {
    const { authenticator } = inBrowser({ get: gets({ prf: { results: { first: new ArrayBuffer(64) } } }) });
    await expect(authenticator.touch(touching(1))).rejects.toThrow(
      refusal('prf_unusable', 'expected 32 bytes of PRF of Safari 26.4, got 64'),
    );
  });

  it('a failure without a meaning of ours', async () => {
    const { authenticator } = inBrowser({ get: fails('DataCloneError') });
    await expect(authenticator.touch(touching(1))).rejects.toThrow(
      refusal('unavailable', 'Safari 26.4 could not use the security key (DataCloneError)'),
    );
  });
});

describe('the key is named where the key is at fault', () => {
  it('no hmac-secret', async () => {
    const { authenticator } = inBrowser({ create: await creates({ prf: { enabled: false } }) });
    await expect(authenticator.enrol(enrolment)).rejects.toThrow(
      refusal('prf_missing', 'Safari 26.4 says that this security key has no PRF (hmac-secret)'),
    );
  });

  it.each([
    [
      'create',
      'NotAllowedError',
      'cancelled',
      /^the security key was not touched in time, or the request was declined$/,
    ],
    ['get', 'NotAllowedError', 'cancelled', /or the key is none of those that were asked for$/],
    ['create', 'InvalidStateError', 'credential_exists', /enrolled already/],
    ['get', 'InvalidStateError', 'unavailable', /\(InvalidStateError\)$/],
    ['create', 'ConstraintError', 'user_unverified', /set a PIN/],
    ['create', 'NotSupportedError', 'unsupported_algorithm', /ES256/],
    ['get', 'OperationError', 'unavailable', /asking for a security key already/],
    ['get', 'SecurityError', 'wrong_rp_id', /under its own name$/],
  ] as const)('%s() ends with %s', async (ceremony, name, code, message) => {
    const { authenticator } = inBrowser({ [ceremony]: fails(name) });
    const act = ceremony === 'create' ? authenticator.enrol(enrolment) : authenticator.touch(touching(1));
    await expect(act).rejects.toThrow(refusal(code, message));
  });
});

it.each([
  [CHROME, 'Chrome 153'],
  [`${CHROME} Edg/153.0.0.0`, 'Edge 153'],
  [`${CHROME} OPR/130.0.0.0`, 'Opera 130'],
  ['Mozilla/5.0 (X11; Linux x86_64; rv:149.0) Gecko/20100101 Firefox/149.0', 'Firefox 149'],
  [SAFARI, 'Safari 26.4'],
  ['something else', 'this browser'],
])('a browser has the name that people give it: %s', (userAgent, name) => {
  expect(browserName(userAgent)).toBe(name);
});
