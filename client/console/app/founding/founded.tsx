import type { Hex } from '../../../../src/core/bytes.ts';
import { GENESIS_WORDS } from '../../../../src/core/statement/comparison-code.ts';
import { twinlockCommand } from '../command.ts';
import { Digest } from '../parts/digest.tsx';
import { Notice } from '../parts/notice.tsx';
import { Panel, Screen } from '../parts/screen.tsx';
import { Words } from '../parts/words.tsx';
import { enter } from './founding.ts';

/** The fingerprint, and how it is kept: from here on nothing else is trusted. */
export function FoundedScreen({ fingerprint }: { fingerprint: Hex }) {
  return (
    <Screen title="The vault is founded" lead="Every founder has signed. This is its fingerprint: keep it.">
      <Panel title="Fingerprint">
        <Words digest={fingerprint} count={GENESIS_WORDS} />
        <p>
          <Digest hex={fingerprint} />
        </p>
        <Notice
          tone="warn"
          title="Give the fingerprint to everyone who uses this vault: they must not take it from the vault"
        >
          <p>
            Write it down beside the vault’s name. Give it to depositors and auditors as it stands, and build it into
            the configuration of your hosts.
          </p>
        </Notice>
        <p>From now on, open this console with it:</p>
        <pre>{twinlockCommand('console', ['--fingerprint', fingerprint])}</pre>
        <div>
          <button type="button" class="primary" onClick={enter}>
            I have kept it: go on
          </button>
        </div>
      </Panel>
    </Screen>
  );
}
