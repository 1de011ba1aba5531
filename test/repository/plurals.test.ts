import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { counted } from '../../src/core/counted.ts';

const NOUNS =
  'approvals|bytes|certificates|chips|custodians|days|entries|files|founders|hosts|hours|images|keys|lines|members|minutes|persons|proposals|releases|segments|shards|shares|versions';
/** A number and a noun that is always in the plural: with one, it reads "1 files". */
const ALWAYS_PLURAL = new RegExp(String.raw`\$\{(?!counted|exact|rounded)[^{}]+\} (?:${NOUNS})\b`);
/** Of what is expected, or where the number is never 1. */
const NEVER_ONE =
  /expected|at most|more than|\$\{MAX_|MEMBERS|\d+ of \$\{|\} of \$\{|lengths|1 to \$\{|progress|entries\/s/;
/** A quorum is two or more, as is a list of several; a size is compared with another. */
const FILES_OF_SEVERAL = [
  'client/cli/end.ts',
  'client/cli/proposal-report.ts',
  'src/core/state/reach.ts',
  'client/api/transport.ts',
];

function* sources(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sources(path);
    else if (/\.tsx?$/.test(entry.name)) yield path;
  }
}

test('no text says 1 files: what is counted goes through counted', () => {
  const lines = [...sources('src'), ...sources('client')]
    .filter((path) => !FILES_OF_SEVERAL.includes(path))
    .flatMap((path) =>
      readFileSync(path, 'utf8')
        .split('\n')
        .flatMap((line, i) =>
          ALWAYS_PLURAL.test(line) && !NEVER_ONE.test(line) ? [`${path}:${i + 1}: ${line.trim()}`] : [],
        ),
    );
  expect(lines).toEqual([]);
});

test.each([
  [0, '0 files'],
  [1, '1 file'],
  [1n, '1 file'],
  [2000, '2,000 files'],
])('%s is counted as %s', (count, text) => {
  expect(counted(count, 'file')).toBe(text);
});
