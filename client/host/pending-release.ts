import { ed25519 } from '@noble/curves/ed25519.js';
import * as z from 'zod/mini';
import { MAX_HOSTS } from '../../src/core/attest/request.ts';
import { fromBase64url, type Hex, toBase64url } from '../../src/core/bytes.ts';
import { canonicalBytes } from '../../src/core/canonical.ts';
import { type KemKeyPair, kemKeyPairFromSeed } from '../../src/core/envelope/xwing.ts';
import { must } from '../../src/core/errors.ts';
import { binary, digest, instantMs, modelName, parseAs, versionName } from '../../src/core/schema.ts';
import { ed25519KeyText } from '../../src/core/signature/key-text.ts';
import { readSecretDocument, writeSecretFile } from '../../src/platform/files/secret.ts';

const MAX_BYTES = 65_536;

/** The one-time keys of a host, and the evidence that binds them. A holder of the keys can use the release. */
export interface HostKeys {
  /** Its place in the statement. */
  readonly host: number;
  /** X-Wing private key, 32 bytes. */
  readonly kemSeed: Uint8Array;
  /** Ed25519, 32 bytes: signs the receipt and nothing else. */
  readonly receiptSeed: Uint8Array;
  /** SHA-256 of its evidence. */
  readonly evidence: Hex;
}

/** A release that has been asked for, and what its hosts need to take it. */
export interface PendingRelease {
  readonly vault: Hex;
  /** The digest of the release statement. */
  readonly release: Hex;
  readonly model: string;
  readonly version: string;
  /** When its keys were made, by this machine's clock: no release of them can be older. */
  readonly created: number;
  /** When the proposal ends, unless it has been approved by then. */
  readonly expires: number;
  readonly hosts: readonly HostKeys[];
}

const schema = z.strictObject({
  v: z.literal(1),
  kind: z.literal('twinlock-pending-release'),
  vault: digest,
  release: digest,
  model: modelName,
  version: versionName,
  created: instantMs,
  expires: instantMs,
  hosts: z
    .array(
      z.strictObject({
        host: z.int().check(z.gte(0), z.lt(MAX_HOSTS)),
        kemSeed: binary(32, 32),
        receiptSeed: binary(32, 32),
        evidence: digest,
      }),
    )
    .check(z.minLength(1), z.maxLength(MAX_HOSTS)),
});

/** Writes it to a file of mode 0600 (FORMAT.md). Throws `exists`. */
export async function writePendingRelease(path: string, pending: PendingRelease): Promise<void> {
  const hosts = pending.hosts.map(({ kemSeed, receiptSeed, ...host }) => ({
    ...host,
    kemSeed: toBase64url(kemSeed),
    receiptSeed: toBase64url(receiptSeed),
  }));
  await writeSecretFile(path, canonicalBytes({ v: 1, kind: 'twinlock-pending-release', ...pending, hosts }));
}

/** Reads one. Throws `not_permitted` where others may read it, `not_found`, `malformed` and `not_canonical`. */
export async function readPendingRelease(path: string): Promise<PendingRelease> {
  const read = parseAs(schema, await readSecretDocument(path, MAX_BYTES), path);
  const { v: _, kind: __, ...pending } = read;
  return {
    ...pending,
    hosts: pending.hosts.map(({ kemSeed, receiptSeed, ...host }) => ({
      ...host,
      kemSeed: fromBase64url(kemSeed),
      receiptSeed: fromBase64url(receiptSeed),
    })),
  };
}

export function kemOf({ kemSeed }: Pick<HostKeys, 'kemSeed'>): KemKeyPair {
  return kemKeyPairFromSeed(kemSeed);
}

/** `ed25519:…` */
export function receiptKeyOf({ receiptSeed }: Pick<HostKeys, 'receiptSeed'>): string {
  return ed25519KeyText(ed25519.getPublicKey(receiptSeed));
}

/** Throws `proposal_unknown` where these are not the keys of host `host`. */
export function keysOf({ hosts }: PendingRelease, hostIndex: number): HostKeys {
  const found = hosts.find((keys) => keys.host === hostIndex);
  must(found !== undefined, 'proposal_unknown', `these are not the keys of host ${hostIndex}`);
  return found;
}
