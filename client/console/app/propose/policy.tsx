import { useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { parseReferenceValues } from '../../../../src/core/attest/reference-values.ts';
import { canonicalBytes } from '../../../../src/core/canonical.ts';
import { must, type TwinlockError } from '../../../../src/core/errors.ts';
import { parseCommentedJson } from '../../../../src/core/json-comments.ts';
import { policyInForce } from '../../../../src/core/state/policies.ts';
import type { Facts } from '../../../../src/core/state/state.ts';
import { MAX_POLICY_BYTES, type Policy, parsePolicy } from '../../../../src/core/statement/policy.ts';
import { policyDifferences } from '../../../custodian/policy-diff.ts';
import { withReferenceValues } from '../../../custodian/propose.ts';
import { Failure } from '../parts/failure.tsx';
import { asFailure } from '../parts/notice.tsx';
import { PolicyDifferences } from '../parts/policy-change.tsx';
import { ReasonForm } from '../parts/reason.tsx';
import { Panel } from '../parts/screen.tsx';
import { ProposeButton, useProposing } from '../parts/submit.tsx';

/** Makes the new policy from the policy in force. */
type Change = (facts: Facts) => Policy;

/** Proposes a policy or reference values from a file; shows the changes before the touch. */
export function PolicyForm({ facts }: { facts: Facts }) {
  const change = useSignal<Change | null>(null);
  const failure = useSignal<TwinlockError | null>(null);
  const reason = useSignal('');
  const policy = policyInForce(facts);
  const differences = useMemo(
    () => (change.value === null ? [] : policyDifferences(policy.document, change.value(facts))),
    [change.value, policy.digest],
  );
  const choose = async (file: File | undefined) => {
    change.value = null;
    failure.value = null;
    if (file === undefined) return;
    try {
      change.value = await read(file);
    } catch (thrown) {
      failure.value = asFailure(thrown);
    }
  };
  const submit = useProposing(() => {
    const make = change.value;
    must(make !== null, 'usage', 'expected a file: choose one first');
    const why = reason.value.trim();
    return (current) => ({ kind: 'policy', policy: make(current), reason: why });
  });
  return (
    <Panel title="Change the policy">
      <label>
        Reference values, or a whole policy
        <input
          type="file"
          accept=".json,application/json"
          onChange={(event) => void choose(event.currentTarget.files?.[0])}
        />
        <small>
          What hosts must show, as <code>twinlock reference-values</code> writes it; or a policy, as{' '}
          <code>twinlockd policy template</code> prints it, edited. A whole policy replaces everything in the one in
          force.
        </small>
      </label>
      {failure.value === null ? null : <Failure error={failure.value} />}
      {change.value !== null && differences.length === 0 ? (
        <p>This file changes nothing in the policy in force.</p>
      ) : null}
      {differences.length === 0 ? null : <PolicyDifferences differences={differences} />}
      <ReasonForm
        label="Reason for the change"
        reason={reason}
        action={submit}
        button={(missing) => (
          <ProposeButton
            action={submit}
            kind="primary"
            waits={differences.length === 0 ? 'Choose a file that changes something first.' : missing}
          >
            Propose the change
          </ProposeButton>
        )}
      />
    </Panel>
  );
}

/** Reads a file: a document of kind `policy` is a policy, any other must be reference values. */
async function read(file: File): Promise<Change> {
  const { name, size } = file;
  must(size <= MAX_POLICY_BYTES, 'too_large', `${name}: expected at most ${MAX_POLICY_BYTES} bytes, got ${size}`);
  const value = parseCommentedJson(await file.text());
  const isPolicy = typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'policy';
  if (!isPolicy) {
    const values = parseReferenceValues(value);
    return (facts) => withReferenceValues(facts, values);
  }
  const { policy } = parsePolicy(canonicalBytes(value));
  return () => policy;
}
