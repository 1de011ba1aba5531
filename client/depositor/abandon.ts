import { must, TwinlockError } from '../../src/core/errors.ts';
import type { PrincipalSession } from '../principal/principal.ts';
import { type DepositName, Unfinished } from './unfinished.ts';

/** The places that had data of the deposit given up. */
interface Abandoned {
  readonly atVault: boolean;
  readonly onThisMachine: boolean;
}

/**
 * Gives up an unfinished deposit: nothing of it is left, first on this machine, then at the vault. `signIn` opens a
 * session of its depositor. Throws `upload_unknown` where there was nothing, `in_use` while a process of this machine
 * makes it, and, after what this machine kept has been erased, the vault's codes.
 */
export async function abandonDeposit(
  signIn: () => Promise<PrincipalSession>,
  name: DepositName,
  stateDir: string,
): Promise<Abandoned> {
  const { model, version } = name;
  const unfinished = await Unfinished.open(stateDir, name);
  try {
    const onThisMachine = unfinished.begun !== null || unfinished.wasDamaged;
    await unfinished.erase();
    const { api } = await signIn();
    const { uploads } = await api.uploads();
    const found = uploads.find((upload) => upload.model === model && upload.version === version);
    const atVault = found !== undefined && (await dropped(api.abandonUpload(found.upload)));
    const message = `no deposit of ${model}@${version} by this key is unfinished: twinlock deposit --list shows those that are`;
    must(atVault || onThisMachine, 'upload_unknown', message);
    return { atVault, onThisMachine };
  } finally {
    await unfinished.close();
  }
}

/** Returns false where the upload had ended by itself. */
async function dropped(dropping: Promise<void>): Promise<boolean> {
  try {
    await dropping;
    return true;
  } catch (error) {
    if (!(error instanceof TwinlockError && error.code === 'upload_unknown')) throw error;
    return false;
  }
}
