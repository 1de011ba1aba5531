import { parseModelVersion } from '../../src/core/weights/names.ts';
import { abandonDeposit } from '../depositor/abandon.ts';
import { counted, exactBytes, exactInstant } from '../display/exact.ts';
import { identify, openConnection, signIn } from './connect.ts';
import type { Invocation } from './invocation.ts';
import { table } from './text.ts';

/** Gives up the unfinished deposit of `named`, model@version. */
export async function abandonUnfinished(invocation: Invocation, named: string): Promise<void> {
  const { terminal, settings } = invocation;
  const { model, version } = parseModelVersion(named);
  const identity = await identify(invocation, ['depositor']);
  const name = { vault: identity.fingerprint, model, version, depositor: identity.principal.key };
  const abandoned = await abandonDeposit(() => openConnection(identity), name, settings.stateDir);
  terminal.result({ model, version, ...abandoned }, [
    `given up     ${model}@${version}`,
    `vault        ${abandoned.atVault ? 'has dropped what it had' : 'had nothing of it'}`,
    `machine      ${abandoned.onThisMachine ? 'has erased what it kept' : 'had kept nothing of it'}`,
  ]);
}

/** Lists the unfinished deposits of this key at the vault. */
export async function listUnfinished(invocation: Invocation): Promise<void> {
  const { api } = await signIn(invocation, ['depositor']);
  const { uploads, silenceMs } = await api.uploads();
  const rows = uploads.map(({ model, version, files, bytes, storedBytes, opened, expires, silentMs }) => [
    `${model}@${version}`,
    counted(files - 1, 'file'),
    `${exactBytes(BigInt(storedBytes))} of ${exactBytes(BigInt(bytes))}`,
    exactInstant(opened),
    `${Math.ceil((silenceMs - silentMs) / 60_000)} min of silence, or ${exactInstant(expires)}`,
  ]);
  invocation.terminal.result({ uploads, silenceMs }, [
    ...table(
      ['version', 'files', 'stored', 'begun', 'ends after'],
      rows,
      'nothing      no deposit by this key is unfinished at the vault',
    ),
  ]);
}
