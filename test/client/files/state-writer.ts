import { CredentialFile } from '../../../client/console/server/credential-file.ts';
import { checkpointFiles } from '../../../client/log/checkpoint-file.ts';

/** Keeps checkpoints `first`, `first` + 2, … and as many credentials in a state folder: one of two that do so at once. */
const [folder = '', fingerprint = '', first = '1', count = '0'] = process.argv.slice(2);
const memory = checkpointFiles(folder);
const credentials = new CredentialFile(folder, 'tl-0011223344556677.localhost');
for (let i = 0; i < Number(count); i++) {
  const size = Number(first) + 2 * i;
  await memory.put(fingerprint, { size, root: size.toString(16).padStart(64, '0') });
  if (i >= 30) continue;
  const credential = Buffer.from([Number(first), i]).toString('base64url');
  await credentials.add({ credential, keyEpoch: 1, name: 'ana', keyName: null, person: null, enrolment: null });
}
