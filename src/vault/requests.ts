import type { Request } from '../core/attest/request.ts';
import { requestDigest } from '../core/attest/request.ts';
import { type Hex, toHex } from '../core/bytes.ts';
import { must } from '../core/errors.ts';
import type { RandomBytes } from '../core/random.ts';
import { Ephemeral } from './ephemeral.ts';
import { MAX_REQUESTS, REQUEST_MS, REQUESTS_A_KEY } from './limits.ts';
import type { Clock } from './ports.ts';

export interface OpenRequest {
  readonly request: Request;
  /** 32 bytes, hex: part of every nonce of this request. */
  readonly random: Hex;
}

/** Requests that wait for evidence. They are challenges: a restart forgets them, and the requester asks anew. */
export class Requests {
  readonly #open: Ephemeral<OpenRequest>;
  readonly #random: RandomBytes;

  constructor(clock: Clock, random: RandomBytes) {
    this.#open = new Ephemeral(clock, REQUEST_MS, { maxCount: MAX_REQUESTS, maxPerOwner: REQUESTS_A_KEY });
    this.#random = random;
  }

  open(request: Request): { digest: Hex; random: Hex; expires: number } {
    const digest = requestDigest(request);
    must(this.#open.get(digest) === null, 'exists', 'this request is open already: take a new nonce');
    const random = toHex(this.#random(32));
    return { digest, random, expires: this.#open.put(digest, { request, random }, request.requester) };
  }

  /** Throws `challenge_unknown` for one that is not open, or not this requester's. */
  find(digest: Hex, requester: string): OpenRequest {
    const open = this.#open.get(digest)?.value;
    must(
      open?.request.requester === requester,
      'challenge_unknown',
      'the request is unknown, used or too old: open a new one',
    );
    return open;
  }

  close(digest: Hex): void {
    this.#open.drop(digest);
  }
}
