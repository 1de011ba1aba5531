import type { PrincipalSession } from '../client/principal/principal.ts';
import type { Hex } from '../src/core/bytes.ts';
import type { Workspace } from './daemon.ts';
import type { CustodianWorkstation } from './founders.ts';
import type { Narrator } from './narrator.ts';
import type { Refusal } from './refusal.ts';
import type { Stopwatch } from './stopwatch.ts';

export const MODEL = 'acme/ocr';
export const VERSION = '1';

/** A vault with its custodians and machines. */
export interface World {
  readonly workspace: Workspace;
  readonly narrator: Narrator;
  readonly stopwatch: Stopwatch;
  readonly url: string;
  readonly fingerprint: Hex;
  /** Owns the depositor's key. */
  readonly alice: CustodianWorkstation;
  readonly bob: CustodianWorkstation;
  /** Owns the requester's key. */
  readonly carol: CustodianWorkstation;
  readonly depositor: PrincipalSession;
  readonly requester: PrincipalSession;
  readonly auditor: PrincipalSession;
  /** The folder that is deposited, and compared with what comes back. */
  readonly original: string;
  readonly refusals: Refusal[];
}
