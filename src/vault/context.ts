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
 * A second, independent check of WebAuthn registrations and logins. The core checks what goes into the log. Throws
 * `unauthenticated` or `authenticator_unattested`.
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

/** The parts of the vault that its use cases work with. */
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
  /** Counts the stops of each key in the last minute. A stop spends no other allowance. */
  readonly stops: Allowance;
  readonly shares: Shares;
  /** The files of versions that hosts read. */
  readonly files: VersionFiles;
  /** How long each open upload has been silent. */
  readonly silence: Silence;
  readonly door: WebauthnDoor;
  readonly endorser: Endorser;
  /** Verifies one signature or key on this platform. Throws the code of the fault. */
  readonly verify: (claim: SignatureClaim | KeyClaim) => void;
  /** The log's Ed25519 public key, 32 bytes. */
  readonly logKey: Uint8Array;
  /** Aborted when the daemon is about to stop, so that waiting callers get their answer. */
  readonly closing: AbortSignal;
  readonly clock: Clock;
  /** Decides how far `clock` may be trusted. */
  readonly watch: ClockWatch;
  readonly readiness: Readiness;
  readonly random: RandomBytes;
}
