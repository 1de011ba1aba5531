import { readFileSync, statSync } from 'node:fs';

/** Linux's list of file locks (proc(5)): `1: POSIX  ADVISORY  WRITE 4711 08:01:131074 0 EOF`. */
const LOCKS = '/proc/locks';
const LINE = /^\d+: +\S+ +\S+ +\S+ (\d+) [0-9a-f]+:[0-9a-f]+:(\d+) /;

/** The processes that have the file locked; none where this system does not say, or they are of another machine. */
export function lockHolders(path: string): readonly number[] {
  try {
    const { ino } = statSync(path);
    const found = readFileSync(LOCKS, 'utf8')
      .split('\n')
      .flatMap((line) => {
        const [, pid = '', inode = ''] = LINE.exec(line) ?? [];
        return inode === String(ino) && Number(pid) > 0 ? [Number(pid)] : [];
      });
    return [...new Set(found)];
  } catch {
    return [];
  }
}
