import type { Request } from '../core/attest/request.ts';
import { requestDigest } from '../core/attest/request.ts';
import { type Hex, toHex } from '../core/bytes.ts';
import { must, TwinlockError } from '../core/errors.ts';
import type { RandomBytes } from '../core/random.ts';
import type { ReleaseHost } from '../core/statement/statement.ts';
import { type Clocks, steady } from './clock-watch.ts';
import { Ephemeral } from './ephemeral.ts';
import { APPRAISALS_A_HOST, MAX_REQUESTS, REACHED_BYTES_A_KEY, REQUEST_MS, REQUESTS_A_KEY } from './limits.ts';

/** What this vault reached for a host: the bytes that a release then names by their digests. */
interface ReachedAppraisal {
  readonly named: Pick<ReleaseHost, 'evidence' | 'endorsements' | 'appraisal'>;
  readonly objects: ReadonlyMap<Hex, Uint8Array>;
}

export interface OpenRequest {
  readonly request: Request;
  /** 32 bytes, hex: part of every nonce of this request. */
  readonly random: Hex;
  /** By the digest of the appraisal; as many as a request has appraisals. */
  readonly reached: ReadonlyMap<Hex, ReachedAppraisal>;
}

interface Kept extends OpenRequest {
  readonly reached: Map<Hex, ReachedAppraisal>;
  appraisals: number;
  /** A proposal that names it is under way. */
  isTaken: boolean;
}

/** Requests that wait for evidence. They are challenges: a restart forgets them, and the requester asks anew. */
export class Requests {
  readonly #open: Ephemeral<Kept>;
  readonly #clocks: Clocks;
  readonly #random: RandomBytes;

  constructor(clocks: Clocks, random: RandomBytes) {
    this.#clocks = clocks;
    this.#open = new Ephemeral(steady(clocks), REQUEST_MS, { maxCount: MAX_REQUESTS, maxPerOwner: REQUESTS_A_KEY });
    this.#random = random;
  }

  /** When it expires is for people, by the wall clock; it ends by the one that is never set. */
  open(request: Request): { digest: Hex; random: Hex; expires: number } {
    const digest = requestDigest(request);
    must(this.#open.get(digest) === null, 'exists', 'this request is open already: take a new nonce');
    const random = toHex(this.#random(32));
    const kept: Kept = { request, random, reached: new Map(), appraisals: 0, isTaken: false };
    this.#open.put(digest, kept, request.requester);
    return { digest, random, expires: this.#clocks.now() + REQUEST_MS };
  }

  /** Throws `challenge_unknown` for one that is not open, or not this requester's. */
  find(digest: Hex, requester: string): OpenRequest {
    return this.#find(digest, requester);
  }

  /** As `find`, and counts the appraisal. Throws `limit_exceeded` once its hosts have had enough of them. */
  findToAppraise(digest: Hex, requester: string): OpenRequest {
    const kept = this.#find(digest, requester);
    const most = kept.request.hosts * APPRAISALS_A_HOST;
    must(
      kept.appraisals < most,
      'limit_exceeded',
      `expected at most ${most} appraisals for a request of ${kept.request.hosts} hosts: open a new one`,
    );
    kept.appraisals++;
    return kept;
  }

  /**
   * Keeps an appraisal that passed, and what it is of, until its request is used up. Throws `challenge_unknown` where
   * that has happened, and `rate_limited` where the key has as much of it as it may.
   */
  reach(digest: Hex, requester: string, named: ReachedAppraisal['named'], objects: ReachedAppraisal['objects']): void {
    const kept = this.#find(digest, requester);
    const others = this.#open.of(requester).flatMap(({ reached }) => [...reached.values()]);
    const bytes = [...others, { objects }].reduce((sum, reached) => sum + bytesOf(reached.objects), 0);
    must(
      bytes <= REACHED_BYTES_A_KEY,
      'rate_limited',
      `expected at most ${REACHED_BYTES_A_KEY} bytes of evidence in the open requests of one key: propose, or wait`,
      { retryAfterMs: REQUEST_MS },
    );
    kept.reached.set(named.appraisal, { named, objects });
  }

  /**
   * Runs `work`, which uses the request up: from now on no caller finds it. It is given back only where `work` fails
   * with a code to retry, or while the vault is stopped; what is refused once would be refused again, at the same cost. Throws as
   * `find` and `work`.
   */
  async spend<T>(digest: Hex, requester: string, work: () => Promise<T>): Promise<T> {
    const kept = this.#find(digest, requester);
    kept.isTaken = true;
    try {
      return await work();
    } catch (error) {
      kept.isTaken = !(error instanceof TwinlockError && (error.group === 'retry' || error.group === 'stopped'));
      throw error;
    } finally {
      if (kept.isTaken) this.#open.drop(digest);
    }
  }

  #find(digest: Hex, requester: string): Kept {
    const kept = this.#open.get(digest)?.value;
    must(
      kept !== undefined && !kept.isTaken && kept.request.requester === requester,
      'challenge_unknown',
      'the request is unknown, used or too old: open a new one',
    );
    return kept;
  }
}

function bytesOf(objects: ReachedAppraisal['objects']): number {
  return [...objects.values()].reduce((sum, bytes) => sum + bytes.length, 0);
}
