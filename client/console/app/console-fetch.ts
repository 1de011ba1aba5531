import { problem } from '../../../src/wire/fields.ts';
import { type Fetch, platformFetch } from '../../api/transport.ts';
import { NotReachedError } from '../../custodian/sent.ts';
import { VAULT_HEADER, VAULT_NOT_REACHED } from '../vault-header.ts';

/**
 * Asks the console's server. Throws `NotReachedError`, with the server's own words, where it says that it could not
 * connect to the vault: it passes on no header of the vault's, so this one is its own.
 */
export const consoleFetch: Fetch = async (url, init) => {
  const answer = await platformFetch(url, init);
  if (answer.headers.get(VAULT_HEADER) !== VAULT_NOT_REACHED) return answer;
  const { message } = problem.parse(await answer.json());
  throw new NotReachedError('unavailable', message);
};
