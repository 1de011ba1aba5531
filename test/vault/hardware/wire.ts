import { Api } from '../../../client/api/api.ts';
import type { Custodian } from '../../../client/custodian/ceremony.ts';
import type { EvidenceCollector } from '../../../client/host/collector.ts';
import { openPrincipalSession, type PrincipalSession } from '../../../client/principal/principal.ts';
import { type Base64url, fromBase64url, type Hex } from '../../../src/core/bytes.ts';
import { digestOf } from '../../../src/core/canonical.ts';
import type { StatementOf } from '../../../src/core/statement/statement.ts';
import { type Meddling, meddledFetch } from '../../world/client.ts';
import { requestFor } from '../../world/vault/acts.ts';
import type { Person } from '../../world/vault/members.ts';
import type { Vault } from '../../world/vault/vault.ts';

const through = ({ baseUrl }: Vault, meddle: Meddling) => new Api({ baseUrl, fetch: meddledFetch(() => meddle) });

function requesterThrough(vault: Vault, meddle: Meddling): Promise<PrincipalSession> {
  return openPrincipalSession(through(vault, meddle), vault.prepared.machines.requester, vault.fingerprint);
}

export async function custodianThrough(vault: Vault, { api, custodian }: Person, meddle: Meddling): Promise<Custodian> {
  return { ...custodian, api: through(vault, meddle).withBearer(await vault.tokenOf(api)) };
}

/** What a client would have proposed, and what the vault keeps for it since the appraisals. */
export interface Unsent {
  readonly statement: StatementOf<'release'>;
  readonly objects: Readonly<Record<Hex, Base64url>>;
}

/** Hosts that the vault has appraised, and a statement that it has not been given. */
export async function unsent(vault: Vault, hosts: readonly EvidenceCollector[]): Promise<Unsent> {
  const { promise, resolve } = Promise.withResolvers<Unsent>();
  const objects: Record<Hex, Base64url> = {};
  const keep = (...texts: readonly string[]) => {
    for (const text of texts) objects[digestOf(fromBase64url(text))] = text;
  };
  const requester = await requesterThrough(vault, async ({ method, url, body }, next) => {
    const path = `${method} ${new URL(url).pathname}`;
    if (path.endsWith('/appraisals')) {
      const answer = await next();
      const said = (await answer.clone().json()) as { appraisal?: string; endorsements?: string };
      keep((body as { evidence: string }).evidence, said.appraisal ?? '', said.endorsements ?? '');
      return answer;
    }
    if (path !== 'POST /v1/proposals') return next();
    const { statement } = body as Unsent;
    resolve({ statement, objects });
    return Promise.resolve(Response.json({ digest: '00'.repeat(32), index: 0, checkpoint: '' }));
  });
  await requestFor({ ...vault, requester }, hosts);
  return promise;
}
