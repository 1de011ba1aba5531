import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import type { Base64url, Hex } from '../../../src/core/bytes.ts';
import { must, TwinlockError } from '../../../src/core/errors.ts';
import { KEY_HEADER } from '../key-header.ts';
import { problem } from './door.ts';

/** A founder's file, without the vault's address. */
export interface OpeningInvitation {
  readonly invitation: Base64url;
  /** SHA-256 of the reference values, as the operator was told it. */
  readonly referenceValues: Hex;
}

/** The answer to the page that opens the console. */
interface Opened {
  readonly key: Base64url;
  /** The founder's invitation; null for a custodian. */
  readonly invitation: Base64url | null;
}

/**
 * Distinguishes the page of the person who started the console from other programs. Other users of the workstation can
 * reach loopback too, and can send every header that a browser sends. So the page has a key, from the address that the
 * console printed. A browser is started with an address in its argument list, which other users may read: so that address
 * has another key, which opens the console once. Where another program has used it, the page says so.
 */
export class ConsoleOpening {
  /** Valid while the console runs. */
  readonly key: Base64url = randomKey();
  /** Opens the console once, a founder's invitation with it. */
  readonly once: Base64url = randomKey();
  readonly #invitation: Base64url | null;
  #isOpened = false;

  constructor(invitation: Base64url | null) {
    this.#invitation = invitation;
  }

  /** Throws `not_permitted` for another key, and where it was used: `invitation_stale` for a founder. */
  open(once: string): Opened {
    const isOwn = isSame(once, this.once);
    must(isOwn, 'not_permitted', 'this key does not open the console: use the address as it was printed');
    if (this.#isOpened) throw this.#openedAlready();
    this.#isOpened = true;
    return { key: this.key, invitation: this.#invitation };
  }

  /** Refuses requests without the key. */
  require(): MiddlewareHandler {
    return async (c, next) => {
      if (isSame(c.req.header(KEY_HEADER) ?? '', this.key)) return next();
      return problem(
        c,
        403,
        'not_permitted',
        'this page does not have the key of the console: open the whole address that the console printed when it was started',
      );
    };
  }

  #openedAlready(): TwinlockError {
    if (this.#invitation !== null) {
      return new TwinlockError(
        'invitation_stale',
        'the invitation has been opened with this address already: go on in the tab where it was, or start the console again; if that was not you, another user of this machine has it: tell the operator, and sign no genesis',
      );
    }
    return new TwinlockError(
      'not_permitted',
      'the console has been opened with this address already: go on in the tab where it was, or open the address that the console printed; if that was not you, another user of this machine has the key of the console: end it, and start it again',
    );
  }
}

/** 32 bytes, base64url. */
function randomKey(): Base64url {
  return randomBytes(32).toString('base64url');
}

function isSame(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
