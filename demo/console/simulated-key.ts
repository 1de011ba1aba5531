import { Hono } from 'hono';
import { bodyAtMost } from '../../client/console/server/door.ts';
import { SoftwareAuthenticator } from '../../client/custodian/software-authenticator.ts';
import type { SoftwareCredential } from '../../client/custodian/software-state.ts';
import type { Hex } from '../../src/core/bytes.ts';
import { must } from '../../src/core/errors.ts';
import { parseJson } from '../../src/core/json.ts';
import { type StatementOf, statementDigest } from '../../src/core/statement/statement.ts';
import { platformRandom } from '../../src/platform/random.ts';
import { parseTouchRequest, touchJson } from './wire.ts';

/** A decision is a kilobyte; 64 credentials are 90 kB. */
const MAX_REQUEST_BYTES = 131_072;

export interface SimulatedKeyOptions {
  /** The name of the custodian who has the key. */
  readonly name: string;
  readonly credentials: readonly SoftwareCredential[];
  /** The vault's genesis statement, by which the grade is known. */
  readonly genesis: StatementOf<'genesis'>;
  /** The vault that the key is for. */
  readonly fingerprint: Hex;
}

/**
 * A custodian's software authenticator, held by the console of the demo, whose page asks it for a touch when the person
 * presses a button. It signs for one vault, which the fingerprint names, and that vault is of grade simulation by its
 * genesis: the fingerprint is the digest of it. The console asks its page for the console's key under every local path,
 * so that no other user of this machine reaches this one. Throws `wrong_genesis` for a genesis that is not the vault's,
 * and `wrong_grade` for that of a production vault.
 */
export function simulatedKey({ name, credentials, genesis, fingerprint }: SimulatedKeyOptions): Hono {
  const isOfVault = statementDigest(genesis) === fingerprint;
  must(isOfVault, 'wrong_genesis', `expected the genesis of the vault ${fingerprint}, got that of another`);
  const { grade, rpId } = genesis;
  must(
    grade === 'simulation',
    'wrong_grade',
    `a simulated key is for a vault of grade simulation, this one is ${grade}`,
  );
  const device = new SoftwareAuthenticator({ rpId, random: platformRandom, credentials });
  const app = new Hono();
  app.use('/local/simulated-key/*', bodyAtMost(MAX_REQUEST_BYTES));
  app.get('/local/simulated-key/name', (c) => c.json({ name }));
  app.post('/local/simulated-key/touch', async (c) => {
    const request = parseTouchRequest(parseJson(await c.req.text()));
    must(request.vault === fingerprint, 'wrong_vault', 'the simulated key signs for the vault of the demo alone');
    return c.json(touchJson(await device.touch(request)));
  });
  return app;
}
