import { requireHardwareValues } from '../../src/core/attest/production.ts';
import type { ReferenceValues } from '../../src/core/attest/reference-values.ts';
import { TwinlockError } from '../../src/core/errors.ts';
import { beware, type Remark, refuses } from '../platforms/kit/remark.ts';
import { eachPlatform } from '../platforms/platforms.ts';
import { knownWeaknesses } from './beware.ts';
import { describeGpu } from './describe-gpu.ts';

/** Says what a document accepts and refuses, in plain sentences, for its approvers. */
export function describeReferenceValues(document: ReferenceValues): readonly Remark[] {
  const platforms = eachPlatform(document, (row, values) =>
    values === undefined ? [refuses(`${row.hosts}: there are no values for it`)] : row.describe(values, row.hosts),
  );
  const refusesAll = platforms.every((remarks) => remarks.every(({ kind }) => kind === 'refuses'));
  return [
    ...(refusesAll ? [refuses('every host: no platform has values under which one could pass')] : []),
    ...platforms.flat(),
    ...describeGpu(document.gpu),
    ...knownWeaknesses(document),
    ...document.revoked.map(({ claim, value }) => refuses(`${claim} ${value}, even where something else allows it`)),
    ...productionRemarks(document),
  ];
}

function productionRemarks(values: ReferenceValues): Remark[] {
  try {
    requireHardwareValues(values);
    return [];
  } catch (error) {
    if (!(error instanceof TwinlockError)) throw error;
    return [beware(`production vaults refuse this document: ${error.message}`)];
  }
}
