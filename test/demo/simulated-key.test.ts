import { Hono } from 'hono';
import { describe, expect, test } from 'vitest';
import { problemOf } from '../../client/console/server/door.ts';
import type { TouchRequest } from '../../client/custodian/authenticator.ts';
import { SoftwareAuthenticator } from '../../client/custodian/software-authenticator.ts';
import { simulatedKey } from '../../demo/console/simulated-key.ts';
import { parseTouch, touchRequestJson } from '../../demo/console/wire.ts';
import { toHex, ZERO_32 } from '../../src/core/bytes.ts';
import { parseCoseKey } from '../../src/core/signature/cose.ts';
import { verifyReference } from '../../src/core/signature/reference.ts';
import { statementDigest } from '../../src/core/statement/statement.ts';
import { checkAssertion } from '../../src/core/webauthn/assertion.ts';
import { challengeOf, type Signable } from '../../src/core/webauthn/challenge.ts';
import { seededRandom } from '../core/seeded-random.ts';
import { type FoundingOptions, prepareFounding } from '../world/founding.ts';

const zeros = toHex(ZERO_32);
const refusal = (code: string) => expect.objectContaining({ code });

async function keyOf(options: FoundingOptions) {
  const { statement: genesis, rpId } = await prepareFounding({ ...options, founders: [{ name: 'alice', index: 1 }] });
  const fingerprint = statementDigest(genesis);
  const device = new SoftwareAuthenticator({ rpId, random: seededRandom('simulated key') });
  const fields = { vault: zeros, invitation: zeros, person: zeros.slice(32) };
  const { credential, publicKey } = await device.enrol({ ...fields, name: 'alice', keyEpoch: 1, exclude: [] });
  const { credentials } = device;
  return { key: { name: 'alice', credentials, genesis, fingerprint }, credential, publicKey, rpId };
}

type Key = Awaited<ReturnType<typeof keyOf>>['key'];

function touching(key: Key, request: object): Response | Promise<Response> {
  const app = new Hono().onError((error, c) => problemOf(c, error)).route('/', simulatedKey(key));
  const body = JSON.stringify(request);
  const headers = { 'content-length': `${body.length}` };
  return app.request('/local/simulated-key/touch', { method: 'POST', headers, body });
}

describe('the simulated key of the demo', () => {
  test('refuses a production vault', async () => {
    const { key } = await keyOf({ grade: 'production' });
    expect(() => simulatedKey(key)).toThrow(refusal('wrong_grade'));
  });

  test('refuses a genesis that is not the vault’s: another grade in it is another fingerprint', async () => {
    const { key } = await keyOf({ grade: 'production' });
    const genesis = { ...key.genesis, grade: 'simulation' } as const;
    expect(() => simulatedKey({ ...key, genesis })).toThrow(refusal('wrong_genesis'));
  });

  test('signs for its vault and no other', async () => {
    const { key, credential, publicKey, rpId } = await keyOf({ grade: 'simulation' });
    const touch = (signable: Signable) => {
      const credentials = [{ id: credential, keyEpoch: 1 }];
      return touching(key, touchRequestJson({ ...signable, credentials, prf: true } as TouchRequest));
    };
    const signable = { label: 'propose', vault: key.fingerprint, statement: 'ab'.repeat(32) } as const;
    const { assertion, prf } = parseTouch(await (await touch(signable)).json());
    const challenge = challengeOf(signable);
    const { claim } = checkAssertion({ assertion, challenge, rpId, credential: parseCoseKey(publicKey) });
    verifyReference(claim);
    expect(prf).toHaveLength(32);
    expect(await (await touch({ ...signable, vault: 'cd'.repeat(32) })).json()).toEqual(refusal('wrong_vault'));
  });

  test('signs no genesis and no enrolment', async () => {
    const { key } = await keyOf({ grade: 'simulation' });
    const credentials = [{ id: 'AAAA', keyEpoch: 1 }];
    const signable = { label: 'genesis', statement: key.fingerprint };
    const answer = await touching(key, { signable, credentials, prf: false });
    expect(await answer.json()).toEqual(refusal('malformed'));
  });
});
