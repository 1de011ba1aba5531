import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const CORE = join(import.meta.dirname, '../../../src/core');
/** What an engine answers from its own version of Unicode. */
const ASKS_THE_ENGINE = /\\p\{|\.normalize\(|\.localeCompare\(|\.toLocale|\bIntl\b|\.trim\(/;

test('no rule of the core asks the engine about Unicode, whose version changes with the engine', () => {
  const files = readdirSync(CORE, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const asking = files.filter((file) => ASKS_THE_ENGINE.test(readFileSync(join(CORE, file), 'utf8')));
  expect(asking).toEqual([]);
});
