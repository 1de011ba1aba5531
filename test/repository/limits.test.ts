import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import * as limits from '../../src/vault/limits.ts';

const HTTP = 'test/http';
const CONNECTIONS = `${HTTP}/connections.test.ts`;
const DAWDLERS = `${HTTP}/dawdlers.test.ts`;
const MALFORMED = `${HTTP}/malformed.test.ts`;
const BAD_INPUT = `${HTTP}/bad-input.test.ts`;
const HTTP_SHARES = `${HTTP}/shares.test.ts`;
const UPLOADS = `${HTTP}/uploads.test.ts`;
const ROOM_HOLDS = 'test/vault/room-holds.test.ts';
const SHARES = 'test/vault/shares.test.ts';
const REQUESTS = 'test/vault/requests.test.ts';
const RECORDER = 'test/vault/recorder.test.ts';
const VAULT_LIMITS = 'test/vault/limits.test.ts';

/** The test in which a limit acts that no test names: its file, and words of its name. */
const ACTS: Readonly<Record<string, readonly [file: string, name: string]>> = {
  MAX_CONNECTIONS: [CONNECTIONS, 'where there is none left at all, the address that has the most gives one up'],
  CONNECTIONS_AN_ADDRESS: [CONNECTIONS, '1,100 connections that say nothing do not block the health check'],
  HANDSHAKE_MS: [DAWDLERS, 'a connection that does no handshake is ended'],
  HEADERS_MS: [DAWDLERS, 'a request whose headers do not end is ended, with a code'],
  MAX_HEADER_BYTES: [MALFORMED, 'headers of 20,000 characters'],
  CONNECTIONS_CHECKED_MS: [DAWDLERS, 'a connection that asks nothing is ended'],
  REQUEST_WITHIN_MS: [DAWDLERS, 'a part of an upload that does not end is ended, later'],
  BODY_WITHIN_MS: [DAWDLERS, 'a body of JSON that does not end is ended'],
  KEEP_ALIVE_MS: [DAWDLERS, 'a connection that was answered, and asks nothing more, is ended'],
  SILENCE_MS: [DAWDLERS, 'a connection on which nothing moves is ended'],
  REFUSED_LINES_A_MINUTE: [CONNECTIONS, 'an access log writes so many lines a minute of a kind'],
  SERVED_LINES_A_MINUTE: [CONNECTIONS, 'an access log writes more of what was served, and not without end'],
  LOGGED_PATH_CHARACTERS: [CONNECTIONS, 'an access log writes so many lines a minute of a kind'],
  CHALLENGE_MS: [BAD_INPUT, 'a challenge is good for two minutes'],
  SIGN_INS_A_KEY: [SHARES, 'one key signs in so often while a challenge lives'],
  FAILED_SIGN_INS_A_MINUTE: [HTTP_SHARES, 'an address that fails with a key waits with that key, and there alone'],
  SESSION_MS: [BAD_INPUT, 'a session is over after 8 hours'],
  MAX_SESSIONS: [SHARES, '%s of many keys push out none of one who has a few'],
  SESSIONS_A_CALLER: [VAULT_LIMITS, 'a caller who signs in without end ends their own sessions'],
  REQUESTS_AT_ONCE_A_KEY: [SHARES, 'of %s requests, one key has %i at once'],
  LARGE_AT_ONCE_A_KEY: [SHARES, 'of %s requests, one key has %i at once'],
  WAITS_AT_ONCE_A_KEY: [`${HTTP}/statements.test.ts`, 'is refused to one too many of one key'],
  READS_AT_ONCE_A_HOST: [HTTP_SHARES, 'has so many reads at once'],
  READER_SILENCE_MS: [DAWDLERS, 'a reader that takes nothing is cut off'],
  BODY_BYTES_A_MINUTE_A_KEY: [HTTP_SHARES, 'a key that has sent its share of bytes waits'],
  SMALL_BODY_BYTES: [HTTP_SHARES, 'a proposal of a principal is small'],
  POLICY_BODY_BYTES: [HTTP_SHARES, '%s asks how long it is, by role'],
  APPRAISAL_BODY_BYTES: [HTTP_SHARES, '%s asks how long it is, by role'],
  DEPOSIT_BODY_BYTES: [HTTP_SHARES, '%s asks how long it is, by role'],
  REQUEST_MS: [REQUESTS, 'is forgotten after a quarter of an hour'],
  MAX_REQUESTS: [SHARES, '%s of many keys push out none of one who has a few'],
  REQUESTS_A_KEY: [SHARES, '%s of many keys push out none of one who has a few'],
  APPRAISALS_A_HOST: [REQUESTS, 'has so many appraisals for each of its hosts, and no more'],
  APPRAISALS_AT_ONCE_A_KEY: [SHARES, 'has %s under way for one key: at most %i'],
  REACHED_BYTES_A_KEY: [REQUESTS, 'keeps so many bytes of evidence for one key, and no more'],
  ACTS_AT_ONCE_A_KEY: [SHARES, 'has %s under way for one key: at most %i'],
  ENTRIES_AN_HOUR_A_KEY: [HTTP_SHARES, 'a key that has had its share deposits and proposes no more'],
  ENTRIES_A_DAY_A_KEY: [SHARES, 'one key records so much in an hour and in a day'],
  OPEN_PROPOSALS_A_KEY: [VAULT_LIMITS, 'one key cannot fill the log with proposals'],
  UPLOAD_MS: ['test/vault/upkeep.test.ts', 'an upload that was not finished is dropped after seven days'],
  UPLOAD_STEPS: [ROOM_HOLDS, 'while a step comes in each hour, and a byte less is none'],
  UPLOAD_READ_BYTES_AN_HOUR: [ROOM_HOLDS, 'for longer where much is stored, which is read again by one who goes on'],
  UPLOADS_A_KEY: [UPLOADS, 'one key has at most 8 at once'],
  UPLOADS_AN_HOUR_A_KEY: [SHARES, 'of %s, one owner spends %i in a window'],
  PART_SEGMENTS: [UPLOADS, 'of too many segments are refused'],
  PART_BODY_BYTES: [HTTP_SHARES, '%s asks how long it is, by role'],
  PAGE_BYTES: [VAULT_LIMITS, 'a page of the log ends where it is full'],
  ENTRIES_A_READ: [VAULT_LIMITS, 'a page of the log ends where it is full'],
  SIGN_WITHIN_MS: [RECORDER, 'a stop is heeded from then on, nothing ordinary is recorded before it'],
  MAX_UNSIGNED_STOPS: [RECORDER, 'so many stops are kept until it signs, and one more is not'],
  MAX_AUTHENTICATORS_PER_FOUNDER: [`${HTTP}/founding.test.ts`, 'limit_exceeded'],
  MAX_PROPOSALS: [VAULT_LIMITS, 'a list of proposals has so many, and so many bytes'],
  PROPOSALS_BYTES: [VAULT_LIMITS, 'a list of proposals has so many, and so many bytes'],
};

const tests = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts') && file !== 'limits.test.ts')
  .map((file) => readFileSync(join('test', file), 'utf8'));

describe('every limit acts in a test', () => {
  test.each(Object.keys(limits))('%s', (limit) => {
    const [file, name] = ACTS[limit] ?? [];
    if (file === undefined) expect(tests.some((text) => text.includes(limit))).toBe(true);
    else expect(readFileSync(file, 'utf8')).toContain(name);
  });

  test('none is listed that there is not', () => {
    expect(Object.keys(ACTS).filter((limit) => !(limit in limits))).toEqual([]);
  });
});
