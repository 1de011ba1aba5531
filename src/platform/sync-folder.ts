import { closeSync, fsyncSync, openSync } from 'node:fs';
import { naming } from './system-error.ts';

/** Makes the names of a folder's files durable; their bytes are by then. Throws as `naming`. */
export function syncFolder(folder: string): void {
  naming(folder, () => {
    const handle = openSync(folder, 'r');
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  });
}
