import { existsSync, readFileSync } from 'node:fs';
import { subjectOfRaw } from '../../client/appraise/raw.ts';
import { appraise } from '../../src/core/attest/appraise.ts';
import { appraiseParts } from '../../src/core/attest/compose.ts';
import { endorsementsBytes, NO_ENDORSEMENTS } from '../../src/core/attest/endorsements.ts';
import { NO_REFERENCE_VALUES } from '../../src/core/attest/reference-values.ts';
import { utf8 } from '../../src/core/bytes.ts';
import { verifyNode } from '../../src/platform/verify-node.ts';
import { NO_EVIDENCE } from '../client/appraise/no-evidence.ts';
import { appraiseCase, type CarriedCase } from '../platforms/carried-case.ts';
import { platformCases } from '../platforms/cases.ts';
import { vectorPath } from '../vectors.ts';
import { race, repeated } from './measure.ts';
import { OTHER_DCAP, verifyQuote } from './other-dcap.ts';
import { type Bench, type Row, row, type Skipped } from './row.ts';

const QUOTE = vectorPath('tdx', 'v4-uptodate.quote.bin');
const COLLATERAL = vectorPath('tdx', 'v4-uptodate.collateral.json');
const QUOTE_INSTANT_MS = Date.UTC(2025, 5, 20);
const MIB = 1 << 20;
const MS = { unit: 'ms', work: 1 } as const;

/**
 * One appraisal, of each platform's evidence as the kits make it, with reference values: in Node, and in Chromium
 * under the console's policy. And how long evidence of 1 MiB takes to be refused. A real TDX quote against a
 * library that verifies those too.
 */
export const appraiseBench: Bench = async ({ quick, say }) => {
  const rounds = quick ? 3 : 15;
  const rows: Row[] = [];
  const cases = platformCases();
  for (const carried of cases) {
    say(carried.name);
    const { taken } = await race({ taken: repeated(1, () => appraiseCase(carried, verifyNode)) }, rounds);
    rows.push(row('appraise', `${carried.name}, Node`, taken, MS, null));
  }
  rows.push(...(await inChromium(cases, rounds)));
  rows.push(...(await hostile(rounds)));
  const { rows: quotes, skipped } = await quote(rounds);
  return { rows: [...rows, ...quotes], skipped };
};

/**
 * Named so that the compiler does not follow: what runs in a page is checked with the types of a browser, by a
 * program of its own (test/browser/tsconfig.json), and what runs in Node with Node's.
 */
const IN_CHROMIUM = new URL('../browser/appraise-times.ts', import.meta.url).href;

async function inChromium(cases: readonly CarriedCase[], rounds: number): Promise<Row[]> {
  const { timesInChromium } = (await import(IN_CHROMIUM)) as {
    timesInChromium(cases: readonly CarriedCase[], rounds: number): Promise<readonly (readonly number[])[]>;
  };
  const times = await timesInChromium(cases, rounds);
  return cases.map(({ name }, i) => {
    const seconds = (times[i] ?? []).map((ms) => ms / 1000);
    return row('appraise', `${name}, Chromium`, seconds, MS, null);
  });
}

/** What an attacker may send at most, made to be slow: one long text, much nesting, many devices. */
async function hostile(rounds: number): Promise<Row[]> {
  const device = { chain: ['A', 'A'], spdm: 'A'.repeat(64) };
  const inputs = {
    'one long text': `{"a":"${'a'.repeat(MIB - 8)}"}`,
    'deep nesting': '['.repeat(MIB / 2) + ']'.repeat(MIB / 2),
    'many devices': JSON.stringify({ gpu: { devices: Array.from({ length: 9000 }, () => device), kind: 'spdm' } }),
  };
  const rows: Row[] = [];
  for (const [name, text] of Object.entries(inputs)) {
    const input = {
      evidence: utf8(text),
      endorsements: endorsementsBytes(NO_ENDORSEMENTS),
      referenceValues: NO_REFERENCE_VALUES,
      instantMs: 0,
    };
    const refused = () =>
      appraise(input, verifyNode).then(
        () => Promise.reject(new Error('expected a refusal')),
        () => undefined,
      );
    const { taken } = await race({ taken: { act: refused } }, rounds);
    rows.push(row('appraise', `refuse 1 MiB: ${name}`, taken, MS, null));
  }
  return rows;
}

async function quote(rounds: number): Promise<{ rows: Row[]; skipped: Skipped[] }> {
  const what = 'a TDX quote, authenticity';
  if (!existsSync(QUOTE)) {
    return { rows: [], skipped: [{ bench: 'appraise', what, reason: 'needs the shared test vectors' }] };
  }
  const [bytes, collateral] = [new Uint8Array(readFileSync(QUOTE)), readFileSync(COLLATERAL, 'utf8')];
  const raw = { ...NO_EVIDENCE, tdxQuote: bytes, collateral: utf8(collateral) };
  const ours = async () => {
    const { parts, endorsements } = subjectOfRaw(raw, { nonce: null, reportData: null });
    const measure = { referenceValues: null, instantMs: QUOTE_INSTANT_MS, verify: verifyNode };
    const { verdict } = await appraiseParts(parts, { ...measure, endorsements: endorsements ?? NO_ENDORSEMENTS });
    if (verdict !== 'pass') throw new Error('expected the quote to pass');
  };
  const taken = await race(
    { ours: { act: ours }, theirs: { act: () => verifyQuote(bytes, collateral, QUOTE_INSTANT_MS) } },
    rounds,
  );
  return { rows: [row('appraise', what, taken.ours, MS, { what: OTHER_DCAP, rounds: taken.theirs })], skipped: [] };
}
