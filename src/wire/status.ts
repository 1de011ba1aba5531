import { z } from 'zod';
import { VERSION_PHASES } from '../core/state/versions.ts';
import {
  count,
  credentialId,
  digest,
  ed25519Key,
  groupName,
  humanName,
  id,
  modelName,
  modelScope,
  person,
  statementKind,
  u64Text,
  versionName,
} from './fields.ts';
import { reach } from './proposal.ts';
import { stopsInForce } from './stop.ts';
import { logFault } from './vault.ts';

/** GET /v1/status: the vault at a glance, for any session. A client that decides replays the log instead. */
export const statusView = z
  .object({
    fingerprint: digest,
    grade: z.enum(['production', 'simulation']),
    entries: count,
    /** How the vault's clock stands (README, “Clocks”). */
    clock: z.enum(['behind', 'jumped', 'awaited', 'confirmed']),
    fault: logFault,
    stopped: stopsInForce,
    policy: digest,
    /** How many times a quorum has replaced the policy since genesis. */
    policyChanges: count,
    limits: z.object({
      proposalMs: count,
      leaseMs: count,
      hosts: count,
      bytesPerRelease: u64Text,
      bytesPerDay: u64Text,
    }),
    committee: z.object({
      id,
      epoch: count,
      threshold: count,
      members: z.array(person.extend({ index: count, groups: z.array(groupName), authenticators: count })),
    }),
    versions: z.array(
      z.object({
        model: modelName,
        version: versionName,
        manifest: digest,
        commitments: digest,
        phase: z.enum(VERSION_PHASES),
        bytes: u64Text,
        /** Whether the custodian has opened and checked the share with every key in use. */
        durable: z.boolean(),
        /** Custodians who have checked their share with a key in use. */
        holders: z.array(person),
        /** Custodians who hold no share any more: all their keys are retired. */
        without: z.array(person),
        unconfirmed: z.array(person.extend({ credential: credentialId, keyName: humanName })),
      }),
    ),
    principals: z.array(
      z.object({
        key: ed25519Key,
        name: humanName,
        role: z.enum(['depositor', 'requester', 'auditor']),
        owner: person,
        models: z.array(modelScope),
        retired: z.boolean(),
      }),
    ),
    open: count,
    /** Open proposals that the caller may see and that no quorum can approve any more, with the reason. */
    outOfReach: z.array(z.object({ digest, kind: statementKind, reach })),
    /** Proposals that a later change, such as a new policy, has overtaken. None of them counts as open. */
    overtaken: count,
    /** Releases that are served now: none while the vault is stopped. */
    leases: count,
  })
  .meta({ id: 'Status' });
