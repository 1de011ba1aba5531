import { useComputed, useSignal } from '@preact/signals';
import { parseReferenceValues, type ReferenceValues } from '../../../../src/core/attest/reference-values.ts';
import { must, type TwinlockError } from '../../../../src/core/errors.ts';
import { parseJson } from '../../../../src/core/json.ts';
import type { Facts } from '../../../../src/core/state/state.ts';
import { MAX_POLICY_BYTES } from '../../../../src/core/statement/policy.ts';
import { policyDifferences } from '../../../custodian/policy-diff.ts';
import { withReferenceValues } from '../../../custodian/propose.ts';
import { ActionError, GrantButton, useAction } from '../parts/action.tsx';
import { Failure } from '../parts/failure.tsx';
import { asFailure } from '../parts/notice.tsx';
import { missingReason, ReasonField } from '../parts/reason.tsx';
import { Panel } from '../parts/screen.tsx';
import { PolicyDifferences } from '../proposals/policy-change.tsx';
import { submitProposal } from './submit.ts';

/** Proposes other reference values, from a file; what they change is shown before anybody touches a key. */
export function PolicyForm({ facts }: { facts: Facts }) {
  const values = useSignal<ReferenceValues | null>(null);
  const failure = useSignal<TwinlockError | null>(null);
  const reason = useSignal('');
  const differences = useComputed(() =>
    values.value === null ? [] : policyDifferences(facts.policy.document.referenceValues, values.value),
  );
  const choose = async (file: File | undefined) => {
    values.value = null;
    failure.value = null;
    if (file === undefined) return;
    try {
      values.value = await read(file);
    } catch (thrown) {
      failure.value = asFailure(thrown);
    }
  };
  const submit = useAction(async () => {
    const { value } = values;
    must(value !== null, 'usage', 'choose a file of reference values');
    const why = reason.value.trim();
    await submitProposal((current) => ({ kind: 'policy', policy: withReferenceValues(current, value), reason: why }));
  });
  return (
    <Panel title="Change what hosts must show">
      <label>
        Reference values
        <input
          type="file"
          accept=".json,application/json"
          onChange={(event) => void choose(event.currentTarget.files?.[0])}
        />
        <small>
          A file as <code>twinlock reference-values</code> writes it: images, roots and floors of every platform.
        </small>
      </label>
      {failure.value === null ? null : <Failure error={failure.value} />}
      {values.value !== null && differences.value.length === 0 ? <p>These are in force already.</p> : null}
      {differences.value.length === 0 ? null : <PolicyDifferences differences={differences.value} />}
      <ReasonField label="Why they change" reason={reason} />
      <ActionError action={submit} />
      <div>
        <GrantButton
          action={submit}
          kind="primary"
          waits={differences.value.length === 0 ? 'Choose a file that changes something first.' : missingReason(reason)}
        >
          Propose the change
        </GrantButton>
      </div>
    </Panel>
  );
}

async function read(file: File): Promise<ReferenceValues> {
  const { name, size } = file;
  must(size <= MAX_POLICY_BYTES, 'too_large', `${name}: expected at most ${MAX_POLICY_BYTES} bytes, got ${size}`);
  return parseReferenceValues(parseJson(await file.text()));
}
