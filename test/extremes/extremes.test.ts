import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { NODE } from '../world/daemon-process.ts';
import { EXPECTED, makeCorpus } from './corpus.ts';
import { type Corpus, judgeCorpus, type Verdicts } from './judge.ts';

const MAIN = join(import.meta.dirname, 'main.ts');
/** KiB; a process has 984 unless told. */
const SMALL_STACK = 120;

let corpus: Corpus;
let warm: Verdicts;

beforeAll(async () => {
  corpus = await makeCorpus();
  const small = { ...corpus, extremes: corpus.extremes.filter(({ times }) => times <= 5000) };
  // What runs often is compiled, and then takes less of the stack.
  for (let i = 0; i < 30; i++) judgeCorpus(small);
  warm = judgeCorpus(corpus);
}, 120_000);

function judgeElsewhere(...options: readonly string[]): Verdicts {
  const input = JSON.stringify(corpus);
  const { status, stdout, stderr } = spawnSync(NODE, [...options, MAIN], {
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return JSON.parse(stdout) as Verdicts;
}

describe('extreme inputs are judged', () => {
  test('as their rules say, by a warm process', () => {
    const codes = Object.entries(warm).map(([name, verdict]) => [name, verdict.startsWith('ok ') ? 'ok' : verdict]);
    expect(Object.fromEntries(codes)).toEqual(EXPECTED);
  });

  test('the same by a fresh process', () => {
    expect(judgeElsewhere()).toEqual(warm);
  }, 60_000);

  test('the same by a fresh process with a small stack', () => {
    expect(judgeElsewhere(`--stack-size=${SMALL_STACK}`)).toEqual(warm);
  }, 60_000);
});
