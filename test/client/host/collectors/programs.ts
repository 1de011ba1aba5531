import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { vi } from 'vitest';

/** A folder of programs that stand for those of vendors: shell scripts, which run as the real ones do. */
export interface Programs {
  readonly folder: string;
  path(name: string): string;
  /** Makes one; `$HERE` in it is the folder. What it was called with is kept. */
  make(name: string, script: string): string;
  /** The arguments of the last call. */
  lastCall(name: string): readonly string[];
  close(): void;
}

/** Puts the folder first on PATH, until it is closed. */
export function openPrograms(): Programs {
  const folder = mkdtempSync(join(tmpdir(), 'twinlock-programs-'));
  const path = (name: string) => join(folder, name);
  vi.stubEnv('PATH', `${folder}${delimiter}${process.env['PATH']}`);
  return {
    folder,
    path,
    make: (name, script) => {
      writeFileSync(path(name), `#!/bin/sh\nHERE=${folder}\nprintf '%s\\n' "$@" > $HERE/${name}.call\n${script}\n`);
      chmodSync(path(name), 0o755);
      return path(name);
    },
    lastCall: (name) =>
      readFileSync(path(`${name}.call`), 'utf8')
        .split('\n')
        .slice(0, -1),
    close: () => {
      vi.unstubAllEnvs();
      rmSync(folder, { recursive: true });
    },
  };
}
