import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PHASES } from '../../../src/core/state/lifecycle.ts';
import { VERSION_PHASES } from '../../../src/core/state/versions.ts';

const ROOT = join(import.meta.dirname, '../../..');
const OWNERS = ['src/core/state/lifecycle.ts', 'src/core/state/versions.ts'];
const WORDS = [...new Set([...PHASES, ...VERSION_PHASES])].join('|');
/** A vault's own phase, in its status, is another: founding, open or stopped. */
const COMPARED = new RegExp(String.raw`(?<!status\.value\??\.)\bphase\b\)? *[!=]== *'(?:${WORDS})'`, 'g');

/** The places at which a source compares the phase of a proposal or of a version itself. */
function comparisons(source: string): readonly string[] {
  return [...source.matchAll(COMPARED)].map(([found]) => found);
}

test.each([
  "if (release.phase === 'ended') return;",
  "const isGone = versions.get(manifest)?.phase !== 'withdrawn';",
  "versions.filter(({ phase }) => phase === 'quarantined');",
  "must((release.phase) === 'executed', 'internal', '');",
])('a direct comparison of a phase is found: %s', (source) => {
  expect(comparisons(source)).toHaveLength(1);
});

test('the phases of proposals and versions are compared where their meaning is written, and nowhere else', () => {
  const files = ['src', 'client', 'demo'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
  );
  const sources = files.filter((file) => /\.tsx?$/.test(file));
  const of = (file: string) => comparisons(readFileSync(join(ROOT, file), 'utf8')).map((found) => `${file}: ${found}`);
  expect(OWNERS.flatMap(of).length).toBeGreaterThan(5);
  expect(sources.filter((file) => !OWNERS.includes(file)).flatMap(of)).toEqual([]);
});
