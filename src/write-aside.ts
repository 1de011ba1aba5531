import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';

/**
 * Puts a file (mode 0600) at `path`, whole or not at all: written aside, dated `modifiedMs` where that is given, made
 * durable, renamed. The name aside is new, and none that somebody could have laid a link under: no link is followed.
 */
export async function writeAside(path: string, bytes: Uint8Array, modifiedMs: number | null = null): Promise<void> {
  const aside = `${path}.${randomBytes(8).toString('hex')}.aside`;
  try {
    const handle = await open(aside, 'wx', 0o600);
    try {
      await handle.writeFile(bytes);
      if (modifiedMs !== null) await handle.utimes(modifiedMs / 1000, modifiedMs / 1000);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(aside, path);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
}
