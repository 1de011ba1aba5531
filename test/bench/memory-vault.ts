import { Api } from '../../client/api/api.ts';
import type { Custodian } from '../../client/custodian/ceremony.ts';
import { fromHex, fromUtf8, type Hex, toBase64url, utf8 } from '../../src/core/bytes.ts';
import { signCheckpoint } from '../../src/core/log/checkpoint.ts';
import { parseEntry } from '../../src/core/log/entry.ts';
import { objectsNamed } from '../../src/core/state/apply.ts';
import { platformRandom } from '../../src/platform/random.ts';
import { verifyNode } from '../../src/platform/verify-node.ts';
import { viewProposal } from '../../src/vault/views.ts';
import type { Deposit } from '../world/deposit.ts';
import type { Founder } from '../world/people.ts';
import type { World } from '../world/world.ts';

/** A custodian of the world with their own client, before a vault that answers at once and records nothing. */
export function custodianIn(world: World, deposit: Deposit, { person, name, authenticators }: Founder): Custodian {
  const [{ device, credential }] = authenticators;
  return {
    api: apiOf(world, deposit, person),
    authenticator: device,
    verify: async (claim) => verifyNode(claim),
    memory: { get: async () => null, put: async () => undefined },
    random: platformRandom,
    now: () => world.now,
    fingerprint: world.vault,
    person,
    name,
    credential: toBase64url(credential),
    token: '',
  };
}

/** The four answers that a custodian's review and approval need. */
function apiOf(world: World, deposit: Deposit, person: Hex): Api {
  const answerTo = (path: string): unknown => {
    if (path === '/v1/vault') return { ...publicFacts(world), time: world.now };
    if (path.startsWith('/v1/log/entries')) return page(world, new URLSearchParams(path.split('?')[1]));
    if (path.endsWith('/envelopes')) return { envelopes: envelopesOf(deposit, person) };
    const [, , , digest] = path.split('/');
    const proposal = world.facts.proposals.get(digest ?? '');
    if (proposal === undefined) throw new Error(`no answer for ${path}`);
    return {
      index: world.log.length,
      checkpoint: checkpointOf(world),
      proposal: viewProposal(world.facts, proposal, world.now),
    };
  };
  const baseUrl = 'https://vault.invalid';
  return new Api({ baseUrl, fetch: async (url) => Response.json(answerTo(url.slice(baseUrl.length))) });
}

function publicFacts({ facts, vault }: World) {
  const { rpId, grade } = facts.genesis;
  return { fingerprint: vault, rpId, grade, phase: 'open', time: Date.now(), fault: null };
}

function page(world: World, query: URLSearchParams) {
  const from = Number(query.get('from'));
  const entries = world.log.slice(from, from + Number(query.get('limit')));
  const named = entries.flatMap((bytes) => objectsNamed(parseEntry(bytes)));
  const objects = named.map((digest) => [digest, toBase64url(world.objects.get(digest) ?? utf8(''))]);
  return {
    from,
    entries: entries.map(fromUtf8),
    objects: Object.fromEntries(objects),
    checkpoint: checkpointOf(world),
  };
}

function checkpointOf(world: World): string {
  const { root, ...checkpoint } = world.checkpoint();
  return fromUtf8(signCheckpoint({ ...checkpoint, root: fromHex(root) }, world.founding.logSeed));
}

function envelopesOf({ envelopes }: Deposit, person: Hex) {
  return envelopes
    .filter(({ name }) => name.person === person)
    .map(({ name, sealed }) => ({ credential: name.credential, digest: name.digest, envelope: toBase64url(sealed) }));
}
