import { useSignal } from '@preact/signals';
import { type Hex, utf8 } from '../../../../src/core/bytes.ts';
import { digestOf } from '../../../../src/core/canonical.ts';
import { GENESIS_WORDS } from '../../../../src/core/statement/comparison-code.ts';
import { commandHere, reachingCommand } from '../command.ts';
import { type ConfigurationOffer, configurationOffer, writeConfiguration } from '../local.ts';
import { ActionButton, ActionError, useAction } from '../parts/action.tsx';
import { Digest } from '../parts/digest.tsx';
import { Notice } from '../parts/notice.tsx';
import { Panel, Screen } from '../parts/screen.tsx';
import { Words } from '../parts/words.tsx';
import { enter } from './founding.ts';

/** The fingerprint, and how to keep it: all later trust starts from it. */
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
          title="Give the fingerprint to all users of this vault: they must not take it from the vault"
        >
          <p>
            Write it down beside the vault’s name. Give it to depositors and auditors as it stands, and build it into
            the configuration of your hosts.
          </p>
        </Notice>
        <KeepConfiguration fingerprint={fingerprint} />
        <div>
          <button type="button" class="primary" onClick={enter}>
            I have kept it: go on
          </button>
        </div>
      </Panel>
    </Screen>
  );
}

/** Shows how to open the console from now on. Writes the settings of the commands into the configuration file;
 * replaces an existing file only after the founder has seen both. */
function KeepConfiguration({ fingerprint }: { fingerprint: Hex }) {
  const other = useSignal<ConfigurationOffer | null>(null);
  const written = useSignal<string | null>(null);
  const write = async (replaces: Hex | null, { path }: ConfigurationOffer) => {
    await writeConfiguration(fingerprint, replaces);
    other.value = null;
    written.value = path;
  };
  const offering = useAction(async () => {
    const offer = await configurationOffer(fingerprint);
    if (offer.kept === null || offer.kept === offer.wanted) await write(null, offer);
    else other.value = offer;
  });
  const replacing = useAction(async () => {
    if (other.value?.kept != null) await write(digestOf(utf8(other.value.kept)), other.value);
  });
  if (written.value !== null) {
    return (
      <Notice tone="good" title="The configuration file is written" result>
        <p>
          Written to <code>{written.value}</code>. From now on this is enough:
        </p>
        <pre>{commandHere(['console', '--open'])}</pre>
      </Notice>
    );
  }
  if (other.value === null) {
    return (
      <div class="stack">
        <p>From now on, open this console with it:</p>
        <pre>{reachingCommand(['console', '--open', '--fingerprint', fingerprint])}</pre>
        <p>Or let this console write that into the configuration file of the command line:</p>
        <ActionError action={offering} />
        <div>
          <ActionButton action={offering}>Write the configuration file</ActionButton>
        </div>
      </div>
    );
  }
  const { path, kept, wanted } = other.value;
  return (
    <Notice tone="warn" title="There is another configuration file" result>
      <p>
        <code>{path}</code> says now:
      </p>
      <pre>{kept}</pre>
      <p>It would say:</p>
      <pre>{wanted}</pre>
      <ActionError action={replacing} />
      <div>
        <ActionButton action={replacing} kind="danger">
          Replace it
        </ActionButton>
      </div>
    </Notice>
  );
}
