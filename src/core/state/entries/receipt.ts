import { fromBase64url } from '../../bytes.ts';
import { must } from '../../errors.ts';
import type { CustodyReceipt, EntryOf, HostReceipt } from '../../log/entry.ts';
import { custodyMessage, hostReceiptMessage } from '../../log/receipt.ts';
import { currentAuthenticator, ed25519Claim } from '../checks/signatures.ts';
import type { Judgement } from '../judgement.ts';
import { hasEnded, hasTakenEffect, releaseOf } from '../lifecycle.ts';
import type { Facts } from '../state.ts';

/** A host or a custodian confirms, with a key that no other party holds, that what the vault handed it was right. */
export function judgeReceipt(facts: Facts, entry: EntryOf<'receipt'>): Judgement {
  return entry.body.type === 'host' ? judgeHostReceipt(facts, entry.body) : judgeCustodyReceipt(facts, entry.body);
}

function judgeHostReceipt(facts: Facts, body: HostReceipt): Judgement {
  const release = releaseOf(facts, body.release);
  const isReleased = release !== null && hasTakenEffect(release);
  must(isReleased, 'proposal_unknown', `nothing was released under ${body.release}`);
  must(!hasEnded(release), 'proposal_closed', 'the lease is over: the expiry is its result');
  const { statement } = release;
  const host = statement.hosts[body.host];
  must(host !== undefined, 'proposal_unknown', `the release has no host ${body.host}`);
  must(
    !release.receipts.some((receipt) => receipt.host === body.host),
    'statement_seen',
    `host ${body.host} has given its receipt`,
  );
  const version = facts.versions.get(statement.manifest);
  must(version?.keyCheck === body.keyCheck, 'key_check_failed', 'receipt.keyCheck: not the key of this version');
  must(
    BigInt(body.bytes) <= BigInt(statement.bytes),
    'budget_exceeded',
    `receipt.bytes: expected at most ${statement.bytes}, got ${body.bytes}`,
  );
  const { signature, ...signed } = body;
  const message = hostReceiptMessage(facts.vault, signed);
  return {
    claims: [ed25519Claim(host.receiptKey, message, signature, `receipt of host ${body.host}`)],
    facts: {
      ...facts,
      proposals: facts.proposals.set(release.digest, { ...release, receipts: [...release.receipts, body] }),
    },
  };
}

function judgeCustodyReceipt(facts: Facts, body: CustodyReceipt): Judgement {
  const version = facts.versions.get(body.manifest);
  must(version !== undefined, 'version_unknown', `no version has the manifest ${body.manifest}`);
  const authenticator = currentAuthenticator(facts, body.person, body.credential);
  const envelope = version.envelopes.find((e) => e.credential === body.credential);
  must(
    envelope !== undefined && envelope.person === body.person && envelope.digest === body.envelope,
    'envelopes_mismatch',
    'receipt: not an envelope of this version for this authenticator',
  );
  must(!version.confirmed.includes(body.credential), 'custody_known', 'this envelope has been confirmed before');
  return {
    claims: [
      {
        kind: 'signature',
        algorithm: 'Ed25519',
        publicKey: authenticator.signing,
        message: custodyMessage(facts.vault, body, envelope.index),
        signature: fromBase64url(body.signature),
        what: `custody by person ${body.person}`,
      },
    ],
    facts: {
      ...facts,
      versions: facts.versions.set(version.manifest, {
        ...version,
        confirmed: [...version.confirmed, body.credential],
      }),
    },
  };
}
