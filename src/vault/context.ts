import type { Base64url } from '../core/bytes.ts';
import type { RandomBytes } from '../core/random.ts';
import type { ArchivedAssertion } from '../core/schema.ts';
import type { KeyClaim, SignatureClaim } from '../core/signature/claim.ts';
import type { CoseKey } from '../core/signature/cose.ts';
import type { Enrolment } from '../core/webauthn/enrolment.ts';
import type { Allowance } from './allowance.ts';
import type { Challenges } from './challenges.ts';
import type { ClockWatch } from './clock-watch.ts';
import type { BlobStore, Clock, Endorser, FoundingStore, LogStore, UploadStore } from './ports.ts';
import type { Readiness } from './readiness.ts';
import type { Recorder } from './recorder.ts';
import type { Refusals } from './refusals.ts';
import type { Requests } from './requests.ts';
import type { Sessions } from './sessions.ts';
import type { Shares } from './shares.ts';
import type { Silence } from './silence.ts';
import type { VersionFiles } from './version-files.ts';

/**
 * A second, independent opinion on what comes in at the door: registrations and logins. What is logged is
 * checked by the core. Throws `unauthenticated` or `authenticator_unattested`.
 */
export interface WebauthnDoor {
  login(login: {
    readonly credential: Base64url;
    readonly key: CoseKey;
    readonly challenge: Uint8Array;
    readonly rpId: string;
    readonly assertion: ArchivedAssertion;
  }): Promise<void>;
  registration(document: Enrolment, challenge: Uint8Array): Promise<void>;
}

/** What a use case works with. */
export interface Context {
  readonly recorder: Recorder;
  readonly log: LogStore;
  readonly founding: FoundingStore;
  readonly uploads: UploadStore;
  readonly blobs: BlobStore;
  readonly challenges: Challenges;
  readonly sessions: Sessions;
  readonly requests: Requests;
  readonly refusals: Refusals;
  /** Stops of late, by key: theirs alone is spent by a stop. */
  readonly stops: Allowance;
  readonly shares: Shares;
  /** Of the versions that hosts read. */
  readonly files: VersionFiles;
  /** Of the uploads under way. */
  readonly silence: Silence;
  readonly door: WebauthnDoor;
  readonly endorser: Endorser;
  /** The platform's check of one signature. Throws the code of what is wrong. */
  readonly verify: (claim: SignatureClaim | KeyClaim) => void;
  /** The log's Ed25519 public key, 32 bytes. */
  readonly logKey: Uint8Array;
  /** Aborted when the daemon is about to stop: callers who wait are answered then. */
  readonly closing: AbortSignal;
  readonly clock: Clock;
  /** How far that clock may be believed. */
  readonly watch: ClockWatch;
  readonly readiness: Readiness;
  readonly random: RandomBytes;
}
