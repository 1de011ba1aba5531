import { PRIVATE, TargetFolder } from '../../../client/host/target.ts';
import { TwinlockError } from '../../../src/core/errors.ts';

/** A process that holds a folder until it is killed: `hold-folder.ts FOLDER [GID]`. Says that it does, or why not. */
const [folder = '', gid] = process.argv.slice(2);
try {
  await TargetFolder.open(folder, 'fetching acme/other@2', { ...PRIVATE, gid: gid === undefined ? null : Number(gid) });
  console.log('held');
  setInterval(() => undefined, 1000);
} catch (error) {
  if (!(error instanceof TwinlockError)) throw error;
  console.log(`${error.code} ${error.message}`);
}
