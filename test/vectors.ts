import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'vitest';

/** The folder of shared test vectors, which is not part of the repository; TWINLOCK_VECTORS overrides. */
const VECTORS = process.env['TWINLOCK_VECTORS'] ?? join(import.meta.dirname, '../../shared/vectors');

/** A test that reads `VECTORS/path…`, and is listed as skipped where the folder is absent. */
export const vectorTest: typeof test | typeof test.skip = existsSync(VECTORS) ? test : test.skip;

export function vectorPath(...path: string[]): string {
  return join(VECTORS, ...path);
}

/** Inputs that the product once judged wrongly, in the folder beside the vectors. */
const CASES = join(VECTORS, '../cases');

/** A test that reads `CASES/path…`, and is listed as skipped where the folder is absent. */
export const caseTest: typeof test | typeof test.skip = existsSync(CASES) ? test : test.skip;

export function casePath(...path: string[]): string {
  return join(CASES, ...path);
}
