import { type SoftwareAttestation, SoftwareAuthenticator } from '../../client/custodian/software-authenticator.ts';
import { type Hex, toBase64url, toHex, ZERO_32 } from '../../src/core/bytes.ts';
import { canonicalBytes, digestOf } from '../../src/core/canonical.ts';
import { type CustodianKeys, deriveCustodianKeys } from '../../src/core/envelope/custodian-keys.ts';
import type { KemKeyPair } from '../../src/core/envelope/xwing.ts';
import type { RandomBytes } from '../../src/core/random.ts';
import type { ArchivedAssertion } from '../../src/core/schema.ts';
import { ed25519KeyText } from '../../src/core/signature/key-text.ts';
import { possessionMessage } from '../../src/core/statement/principal.ts';
import type { PrincipalRecord } from '../../src/core/statement/statement.ts';
import type { Assertion } from '../../src/core/webauthn/assertion.ts';
import type { Signable } from '../../src/core/webauthn/challenge.ts';
import type { Enrolment } from '../../src/core/webauthn/enrolment.ts';
import { ed25519PublicKey, ed25519Sign } from './native-keys.ts';

const KEY_EPOCH = 1;
const ZEROS = toHex(ZERO_32);

/** One authenticator of a founder, with the keys that its PRF gives and its enrolment document. */
export interface Enrolled {
  readonly device: SoftwareAuthenticator;
  readonly credential: Uint8Array;
  readonly keys: CustodianKeys;
  readonly document: Enrolment;
  readonly bytes: Uint8Array;
  readonly digest: Hex;
}

export interface Founder {
  readonly person: Hex;
  readonly name: string;
  readonly index: number;
  readonly groups: readonly string[];
  /** At least one. */
  readonly authenticators: readonly [Enrolled, ...Enrolled[]];
}

export interface FounderOptions {
  readonly name: string;
  readonly index: number;
  readonly groups?: readonly string[];
  /** How many authenticators; 1 unless given. */
  readonly authenticators?: number;
}

/** How the authenticators of a vault attest. */
export interface DeviceOptions {
  readonly rpId: string;
  readonly random: RandomBytes;
  readonly attestation?: SoftwareAttestation;
  readonly aaguid?: Hex;
}

export async function makeFounder(options: FounderOptions, device: DeviceOptions): Promise<Founder> {
  const { name, index, groups = [] } = options;
  const person = toHex(device.random(16));
  const first = await enrol({ person, name }, new SoftwareAuthenticator(device));
  const others: Enrolled[] = [];
  for (let i = 1; i < (options.authenticators ?? 1); i++) {
    others.push(
      await enrol({ person, name }, new SoftwareAuthenticator(device), { keyName: `key ${others.length + 2}` }),
    );
  }
  return { person, name, index, groups, authenticators: [first, ...others] };
}

/** The whole ceremony of enrolment. `instead` are keys and a vault that an attacker would rather enrol. */
export async function enrol(
  { person, name }: { readonly person: Hex; readonly name: string },
  device: SoftwareAuthenticator,
  instead: {
    readonly keyName?: string;
    readonly kem?: KemKeyPair;
    readonly signing?: CustodianKeys['signing'];
    readonly vault?: Hex;
  } = {},
): Promise<Enrolled> {
  const keyName = instead.keyName ?? 'key 1';
  const invited = { vault: instead.vault ?? ZEROS, invitation: ZEROS, person };
  const made = await device.enrol({ ...invited, name, keyEpoch: KEY_EPOCH, exclude: [] });
  const { credential } = made;
  const { prf: prfFirst } = made;
  const derived = deriveCustodianKeys({ prfFirst, rpId: device.rpId, credentialId: credential, keyEpoch: KEY_EPOCH });
  const keys = { kem: instead.kem ?? derived.kem, signing: instead.signing ?? derived.signing };
  const { assertion } = await device.touch({
    label: 'enrol',
    ...invited,
    credential,
    keyEpoch: KEY_EPOCH,
    kem: keys.kem.publicKey,
    signing: keys.signing.publicKey,
    name: keyName,
    credentials: [{ id: credential, keyEpoch: KEY_EPOCH }],
    prf: true,
  });
  const document: Enrolment = {
    v: 1,
    kind: 'enrolment',
    ...invited,
    rpId: device.rpId,
    name: keyName,
    credential: toBase64url(credential),
    publicKey: toBase64url(made.publicKey),
    attestation: {
      object: toBase64url(made.attestation.object),
      clientDataJSON: toBase64url(made.attestation.clientDataJSON),
    },
    keyEpoch: KEY_EPOCH,
    kem: toBase64url(keys.kem.publicKey),
    signing: ed25519KeyText(keys.signing.publicKey),
    binding: archive(assertion),
  };
  const bytes = canonicalBytes(document);
  return { device, credential, keys, document, bytes, digest: digestOf(bytes) };
}

function archive({ authenticatorData, clientDataJSON, signature }: Assertion): ArchivedAssertion {
  return {
    authenticatorData: toBase64url(authenticatorData),
    clientDataJSON: toBase64url(clientDataJSON),
    signature: toBase64url(signature),
  };
}

/** One touch; `device` stands in for the authenticator's own, to answer in a way that must be refused. */
export async function touch(
  { device, credential }: Pick<Enrolled, 'device' | 'credential'>,
  signable: Signable,
): Promise<ArchivedAssertion> {
  const credentials = [{ id: credential, keyEpoch: KEY_EPOCH }];
  const { assertion } = await device.touch({ ...signable, credentials, prf: false });
  return archive(assertion);
}

/** A principal: a machine's key, and whose it is. */
export interface Machine {
  readonly seed: Uint8Array;
  readonly record: PrincipalRecord;
}

export function makeMachine(
  record: Pick<PrincipalRecord, 'role' | 'name' | 'owner' | 'ownerName'> & Partial<Pick<PrincipalRecord, 'models'>>,
  random: RandomBytes,
): Machine {
  const seed = random(32);
  const named = { models: ['*'], ...record, key: ed25519KeyText(ed25519PublicKey(seed)) };
  return { seed, record: { ...named, possession: toBase64url(ed25519Sign(possessionMessage(named), seed)) } };
}

/** Somebody who is no custodian. */
export const OUTSIDER = { owner: 'ee'.repeat(16), ownerName: 'eve' } as const;
