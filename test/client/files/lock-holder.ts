import { withFileLock } from '../../../client/files/file-lock.ts';

/** Holds the lock of a state file until it is killed, as a process whose number nobody else sees: `lock-holder.ts FILE`. */
Object.defineProperty(process, 'pid', { value: 999_999_999 });
await withFileLock(process.argv[2] ?? '', async () => {
  console.log('held');
  // What nothing can end any more would be let go.
  await new Promise((resolve) => void process.stdin.resume().once('end', resolve));
});
