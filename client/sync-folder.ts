import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { systemName } from '../src/platform/system-error.ts';

/** Of file systems that cannot be told to make a folder durable, as a share of another machine's. */
const NO_SUCH_THING: ReadonlySet<string | null> = new Set(['EINVAL', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP']);

/** Makes what was created or renamed in the folder durable, where its file system can. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await folder.sync();
  } catch (error) {
    if (!NO_SUCH_THING.has(systemName(error))) throw error;
  } finally {
    await folder.close();
  }
}
