import { utf8 } from '../../../src/core/bytes.ts';
import { digestOf } from '../../../src/core/canonical.ts';
import type { Batch, CustodianEnvelopeRow, HostShareRow, TokenRow } from '../../../src/vault/ports.ts';

/** Rows that are to the store what real ones are. Everything of one number is made from that number. */

export const hex = (kind: string, n: number): string => digestOf(utf8(`${kind} ${n}`));

export function envelopeRow(n: number): CustodianEnvelopeRow {
  const envelope = utf8(`envelope ${n}`);
  return {
    manifest: hex('manifest', n),
    person: hex('person', 1),
    credential: `c${n}`,
    digest: digestOf(envelope),
    envelope,
  };
}

export function hostShareRow(n: number, index = 1): HostShareRow {
  return {
    release: hex('release', n),
    host: 0,
    person: hex('person', index),
    index,
    credential: 'c',
    envelope: utf8(`share ${n} ${index}`),
    signature: utf8('signature'),
  };
}

export function tokenRow(n: number): TokenRow {
  return {
    hash: hex('token', n),
    release: hex('release', n),
    host: 0,
    manifest: hex('manifest', n),
    sealed: utf8(`sealed ${n}`),
    expires: 1_700_000_000_000 + n,
  };
}

/** One of each thing that an act stores, in a log of `n` entries. */
export function batch(n: number, changes: Partial<Batch> = {}): Batch {
  const object = utf8(`object ${n}`);
  return {
    entries: [{ index: n, bytes: utf8(`entry ${n}`) }],
    tiles: [{ level: 0, index: n, hashes: utf8(`tile ${n}`) }],
    checkpoint: utf8(`checkpoint ${n + 1}`),
    objects: new Map([[digestOf(object), object]]),
    envelopes: [envelopeRow(n)],
    hostShares: [hostShareRow(n)],
    tokens: [tokenRow(n)],
    erase: [],
    ...changes,
  };
}
