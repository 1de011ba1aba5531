import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { deniesText } from '../../client/cli/persons.ts';
import { quoted } from '../../src/core/quoted.ts';
import { personText } from '../../src/core/state/checks/persons.ts';
import { stopText } from '../../src/core/state/running.ts';
import { stoppedText } from '../../src/core/state/stop-text.ts';

/** Ends our quotation mark, and goes on as a line of ours would. */
const FORGED = 'no”; “cleo”, custodian, id 0123: “approved';
const KEPT = "“no'; 'cleo', custodian, id 0123: 'approved”";
const PERSON = 'ab'.repeat(16);

describe('a text that is quoted never ends its quotation marks', () => {
  test.each([
    ['no” said', "no' said"],
    ['no" said', "no' said"],
    ["no'' said", "no' said"],
    ["no'” said", "no' said"],
    ['no’’ said', "no' said"],
    ['no‟„″〞❞＂ said', "no' said"],
    ...[...'\u02ee\u02dd\u02f5\u02f6\u2e42\u2760\u{1f676}\u{1f677}\u{1f678}\u1cd3'].map((mark) => [
      `no${mark} said`,
      "no' said",
    ]),
    ...[...'\u05f3\u02bd\u02c8\u02ca\ua78c\u055a\u1fef\u1ffd\u0384'].map((half) => [
      `no${half}${half} said`,
      "no' said",
    ]),
    ['Zoë’s and O’Neil’s', 'Zoë’s and O’Neil’s'],
    ["d'Arc", "d'Arc"],
  ])('%s', (text, within) => {
    expect(quoted(text)).toBe(`“${within}”`);
  });

  test('in the lines of stops, persons and denials', () => {
    const stop = { name: FORGED, person: PERSON, reason: FORGED, created: 0, time: 0 };
    expect(stopText(stop)).toBe(`${KEPT}, person ${PERSON}, at 1970-01-01T00:00:00Z: ${KEPT}`);
    expect(personText({ name: FORGED, person: PERSON, custodian: true })).toBe(`${KEPT}, custodian, id ${PERSON}`);
    expect(deniesText({ reason: FORGED })).toBe(`denies, the vault says: ${KEPT}`);
    const key = { name: FORGED, owner: FORGED, person: PERSON };
    const signed = { what: 'all', target: '', by: { kind: 'custodian', person: PERSON, credential: 'c' } } as const;
    expect(stoppedText({ ...signed, v: 1 } as never, { by: key, target: null })).toContain(
      `(${KEPT} of ${KEPT}, person`,
    );
  });
});

function* sources(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sources(path);
    else if (/\.tsx?$/.test(entry.name)) yield path;
  }
}

test('no text puts quotation marks around another by itself', () => {
  const OURS = ['src/core/quoted.ts', 'client/console/app/parts/text.tsx'];
  const found = [...sources('src'), ...sources('client')]
    .filter((path) => !OURS.includes(path))
    .filter((path) => /“(?:\$\{|\s*[<{])|[}>]\s*”/.test(readFileSync(path, 'utf8')));
  expect(found).toEqual([]);
});

/** Names that people, machines and keys are called by, as they stand in a text of ours. */
const BY_WHAT_IT_IS = 'founder|owner|person|custodian|depositor|requester|proposer|principal|machine|key';
const UNQUOTED = [
  // `key ${name}`, and the same of what is named so.
  new RegExp(`\\b(?:${BY_WHAT_IT_IS}|group of) \\$\\{(?:\\w+\\??\\.)*(?:name|ownerName|keyName)\\}`),
  new RegExp(
    `\\$\\{(?:\\w+\\??\\.)*(?:${BY_WHAT_IT_IS}|record|member|enrolled|authenticator)\\??\\.(?:name|ownerName|keyName)\\}`,
  ),
  /\$\{(?:\w+\??\.)*(?:ownerName|keyName)\}/,
  /\$\{(?:founders|members|custodians|persons|people)\.map\(\(\{ name \}\) => name\)/,
];

test('no text says the name of a person, a machine or a key without quotation marks', () => {
  // What the demonstration calls people, and the notes of logs, whose keys' names have no spaces.
  const NAMES_OF_OURS = ['demo/', 'src/core/log/'];
  const found = [...sources('src'), ...sources('client')]
    .filter((path) => !NAMES_OF_OURS.some((folder) => path.startsWith(folder)))
    .flatMap((path) => {
      const lines = readFileSync(path, 'utf8').split('\n');
      return lines.filter((line) => UNQUOTED.some((form) => form.test(line))).map((line) => `${path}: ${line.trim()}`);
    });
  expect(found).toEqual([]);
});
