import { unkept } from './local.ts';
import { Notice } from './parts/notice.tsx';
import { Text } from './parts/text.tsx';

/** Shown on every page while the workstation's disk could not keep something. The custodian can continue. */
export function Unkept() {
  if (unkept.value.size === 0) return null;
  const reasons = new Set([...unkept.value.values()].map(({ code, message }) => `${message} (${code})`));
  return (
    <Notice tone="warn" title="This workstation cannot keep what it has verified">
      <p>
        Go on in this tab: you can sign in, decide and stop. Make room on the disk before you close it. Else this
        workstation does not notice that the vault has forgotten what you saw today, and cannot stop a vault that is out
        of reach.
      </p>
      {[...reasons].map((reason) => (
        <p key={reason} class="sentence">
          <Text of={reason} />
        </p>
      ))}
    </Notice>
  );
}
