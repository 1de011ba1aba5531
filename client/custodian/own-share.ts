import { ed25519 } from '@noble/curves/ed25519.js';
import { type Base64url, equal, fromBase64url, type Hex, toBase64url, wipe } from '../../src/core/bytes.ts';
import { digestOf } from '../../src/core/canonical.ts';
import { type CustodianKeys, deriveCustodianKeys } from '../../src/core/envelope/custodian-keys.ts';
import { openCustodianShare } from '../../src/core/envelope/custodian-share.ts';
import { must } from '../../src/core/errors.ts';
import type { EnvelopeName } from '../../src/core/log/entry.ts';
import { custodyMessage } from '../../src/core/log/receipt.ts';
import { verifyShare } from '../../src/core/share/combine.ts';
import type { Share } from '../../src/core/share/share.ts';
import type { EnrolledAuthenticator, Version } from '../../src/core/state/state.ts';
import { type ManifestCore, parseManifest } from '../../src/core/weights/manifest.ts';
import type { Replica } from '../log/replica.ts';
import type { Touch } from './authenticator.ts';
import { type Custodian, keysText, ownAuthenticators } from './ceremony.ts';

/** An envelope of this custodian, held against the log, and the authenticator that opens it. */
interface OwnEnvelope {
  readonly authenticator: EnrolledAuthenticator;
  readonly name: EnvelopeName;
  readonly envelope: Uint8Array;
}

/** Fetched before the touch, so that nothing is fetched while secrets are in memory. */
export interface OwnEnvelopes {
  readonly version: Version;
  readonly core: ManifestCore;
  readonly envelopes: readonly OwnEnvelope[];
}

/**
 * Fetches this custodian's envelopes of a version and its manifest core. Throws `version_unknown`,
 * `digest_mismatch` for an envelope that is not the one that the log names, and `envelopes_mismatch` where
 * there is none for an authenticator in use.
 */
export async function fetchOwnEnvelopes(
  custodian: Custodian,
  replica: Replica,
  manifestDigest: Hex,
): Promise<OwnEnvelopes> {
  const { facts } = replica;
  const version = facts.versions.get(manifestDigest);
  must(version !== undefined, 'version_unknown', `no version has the manifest ${manifestDigest}`);
  const authenticators = ownAuthenticators(facts, custodian.person);
  const { envelopes: answered } = await custodian.api.ownEnvelopes(manifestDigest);
  const envelopes = authenticators.flatMap((authenticator) => {
    const { credential, person } = authenticator;
    const name = version.envelopes.find((e) => e.credential === credential && e.person === person);
    const envelope = answered.find((e) => e.credential === credential)?.envelope;
    if (name === undefined || envelope === undefined) return [];
    const got = digestOf(envelope);
    must(got === name.digest, 'digest_mismatch', `expected the envelope ${name.digest} of the log, got ${got}`);
    return [{ authenticator, name, envelope }];
  });
  must(envelopes.length > 0, 'envelopes_mismatch', 'no share of this version is sealed to an authenticator of yours');
  const { core } = parseManifest(await replica.object(manifestDigest));
  return { version, core, envelopes };
}

/** The secrets that a touch has opened. `end` wipes them; the caller MUST call it, also after a failure. */
export interface OpenedShare {
  readonly own: OwnEnvelope;
  readonly keys: CustodianKeys;
  readonly share: Share;
  end(): void;
}

/**
 * Opens the share in the envelope of the authenticator that was touched, and checks it against the manifest's
 * commitments. Wipes the touch's PRF output. Throws `prf_missing`, `prf_unusable` where the keys are not
 * those enrolled, `envelope_invalid` and `share_invalid`: then the depositor dealt badly, and the version must
 * not be published.
 */
export async function openOwnShare(
  { rpId }: Custodian['authenticator'],
  touch: Touch,
  fetched: OwnEnvelopes,
): Promise<OpenedShare> {
  const { core, version, envelopes } = fetched;
  must(touch.prf !== null, 'prf_missing', 'the authenticator answered without its PRF');
  const own = envelopes.find((candidate) => candidate.name.credential === toBase64url(touch.credential));
  must(
    own !== undefined,
    'credential_unknown',
    `expected ${keysText(envelopes.map(({ authenticator }) => authenticator))}, and another key answered`,
  );
  const { authenticator, name, envelope } = own;
  const { keyEpoch } = authenticator;
  const keys = deriveCustodianKeys({ prfFirst: touch.prf, rpId, credentialId: touch.credential, keyEpoch });
  wipe(touch.prf);
  const wipeKeys = () => wipe(keys.kem.seed, keys.signing.seed);
  try {
    const same = equal(keys.kem.publicKey, authenticator.kem) && equal(keys.signing.publicKey, authenticator.signing);
    must(
      same,
      'prf_unusable',
      'the PRF gives other keys than were enrolled: use the browser that it was enrolled with',
    );
    const sealedTo = { vault: core.vault, manifest: version.manifest, epoch: core.epoch };
    const share = await openCustodianShare(sealedTo, name.index, keys.kem, envelope);
    const end = () => {
      wipeKeys();
      wipe(share.s, share.r);
    };
    return { own, keys, share: checked(share, core, end), end };
  } catch (error) {
    wipeKeys();
    throw error;
  }
}

function checked(share: Share, core: ManifestCore, end: () => void): Share {
  try {
    return verifyShare(share, core.commitments.map(fromBase64url));
  } catch (error) {
    end();
    throw error;
  }
}

/** A custodian's signed receipt that they opened this envelope and checked its share. */
export interface Custody {
  readonly manifest: Hex;
  readonly credential: Base64url;
  readonly envelope: Hex;
  readonly signature: Base64url;
}

export function custodyOf({ own, keys }: OpenedShare, { version, core }: OwnEnvelopes): Custody {
  const { credential, digest: envelope, index } = own.name;
  const { manifest } = version;
  const signature = ed25519.sign(custodyMessage(core.vault, { manifest, envelope }, index), keys.signing.seed);
  return { manifest, credential, envelope, signature: toBase64url(signature) };
}
