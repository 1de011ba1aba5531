import { readFileSync } from 'node:fs';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { Api } from '../../client/api/api.ts';
import { deposit } from '../../client/depositor/deposit.ts';
import { fetchRelease } from '../../client/host/fetch.ts';
import { readPendingRelease } from '../../client/host/pending-release.ts';
import { Replica } from '../../client/log/replica.ts';
import { openPrincipalSession } from '../../client/principal/principal.ts';
import { readPrincipalKey } from '../../client/principal/principal-file.ts';
import { platformRandom } from '../../src/platform/random.ts';
import { verifyNode } from '../../src/platform/verify-node.ts';

/**
 * A client as a process of its own: `transfer.ts deposit|fetch URL CA FINGERPRINT KEY FOLDER [PENDING]`. Prints
 * `bytes N` as it goes on.
 */
const [act, baseUrl = '', ca = '', fingerprint = '', key = '', folder = '', pendingFile = ''] = process.argv.slice(2);
setDefaultCACertificates([...getCACertificates('default'), readFileSync(ca, 'utf8')]);

let told = 0;
const onProgress = ({ bytes, totalBytes }: { readonly bytes: number; readonly totalBytes: number }) => {
  if (bytes - told < 64 << 20 && bytes !== totalBytes) return;
  told = bytes;
  console.log(`bytes ${bytes}`);
};

const verify = async (claim: Parameters<typeof verifyNode>[0]) => verifyNode(claim);
const session = await openPrincipalSession(new Api({ baseUrl }), await readPrincipalKey(key), fingerprint);
if (act === 'deposit') {
  const named = { model: 'acme/large', version: '1', folder, modelSignature: null };
  const memory = { get: async () => null, put: async () => undefined };
  const replica = await Replica.follow(session.api, { fingerprint, verify, memory, now: Date.now });
  await deposit(session, replica, { ...named, now: Date.now, random: platformRandom, onProgress });
} else {
  const pending = await readPendingRelease(pendingFile);
  await fetchRelease({ api: session.api, pending, host: 0, folder, verify, onProgress });
}
