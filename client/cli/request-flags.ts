import { type Command, Option } from 'commander';
import { TwinlockError } from '../../src/core/errors.ts';
import { u64Text } from '../../src/core/schema.ts';
import { parseModelVersion } from '../../src/core/weights/names.ts';
import type { ReleaseRequest } from '../host/request.ts';
import { type HostEvidenceFlags, withEvidenceFlags } from './collector-flags.ts';
import { durationOf } from './text.ts';

/** The flags of a request, for `request` and `fetch`. */
export interface RequestFlags extends HostEvidenceFlags {
  readonly purpose: 'serving' | 'evaluation';
  readonly reason?: string;
  readonly lease?: string;
  readonly bytes?: string;
}

export function withRequestFlags(command: Command): Command {
  const asking = command
    .addOption(
      new Option('--purpose <purpose>', 'what the weights are for')
        .choices(['serving', 'evaluation'])
        .default('serving'),
    )
    .option('--reason <text>', 'for the custodians: why, and under which ticket')
    .option(
      '--lease <duration>',
      'how long the vault serves the weights: 90s, 30m, 8h, 7d (default: the longest that policy allows)',
    )
    .option(
      '--bytes <n>',
      'bytes of ciphertext that the host may fetch (default: twice the version, and some to spare)',
    );
  return withEvidenceFlags(asking);
}

/** Throws `usage` and `invalid_name`. */
export function releaseRequestOf(target: string, flags: RequestFlags): ReleaseRequest {
  if (flags.reason === undefined) {
    throw new TwinlockError('usage', 'expected a reason for the custodians: give --reason TEXT');
  }
  const { purpose, reason } = flags;
  return { ...parseModelVersion(target), purpose, reason, leaseMs: leaseOf(flags), bytes: bytesOf(flags) };
}

function leaseOf({ lease }: RequestFlags): number | null {
  const parsed = lease === undefined ? null : durationOf(lease);
  if (lease !== undefined && parsed === null) {
    throw new TwinlockError('usage', `--lease: expected a duration such as 90s, 30m, 8h or 7d, got ${lease}`);
  }
  return parsed;
}

function bytesOf({ bytes }: RequestFlags): bigint | null {
  if (bytes === undefined) return null;
  if (u64Text.safeParse(bytes).success) return BigInt(bytes);
  throw new TwinlockError('usage', `--bytes: expected a whole number of bytes, got ${bytes}`);
}
