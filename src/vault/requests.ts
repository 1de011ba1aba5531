import type { Request } from '../core/attest/request.ts';
import { requestDigest } from '../core/attest/request.ts';
import { type Hex, toHex } from '../core/bytes.ts';
import { must, TwinlockError } from '../core/errors.ts';
import type { RandomBytes } from '../core/random.ts';
import type { ReleaseHost } from '../core/statement/statement.ts';
import { type Clocks, steady } from './clock-watch.ts';
import { Ephemeral } from './ephemeral.ts';
import { APPRAISALS_A_HOST, MAX_REQUESTS, REACHED_BYTES_A_KEY, REQUEST_MS, REQUESTS_A_KEY } from './limits.ts';

/** The result of an appraisal by this vault: objects that a release names by their digests. */
interface ReachedAppraisal {
  readonly named: Pick<ReleaseHost, 'evidence' | 'endorsements' | 'appraisal'>;
  readonly objects: ReadonlyMap<Hex, Uint8Array>;
}

export interface OpenRequest {
  readonly request: Request;
  /** 32 bytes, hex: part of every nonce of this request. */
  readonly random: Hex;
  /** Results of appraisals that passed, by the digest of the appraisal. */
  readonly reached: ReadonlyMap<Hex, ReachedAppraisal>;
}

interface Kept extends OpenRequest {
  readonly reached: Map<Hex, ReachedAppraisal>;
  appraisals: number;
  /** Whether a proposal that uses the request is under way. */
  isTaken: boolean;
}

/** Requests that wait for evidence. A restart forgets them, and the requester then opens a new one. */
export class Requests {
  readonly #open: Ephemeral<Kept>;
  readonly #clocks: Clocks;
  readonly #random: RandomBytes;

  constructor(clocks: Clocks, random: RandomBytes) {
    this.#clocks = clocks;
    this.#open = new Ephemeral(steady(clocks), REQUEST_MS, { maxCount: MAX_REQUESTS, maxPerOwner: REQUESTS_A_KEY });
    this.#random = random;
  }

  /** Opens a request. `expires` is for display, by the wall clock; the request ends by the monotonic clock. */
  open(request: Request): { digest: Hex; random: Hex; expires: number } {
    const digest = requestDigest(request);
    must(this.#open.get(digest) === null, 'exists', 'this request is open already: take a new nonce');
    const random = toHex(this.#random(32));
    const kept: Kept = { request, random, reached: new Map(), appraisals: 0, isTaken: false };
    this.#open.put(digest, kept, request.requester);
    return { digest, random, expires: this.#clocks.now() + REQUEST_MS };
  }

  /** Finds an open request. Throws `challenge_unknown` if it is not open, or is not of this requester. */
  find(digest: Hex, requester: string): OpenRequest {
    return this.#find(digest, requester);
  }

  /** The same as `find`, and counts the appraisal. Throws `limit_exceeded` after `APPRAISALS_A_HOST` for each host. */
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
   * Keeps an appraisal that passed, with its evidence, until its request is used. Throws `challenge_unknown` if the
   * request has been used, and `rate_limited` if the key would hold more than `REACHED_BYTES_A_KEY` bytes.
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
   * Runs `work` and uses the request up: no caller finds it from now on. The request becomes open again only if `work`
   * fails with a code to retry, or because the vault is stopped. Throws as `find` and `work`.
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
