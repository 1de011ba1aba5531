import { z } from 'zod';
import { count, digest, id, u64Text } from './fields.ts';

/** GET /v1/status: the vault at a glance, for any session. Whoever decides replays the log instead. */
export const statusView = z
  .object({
    fingerprint: digest,
    grade: z.enum(['production', 'simulation']),
    entries: count,
    /** Digest of the stop in force. */
    stopped: z.nullable(digest),
    policy: digest,
    /** How often a quorum has put another in force since genesis. */
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
      members: z.array(
        z.object({ person: id, name: z.string(), index: count, groups: z.array(z.string()), authenticators: count }),
      ),
    }),
    versions: z.array(
      z.object({
        model: z.string(),
        version: z.string(),
        manifest: digest,
        commitments: digest,
        phase: z.enum(['quarantined', 'releasable', 'withdrawn']),
        bytes: u64Text,
        /** Every envelope has been opened and checked by the custodian it is for. */
        durable: z.boolean(),
        unconfirmed: z.array(z.object({ name: z.string(), credential: z.string() })),
      }),
    ),
    principals: z.array(
      z.object({
        key: z.string(),
        name: z.string(),
        role: z.string(),
        ownerName: z.string(),
        models: z.array(z.string()),
        retired: z.boolean(),
      }),
    ),
    open: count,
    leases: count,
  })
  .meta({ id: 'Status' });
