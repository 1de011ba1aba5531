import { expect } from 'vitest';
import type { Api } from '../../client/api/api.ts';
import { type Fetch, platformFetch } from '../../client/api/transport.ts';
import type { Replica } from '../../client/log/replica.ts';
import { type Hex, toHex, utf8 } from '../../src/core/bytes.ts';
import { leafHash } from '../../src/core/log/merkle.ts';
import { MemoryTree, rangeRoot } from '../../src/core/log/tree.ts';
import { openWithLogKey } from '../../src/core/state/log-checkpoint.ts';
import { versionKey } from '../../src/core/state/state.ts';

type FetchInit = Parameters<Fetch>[1];

interface Upload {
  readonly id: Hex;
  readonly model: string;
  readonly version: string;
  /** Per file, how many segments the vault has said are on disk. */
  readonly segments: number[];
}

/** What a vault answers that has recorded, opened or stored something. */
interface Answered {
  readonly index?: number;
  readonly checkpoint?: string;
  readonly upload?: Hex;
  readonly segments?: number | number[];
  readonly proposal?: { readonly digest: Hex; readonly votes: readonly { readonly person: Hex }[] };
}

/**
 * Stands between the clients and a daemon that is killed, and remembers all that it has acknowledged. While it
 * is shut, no client reaches the daemon through it.
 */
export class Acknowledged {
  isShut = false;
  /** Requests whose answers have not come, or not wholly. */
  underWay = 0;
  /** Every entry that somebody was told of, under the checkpoint that came with it. */
  readonly entries: { readonly index: number; readonly checkpoint: string }[] = [];
  /** Who has voted on a proposal, as the vault told somebody. */
  readonly votes = new Map<Hex, ReadonlySet<Hex>>();
  /** The upload under way; null once its version has been recorded. */
  #upload: Upload | null = null;
  #listeners: { readonly path: RegExp; readonly asked: () => void }[] = [];

  readonly fetch: Fetch = async (url, init) => {
    if (this.isShut) throw new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED' } });
    const { pathname } = new URL(url);
    // A depositor who begins an upload of the same version anew gives up the one before.
    if (isOpeningUpload(init, pathname)) this.#upload = null;
    this.#tell(pathname);
    this.underWay++;
    let isOver = false;
    const over = () => {
      if (!isOver) this.underWay--;
      isOver = true;
    };
    try {
      const response = await platformFetch(url, init);
      if (response.headers.get('content-type') !== 'application/json') return endedBy(response, over);
      const body = await response.text();
      over();
      if (response.ok) this.#remember(init, pathname, JSON.parse(body) as Answered);
      return new Response(body, response);
    } catch (error) {
      over();
      throw error;
    }
  };

  /** Resolves when somebody next asks for such a path. */
  asked(path: RegExp): Promise<void> {
    return new Promise((asked) => this.#listeners.push({ path, asked }));
  }

  #tell(pathname: string): void {
    for (const { path, asked } of this.#listeners) if (path.test(pathname)) asked();
    this.#listeners = this.#listeners.filter(({ path }) => !path.test(pathname));
  }

  #remember(init: FetchInit, pathname: string, answer: Answered): void {
    const { index, checkpoint, proposal, upload, segments } = answer;
    if (index !== undefined && checkpoint !== undefined) this.entries.push({ index, checkpoint });
    if (proposal !== undefined) this.votes.set(proposal.digest, new Set(proposal.votes.map(({ person }) => person)));
    if (isOpeningUpload(init, pathname) && upload !== undefined && typeof segments === 'object') {
      const { model, version } = JSON.parse(String(init.body)) as Pick<Upload, 'model' | 'version'>;
      this.#upload = { id: upload, model, version, segments: [...segments] };
    }
    const [, id, file] = /^\/v1\/uploads\/(\w+)\/files\/(\d+)$/.exec(pathname) ?? [];
    if (id !== undefined && id === this.#upload?.id && typeof segments === 'number') {
      this.#upload.segments[Number(file)] = segments;
    }
    if (pathname === '/v1/deposits') this.#upload = null;
  }

  /** Holds the vault to all of it: `replica` is a replay of the log as it is now, `depositor` a session. */
  async isKept(replica: Replica, depositor: Api): Promise<void> {
    const { facts } = replica;
    const tree = await treeOf(depositor);
    for (const { index, checkpoint } of this.entries) {
      const { size, root } = openWithLogKey(facts.genesis.log, utf8(checkpoint));
      expect(index, 'the entry is counted by its checkpoint').toBeLessThan(size);
      expect(
        toHex(rangeRoot({ from: 0, to: size }, tree)),
        `the log of ${size} entries that entry ${index} was acknowledged in`,
      ).toBe(toHex(root));
    }
    for (const [digest, persons] of this.votes) {
      const recorded = facts.proposals.get(digest)?.votes.map(({ person }) => person) ?? [];
      expect(recorded, `the votes on ${digest}`).toEqual(expect.arrayContaining([...persons]));
    }
    if (this.#upload === null) return;
    const { id, model, version, segments } = this.#upload;
    // Recorded as a version, though the depositor was not told.
    if (facts.names.has(versionKey(model, version))) return;
    const stored = await depositor.upload(id);
    for (const [file, acknowledged] of segments.entries()) {
      expect(stored.segments[file], `segments of file ${file}`).toBeGreaterThanOrEqual(acknowledged);
    }
  }
}

/** The tree of the vault's log as it is now. */
async function treeOf(api: Api): Promise<MemoryTree> {
  const tree = new MemoryTree();
  for (;;) {
    const { entries } = await api.entries(tree.size, 500);
    if (entries.length === 0) return tree;
    for (const text of entries) tree.append(leafHash(utf8(text)));
  }
}

function isOpeningUpload({ method }: FetchInit, pathname: string): boolean {
  return method === 'POST' && pathname === '/v1/uploads';
}

/** The same answer, which tells when its body has been read, broken off or given up. */
function endedBy(response: Response, over: () => void): Response {
  const body = response.body?.pipeThrough(new TransformStream({ flush: over, cancel: over })) ?? null;
  if (body === null) over();
  return new Response(body, response);
}
