import { readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { must } from '../../src/core/errors.ts';

/** Of Linux: what is mounted where (proc_pid_mountinfo(5)). Where there is none, mounts are not looked at. */
export const MOUNTINFO = '/proc/self/mountinfo';

export async function readMounts(mountinfo: string): Promise<string> {
  return readFile(mountinfo, 'utf8').catch(() => '');
}

/**
 * Throws `not_permitted` where a folder below `folder` is a mount: a file cannot be renamed into it from the work folder,
 * and the room in it is another's. Which folders a version has is known once it has been released, so any such folder is
 * refused before people are asked.
 */
export async function requireNoMountBelow(folder: string, mountinfo: string = MOUNTINFO): Promise<void> {
  const root = await realpath(folder);
  for (const place of mountPoints(await readMounts(mountinfo))) {
    if (!place.startsWith(join(root, '/'))) continue;
    // Files are mounted too: a resolver's configuration in a container, for instance.
    const isFolder = await stat(place).then(
      (found) => found.isDirectory(),
      () => false,
    );
    must(
      !isFolder || place === root,
      'not_permitted',
      `${folder}: another file system is mounted below it, at ${place}: name a folder without one, or unmount it`,
    );
  }
}

/** Of each line the fifth field, in which spaces and the like are written in octal. */
function mountPoints(mountinfo: string): readonly string[] {
  return mountinfo
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((place) => place !== '')
    .map((place) =>
      place.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
    );
}
