import { readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { TwinlockError } from '../../src/core/errors.ts';

/** Linux only: the list of mounts (proc_pid_mountinfo(5)). Where the file is missing, mounts are not checked. */
export const MOUNTINFO = '/proc/self/mountinfo';

export async function readMounts(mountinfo: string): Promise<string> {
  return readFile(mountinfo, 'utf8').catch(() => '');
}

/**
 * Throws `not_permitted` where a folder or a file below `folder` is a mount: no file can be renamed into the one from the
 * work folder, or over the other, and the room there is another's. Which files a version has is known once it has been
 * released, so any such mount is refused before people are asked. One that a later mount hides is not in the way.
 */
export async function requireNoMountBelow(folder: string, mountinfo: string = MOUNTINFO): Promise<void> {
  const root = await realpath(folder);
  const mounts = parseMounts(await readMounts(mountinfo));
  const below = mounts.find((mount) => isBelow(mount.place, root) && isReachable(mount, mounts));
  if (below === undefined) return;
  const isFile = await stat(below.place).then(
    (found) => !found.isDirectory(),
    () => false,
  );
  const what = isFile ? 'a file' : 'another file system';
  throw new TwinlockError(
    'not_permitted',
    `${folder}: ${what} is mounted below it, at ${below.place}: name a folder without one, or unmount it`,
  );
}

interface Mount {
  readonly id: string;
  /** The mount that it was mounted in. */
  readonly parent: string;
  readonly place: string;
}

const isBelow = (place: string, folder: string) => place !== folder && place.startsWith(join(folder, '/'));

/** A path leads into a mount unless another was mounted later, in the same one, at a folder above it. */
function isReachable(below: Mount, mounts: readonly Mount[]): boolean {
  let mount = below;
  // The first of all is mounted in itself.
  for (const seen = new Set<string>(); !seen.has(mount.id); ) {
    seen.add(mount.id);
    const { parent, place } = mount;
    const isHidden = mounts.some(
      (other) => other.parent === parent && other.id !== parent && isBelow(place, other.place),
    );
    if (isHidden) return false;
    mount = mounts.find(({ id }) => id === parent) ?? mount;
  }
  return true;
}

/**
 * Reads the first, the second and the fifth field of each line. In the fifth, spaces and some other characters are in
 * octal.
 */
function parseMounts(mountinfo: string): readonly Mount[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [id, parent, , , place] = line.split(' ');
    if (id === undefined || parent === undefined || place === undefined) return [];
    const named = place.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    return [{ id, parent, place: named }];
  });
}
