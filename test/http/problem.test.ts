import { describe, expect, test } from 'vitest';
import { CODES, type Code, TwinlockError } from '../../src/core/errors.ts';
import { problemOf, statusOf } from '../../src/http/problem.ts';

const ALL = Object.values(CODES).flat() as Code[];

describe('statusOf', () => {
  test.each(ALL)('%s has a status', (code) => {
    expect([400, 401, 403, 404, 409, 410, 413, 416, 429, 500, 503, 507]).toContain(
      statusOf(new TwinlockError(code, '')),
    );
  });

  test('a code that asks to try again is never said to be the caller’s mistake of form', () => {
    for (const code of CODES.retry.filter((c) => c !== 'cancelled'))
      expect(statusOf(new TwinlockError(code, ''))).not.toBe(400);
  });

  test('no two codes are the same', () => {
    expect(new Set(ALL).size).toBe(ALL.length);
  });
});

describe('problemOf', () => {
  test('tells an error of ours whole', () => {
    const { status, problem } = problemOf(new TwinlockError('exists', 'take another', { next: 3 }));
    expect({ status, problem }).toEqual({
      status: 409,
      problem: { code: 'exists', message: 'take another', detail: { next: 3 } },
    });
  });

  test.each([new Error('secret'), 'secret', null])('tells nothing of any other: %s', (error) => {
    const { status, problem } = problemOf(error);
    expect(status).toBe(500);
    expect(problem.code).toBe('internal');
    expect(JSON.stringify(problem)).not.toContain('secret');
  });
});
