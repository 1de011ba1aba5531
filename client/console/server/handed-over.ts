import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Base64url, Hex } from '../../../src/core/bytes.ts';
import { must } from '../../../src/core/errors.ts';

/** What a founder's file says, besides where the vault is. */
export interface Invited {
  readonly invitation: Base64url;
  /** SHA-256 of what hosts must show, as the operator was told it. */
  readonly referenceValues: Hex;
}

/**
 * An invitation that waits for the founder's page. Other users of the workstation reach loopback too, and a browser is
 * started with the address in its argument list, which they may read: so the address has a key that opens the
 * invitation once, and not the invitation. Where another has used the key, the founder's page says so.
 */
export class HandedOver {
  /** 32 bytes, base64url. */
  readonly key: Base64url = randomBytes(32).toString('base64url');
  #invitation: Base64url | null;

  constructor(invitation: Base64url) {
    this.#invitation = invitation;
  }

  /** Throws `not_permitted` for another key, and `invitation_stale` where it has been taken. */
  take(key: Base64url): Base64url {
    must(
      isSame(key, this.key),
      'not_permitted',
      'this key does not open the invitation: use the address as it was printed',
    );
    const invitation = this.#invitation;
    must(
      invitation !== null,
      'invitation_stale',
      'the invitation has been opened with this address already: go on in the tab where it was, or start the console again; if that was not you, another user of this machine has it: tell the operator, and sign no genesis',
    );
    this.#invitation = null;
    return invitation;
  }
}

function isSame(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
