import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { type PrincipalKey, principalKey, principalRecordOf } from '../../../client/principal/principal.ts';
import { canonicalBytes } from '../../../src/core/canonical.ts';
import type { Policy } from '../../../src/core/statement/policy.ts';
import { initialise, TLS_CERTIFICATE_FILE } from '../../../src/founding/initialise.ts';
import { platformRandom } from '../../../src/platform/random.ts';
import { POLICY } from '../founding.ts';

/** Three founders, two of whom must approve. The owner of the machines does not count for what the machines ask. */
export const FOUNDERS = ['ana', 'ben', 'cleo'] as const;
export type FounderName = (typeof FOUNDERS)[number];
export const ROLES = ['depositor', 'requester', 'auditor'] as const;
type Role = (typeof ROLES)[number];

/** A data folder that has been initialised, and what its founders and machines hold. */
export interface Prepared {
  readonly dataDir: string;
  readonly invitations: Readonly<Record<FounderName, string>>;
  readonly machines: Readonly<Record<Role, PrincipalKey>>;
  /** The owner of the machines. */
  readonly owner: FounderName;
}

export interface Preparation {
  /** The differences of the policy from the world's. */
  readonly policy?: Partial<Omit<Policy, 'limits'>> & { readonly limits?: Partial<Policy['limits']> };
  /** The owner of the machines; ana by default. */
  readonly owner?: FounderName;
  readonly models?: readonly string[];
  readonly invitationDays?: number;
}

/** A simulation vault that waits for its founders, in a folder of its own. */
export async function prepareVault({
  policy = {},
  owner = 'ana',
  models = ['*'],
  invitationDays = 1,
}: Preparation = {}): Promise<Prepared> {
  const dataDir = mkdtempSync(join(tmpdir(), 'twinlock-'));
  const machines = Object.fromEntries(
    ROLES.map((role) => [role, principalKey(role, `${role}-key`, platformRandom(32))]),
  ) as Record<Role, PrincipalKey>;
  const roomy = { bytesPerRelease: '100000000000', bytesPerDay: '1000000000000' };
  const limits = { ...POLICY.limits, ...roomy, ...policy.limits };
  const invited = await initialise({
    dataDir,
    grade: 'simulation',
    threshold: 2,
    founders: FOUNDERS.map((name) => ({ name, groups: [] })),
    hosts: ['localhost', '127.0.0.1'],
    url: 'https://localhost:8443',
    policy: canonicalBytes({ ...POLICY, ...policy, limits }),
    principals: ROLES.map((role) => {
      const { owner: _, ...record } = principalRecordOf(machines[role], {
        owner: '',
        ownerName: owner,
        models: [...models],
      });
      return record;
    }),
    invitationDays,
    nowMs: Date.now(),
  });
  trust(dataDir);
  const invitations = Object.fromEntries(invited.map(({ name, invitation }) => [name, invitation]));
  return { dataDir, invitations: invitations as Prepared['invitations'], machines, owner };
}

/** Lets `fetch` of this process trust the vault's certificate. */
function trust(dataDir: string): void {
  const pem = readFileSync(join(dataDir, TLS_CERTIFICATE_FILE), 'utf8');
  setDefaultCACertificates([...getCACertificates('default'), pem]);
}
