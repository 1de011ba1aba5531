import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { openTerminal } from '../../../client/cli/terminal.ts';
import { durationOf, table } from '../../../client/cli/text.ts';
import { jsonText, printable } from '../../../src/command-line/printable.ts';
import { TwinlockError } from '../../../src/core/errors.ts';

class Captured extends Writable {
  text = '';
  readonly isTTY: boolean;

  constructor(isTTY = false) {
    super();
    this.isTTY = isTTY;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

test('with --json there is one document on standard output and nothing else but errors', () => {
  const [out, err] = [new Captured(), new Captured(true)];
  const terminal = openTerminal(true, { out, err });
  terminal.note('on the way');
  const progress = terminal.progress('fetching', 'bytes');
  progress.update(1, 2);
  progress.end();
  terminal.result({ bytes: 1 }, ['one byte']);
  expect([out.text, err.text]).toEqual(['{"bytes":1}\n', '']);
  terminal.failure(new TwinlockError('not_found', 'no such file', { path: 'x' }));
  expect(err.text).toBe('{"error":{"code":"not_found","message":"no such file","detail":{"path":"x"}}}\n');
});

test('without it lines, and the error with its code', () => {
  const [out, err] = [new Captured(), new Captured()];
  const terminal = openTerminal(false, { out, err });
  terminal.result({ bytes: 1 }, ['one byte', 'two']);
  terminal.note('on the way');
  terminal.failure(new TwinlockError('not_found', 'no such file'));
  expect(out.text).toBe('one byte\ntwo\n');
  expect(err.text).toBe('on the way\ntwinlock: no such file (not_found)\n');
});

test('a terminal gets a bar, anything else none', () => {
  const [tty, pipe] = [new Captured(true), new Captured()];
  for (const err of [tty, pipe]) {
    const progress = openTerminal(false, { out: new Captured(), err }).progress('fetching', 'bytes');
    progress.update(0, 0);
    progress.update(512, 1024);
    progress.update(1024, 1024);
    progress.end();
  }
  expect(tty.text).toContain('1.0 KiB of 1.0 KiB');
  expect(tty.text).not.toContain('0 B of 0 B');
  expect(pipe.text).toBe('');
});

test('what the vault says does not steer the terminal', () => {
  expect(printable('a\u001b[2Jb\r\n\u202ec\u2028')).toBe('a\ufffd[2Jb\ufffd\ufffd\ufffdc\ufffd');
});

test('nor does it in a JSON document, which says the same all the same', () => {
  const said = { name: 'a\u009b2J\u007f\u202eb\u2028\u{e0001}\n"é模' };
  const text = jsonText(said);
  expect(text).toBe('{"name":"a\\u009b2J\\u007f\\u202eb\\u2028\\udb40\\udc01\\n\\"é模"}');
  expect(JSON.parse(text)).toEqual(said);
});

test('one long word is shown whole and does not widen every row of a table', () => {
  const lines = table(
    ['A', 'B'],
    [['x'.repeat(1e6), 'y'.repeat(1e6)], ...Array.from({ length: 100 }, () => ['a', 'b'])],
  );
  expect(lines[1]).toBe(`${'x'.repeat(1e6)}  ${'y'.repeat(1e6)}`);
  expect(Math.max(...lines.toSpliced(1, 1).map((line) => line.length))).toBe(256 + 2 + 1);
});

test.each([
  ['90s', 90_000],
  ['30m', 1_800_000],
  ['8h', 28_800_000],
  ['7d', 604_800_000],
  ['0s', null],
  ['8', null],
  ['1.5h', null],
  ['-1h', null],
  ['1h ', null],
])('the duration %s is %s ms', (text, expected) => {
  expect(durationOf(text)).toBe(expected);
});

test('columns are as wide as they must be', () => {
  expect(table(['A', 'B'], [['long', 'x'], ['y']])).toEqual(['A     B', 'long  x', 'y']);
  // No head stands over nothing.
  expect(table(['A', 'B'], [])).toEqual([]);
  expect(table(['A', 'B'], [], 'no a yet')).toEqual(['no a yet']);
});
