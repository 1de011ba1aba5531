import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { OWN_FOLDER } from '../../src/platform/files/own-folder.ts';
import { CLONE, programCommand } from '../../src/platform/program-command.ts';

test('a command names the file of the program, as a shell takes it', () => {
  expect(programCommand('/a clone', 'twinlockd', ['stop', "it's.json"])).toBe(
    "node '/a clone/bin/twinlockd.js' stop 'it'\\''s.json'",
  );
  expect(programCommand(CLONE, 'twinlock', ['status'])).toBe('node CLONE/bin/twinlock.js status');
  for (const program of ['twinlock', 'twinlockd'])
    expect(existsSync(join(OWN_FOLDER, 'bin', `${program}.js`))).toBe(true);
});

test('nothing tells a person to let npx or npm install what a stranger has named twinlock', () => {
  const texts = globSync(['*.md', 'src/**/*.{ts,md}', 'client/**/*.{ts,tsx,md}', 'deploy/**/*', 'docs/**/*.md'], {
    cwd: OWN_FOLDER,
    withFileTypes: true,
  }).filter((entry) => entry.isFile());
  expect(texts.length).toBeGreaterThan(300);
  const installing = /\b(?:npx|npm exec|npm (?:i|install)(?: -g)?)(?: --?[\w-]+)* twinlockd?\b/;
  const found = texts.filter(({ parentPath, name }) => installing.test(readFileSync(join(parentPath, name), 'utf8')));
  expect(found.map(({ name }) => name)).toEqual([]);
});
