import { readdirSync, rmSync, statSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { exclusiveLock, OPEN_FILES } from '../../../client/files/exclusive-lock.ts';

/**
 * Holds a lock until the process that started it has opened the file to wait for it; then removes the file and lets go:
 * `lock-leaver.ts FILE`.
 */
const [file = ''] = process.argv.slice(2);
const lock = await exclusiveLock(file, 0);
const { dev, ino } = statSync(file);
const opened = OPEN_FILES.replace('self', String(process.ppid));
const isOpen = (fd: string) => {
  const stats = statSync(`${opened}/${fd}`, { throwIfNoEntry: false });
  return stats?.dev === dev && stats.ino === ino;
};
console.log('held');
while (!readdirSync(opened).some(isOpen)) await setTimeout(5);
rmSync(file);
lock?.close();
