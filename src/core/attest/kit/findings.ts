import { TwinlockError } from '../../errors.ts';
import { unlessRefusedLater } from '../../refusal.ts';
import type { SignatureClaim, Verify } from '../../signature/claim.ts';
import type { PlatformResult } from './platform.ts';
import type { RuleResult } from './rule-result.ts';

/** Values of a list that a rule shows; the others are counted. */
const SHOWN_MAX = 16;
/** The `got` of a rule that the appraisal did not reach. */
export const NOT_REACHED = 'not reached';
/** Characters of what a rule shows of attacker-controlled text. */
const TEXT_MAX = 2048;

/** What a rule shows, without its name. */
export type Comparison = Omit<RuleResult, 'rule'>;

/**
 * Collects what one part of an appraisal claims and checks, in the order of the checks. Every rule is written
 * down once, passed or failed; `result` adds those that were never reached, as failures.
 */
export class Findings<Rule extends string> {
  readonly #verify: Verify;
  readonly #claims: Record<string, string> = {};
  readonly #rules: RuleResult[] = [];

  constructor(verify: Verify) {
    this.#verify = verify;
  }

  /** Something that the evidence says, as measured. */
  claim(name: string, value: string): void {
    this.#claims[name] = cut(value);
  }

  rule(rule: Rule, expected: string, got: string, pass: boolean): void {
    this.#rules.push({ rule, expected: cut(expected), got: cut(got), pass });
  }

  compared(rule: Rule, { expected, got, pass }: Comparison): void {
    this.rule(rule, expected, got, pass);
  }

  same(rule: Rule, expected: string, got: string): void {
    this.rule(rule, expected, got, expected === got);
  }

  /** One of a list; an empty list refuses every host. */
  among(rule: Rule, allowed: readonly string[], got: string): void {
    this.rule(rule, listText(allowed), got, allowed.includes(got));
  }

  atLeast(rule: Rule, floor: number, got: number): void {
    this.rule(rule, `at least ${floor}`, String(got), got >= floor);
  }

  /**
   * Whether a signature is true; `claim` may itself throw, for what cannot be claimed. Where a signature does not say
   * which of several algorithms made it, there is a claim of each, and one must be true.
   */
  async signature(rule: Rule, claim: () => SignatureClaim | readonly SignatureClaim[]): Promise<boolean> {
    const work = async () => {
      const got: string[] = [];
      for (const one of [claim()].flat()) got.push(await this.#verdict(one));
      return got.find((verdict) => verdict === 'valid') ?? got[0] ?? 'signature_invalid';
    };
    const got = await unlessRefusedLater(TwinlockError, work, ({ code }) => code);
    this.same(rule, 'valid', got);
    return got === 'valid';
  }

  #verdict(claim: SignatureClaim): Promise<string> {
    const work = async () => {
      await this.#verify(claim);
      return 'valid';
    };
    return unlessRefusedLater(TwinlockError, work, ({ code }) => code);
  }

  /**
   * What `work` returns, with the rule passed and what it says it got; null, with the rule failed and the code
   * and message, where it throws a TwinlockError. For what must parse, chain or be in date.
   */
  async attempt<T>(rule: Rule, expected: string, work: () => Promise<Reached<T>> | Reached<T>): Promise<T | null> {
    const reached = await unlessRefusedLater(TwinlockError, work, ({ code, message }) => `${code}: ${message}`);
    if (typeof reached === 'string') {
      this.rule(rule, expected, reached, false);
      return null;
    }
    this.rule(rule, expected, reached.got, true);
    return reached.value;
  }

  /** The part's result. A rule of `required` that was never reached is a failure. */
  result(label: string, required: readonly Rule[]): PlatformResult {
    const reached = new Set(this.#rules.map(({ rule }) => rule));
    const missing = required.filter((rule) => !reached.has(rule));
    const failures = missing.map((rule) => ({ rule, expected: 'checked', got: NOT_REACHED, pass: false }));
    return { label, claims: this.#claims, rules: [...this.#rules, ...failures] };
  }
}

export interface Reached<T> {
  /** What the rule shows. */
  readonly got: string;
  readonly value: T;
}

/** Half a surrogate pair has no canonical form. */
function cut(text: string): string {
  return text.slice(0, TEXT_MAX).toWellFormed();
}

function listText(allowed: readonly string[]): string {
  if (allowed.length === 0) return 'none is allowed';
  const more = allowed.length - SHOWN_MAX;
  return [...allowed.slice(0, SHOWN_MAX), ...(more > 0 ? [`and ${more} more`] : [])].join(' ');
}
