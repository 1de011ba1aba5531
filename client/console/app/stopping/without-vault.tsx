import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Base64url } from '../../../../src/core/bytes.ts';
import type { StopKit } from '../../../custodian/stop-kit.ts';
import { instant } from '../format.ts';
import { Digest } from '../parts/digest.tsx';
import { Failure } from '../parts/failure.tsx';
import { Mark } from '../parts/notice.tsx';
import { KeyName, Named } from '../parts/person.tsx';
import { FactList } from '../parts/screen.tsx';
import { fault, fingerprint } from '../vault.ts';
import { kept, loadKept } from './kept.ts';
import { stopWithoutVault } from './signed-stops.ts';
import { StopAll } from './stop-all.tsx';

/** Shown where no custodian is signed in: signs a stop for a vault that does not answer, refuses or lies. */
export function StopWithoutVault() {
  const vault = fingerprint.value;
  useEffect(() => {
    if (vault !== null) void loadKept(vault);
  }, [vault]);
  if (vault === null || kept.value === null) return null;
  const { kit, usedHere, failure } = kept.value;
  return (
    <section class="panel" aria-label="Stop without the vault">
      <details open={fault.value !== null}>
        <summary>Stop without the vault</summary>
        <div class="stack">
          {failure === null ? null : <Failure error={failure} />}
          {kit === null ? <NothingKept /> : <ColdStop kit={kit} usedHere={usedHere} />}
        </div>
      </details>
    </section>
  );
}

function NothingKept() {
  return (
    <p>
      This workstation cannot sign a stop: no custodian has signed in to this vault here. Sign the stop on a workstation
      where a custodian has signed in, or ask another custodian to stop the vault.
    </p>
  );
}

function ColdStop({ kit, usedHere }: { kit: StopKit; usedHere: readonly Base64url[] }) {
  const choices = choicesOf(kit, usedHere);
  const chosen = useSignal(choices.find(({ credential }) => usedHere.includes(credential))?.credential ?? null);
  const own = choices.find(({ credential }) => credential === chosen.value) ?? null;
  return (
    <>
      <p>
        You sign over the log up to entry {kit.size - 1}, as this workstation verified it at {instant(kit.verified)}.
        The vault is asked for nothing. It is sent the stop; until it takes it, you can save the stop as a file.
      </p>
      <FactList
        of={[
          ['Vault', <Digest key="vault" hex={kit.vault} />],
          [
            'Grade',
            <Mark key="grade" tone={kit.grade === 'simulation' ? 'warn' : 'good'}>
              {kit.grade}
            </Mark>,
          ],
          ['Last resumption', kit.resumption === null ? 'none' : <Digest key="resumption" hex={kit.resumption} />],
        ]}
      />
      <fieldset class="stack">
        <legend>Who stops it, and with which security key?</legend>
        {choices.map(({ person, owner, name, credential }) => (
          <label key={credential} class="tick">
            <input
              type="radio"
              name="stop-with"
              checked={credential === chosen.value}
              onChange={() => {
                chosen.value = credential;
              }}
            />
            <span>
              <Named person={person} name={owner} mark="custodian" /> key{' '}
              <KeyName name={name} credential={credential} />
              {usedHere.includes(credential) ? ' used here' : ''}
            </span>
          </label>
        ))}
      </fieldset>
      <StopAll
        waits={own === null ? 'Choose a security key first.' : null}
        stop={async (reason) => (own === null ? null : stopWithoutVault(kit, own, reason))}
      />
    </>
  );
}

/** All keys of all custodians; the keys that were used here come first, the latest at the top. */
function choicesOf({ custodians }: StopKit, usedHere: readonly Base64url[]) {
  const all = custodians.flatMap(({ person, name: owner, keys }) => keys.map((key) => ({ person, owner, ...key })));
  const rank = ({ credential }: { credential: Base64url }) =>
    usedHere.includes(credential) ? usedHere.indexOf(credential) : usedHere.length;
  return all.toSorted((a, b) => rank(a) - rank(b));
}
