import { join } from 'node:path';
import * as z from 'zod/mini';
import { soleCertificate, trustCa } from '../../client/cli/trust.ts';
import { CredentialFile } from '../../client/console/server/credential-file.ts';
import { startConsole } from '../../client/console/server.ts';
import { importCredentials } from '../../client/custodian/software-state.ts';
import { fromUtf8, toBase64url } from '../../src/core/bytes.ts';
import { must } from '../../src/core/errors.ts';
import { parseJson } from '../../src/core/json.ts';
import { personName } from '../../src/core/name/name.ts';
import { digest, parseAs } from '../../src/core/schema.ts';
import { parseStatement } from '../../src/core/statement/statement.ts';
import { readSecretFile } from '../../src/platform/files/secret.ts';
import { simulatedKey } from './simulated-key.ts';

/**
 * The console of one custodian of the demo, with their simulated key: `node main.ts SETTINGS.json`, a file of mode 0600.
 * Prints its address, in JSON.
 */

/** A genesis of 32 founders is some 100 kB. */
const MAX_SETTINGS_BYTES = 1 << 20;
const MAX_AUTHENTICATOR_BYTES = 65_536;
const KEY_EPOCH = 1;

const settings = z.strictObject({
  name: personName,
  vault: z.url(),
  fingerprint: digest,
  ca: z.string(),
  /** The vault's genesis statement. */
  genesis: z.unknown(),
  /** The file of the person's software authenticator. */
  authenticator: z.string(),
  bundleDir: z.string(),
  stateDir: z.string(),
});
export type DemoConsoleSettings = z.infer<typeof settings>;

const { name, vault, fingerprint, ca, authenticator, bundleDir, stateDir, ...given } = parseAs(
  settings,
  parseJson(fromUtf8(await readSecretFile(process.argv[2] ?? '', MAX_SETTINGS_BYTES))),
  'settings',
);
const genesis = parseStatement(given.genesis);
must(genesis.kind === 'genesis', 'wrong_genesis', `expected a statement of genesis, got ${genesis.kind}`);
const credentials = importCredentials(await readSecretFile(authenticator, MAX_AUTHENTICATOR_BYTES));
const besides = simulatedKey({ name, credentials, genesis, fingerprint });

const known = new CredentialFile(stateDir, genesis.rpId);
for (const { id } of credentials) {
  await known.add({
    credential: toBase64url(id),
    keyEpoch: KEY_EPOCH,
    name,
    keyName: null,
    person: null,
    enrolment: null,
  });
}
trustCa(ca);
const { address } = await startConsole({
  vault: new URL(vault),
  ...{ ca, certificate: soleCertificate(ca), invited: null, configPath: join(stateDir, 'config.json') },
  ...{ fingerprint, bundleDir, stateDir, fromGenesis: false, besides, port: 0, fetch },
});
console.log(JSON.stringify({ url: address.href }));
