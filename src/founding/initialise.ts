import { randomBytes } from 'node:crypto';
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toBase64url } from '../core/bytes.ts';
import { digestOf } from '../core/canonical.ts';
import { must } from '../core/errors.ts';
import { personName } from '../core/name/name.ts';
import { quoted } from '../core/quoted.ts';
import { groupName, parseAs } from '../core/schema.ts';
import { requireDistinctKeyNames } from '../core/state/checks/names.ts';
import { requireSoundPolicy } from '../core/state/checks/policy.ts';
import { possessionClaim } from '../core/state/checks/signatures.ts';
import { requireDistinctFounders, requireSpareMember } from '../core/state/entries/genesis.ts';
import { type Policy, parsePolicy } from '../core/statement/policy.ts';
import type { PrincipalRecord } from '../core/statement/statement.ts';
import { selfSigned } from '../http/certificate.ts';
import { syncFolderNow } from '../platform/files/sync-folder.ts';
import { namingPath } from '../platform/files/system-error.ts';
import { requireSqlitePath } from '../platform/sqlite-path.ts';
import { verifyNode } from '../platform/verify-node.ts';
import { DATABASE_FILE, openStore } from '../store/open.ts';
import { SNAPSHOT_FILE } from '../store/snapshot.ts';
import type { Founding } from '../vault/ports.ts';
import { requireEnrollable } from './policy.ts';

const DAY_MS = 24 * 60 * 60_000;

export interface Initialisation {
  readonly dataDir: string;
  readonly grade: 'production' | 'simulation';
  readonly threshold: number;
  readonly founders: readonly { readonly name: string; readonly groups: readonly string[] }[];
  /** Names and addresses for the TLS certificate. */
  readonly hosts: readonly string[];
  /** Canonical, as foundingPolicy gives it. */
  readonly policy: Uint8Array;
  /** Keys that are enrolled from the start; `owner` is a founder's name until persons have ids. */
  readonly principals: readonly Omit<PrincipalRecord, 'owner'>[];
  readonly invitationDays: number;
  /** Where founders reach the vault: `https://host:port`. */
  readonly url: string;
  /**
   * Certificates in PEM that vouch for what the vault will be served with, for the founders' files; null where every
   * machine trusts an authority that does. Unless given, the folder's own certificate.
   */
  readonly ca?: string | null;
  readonly nowMs: number;
}

export interface FounderInvitation {
  readonly name: string;
  /** 32 bytes, base64url: its holder can enrol as that founder. */
  readonly invitation: string;
}

/** How invitations get to the founders. */
export interface Handing {
  /** Called once all is checked and before anything is written. Throws where they could not be handed out. */
  prepare(): void;
  /** `ca` as in a founder's file. */
  handOut(invitations: readonly FounderInvitation[], ca: string | null): Promise<void>;
}

const BY_CALLER: Handing = { prepare: () => undefined, handOut: async () => undefined };

/** Where the daemon's own secrets are: the log's key and TLS's. Nothing in the folder decrypts a version. */
export const LOG_KEY_FILE = 'log.key';
export const TLS_KEY_FILE = 'tls.key';
export const TLS_CERTIFICATE_FILE = 'tls.crt';
const OURS = [LOG_KEY_FILE, TLS_KEY_FILE, TLS_CERTIFICATE_FILE, DATABASE_FILE, SNAPSHOT_FILE];

/**
 * Makes a data folder and the founders' invitations, and hands these out, which are kept nowhere else. Where a file
 * cannot be written or they cannot be handed out, what was made is removed, so that the same init can be run again.
 * Throws `exists` where there is one already, `person_unknown`, `person_exists`, `principal_exists`, `invalid_name`, and
 * as `requireFoundable`, `requireSqlitePath`, `openStore`, the file system and `handing`.
 */
export async function initialise(
  init: Initialisation,
  handing: Handing = BY_CALLER,
): Promise<readonly FounderInvitation[]> {
  requireFoundable(init);
  const invited = invite(init.founders);
  const principals = init.principals.map((principal) => ownedByAFounder(principal, invited));
  requireDistinctKeyNames(principals);
  // By name: a link that points nowhere yet is in the way too.
  const before = new Set(existsSync(init.dataDir) ? readdirSync(init.dataDir) : []);
  const found = OURS.find((name) => before.has(name));
  must(
    found === undefined,
    'exists',
    `${init.dataDir} holds a vault, or an init that did not end: it has ${found}; name another folder with --data`,
  );
  requireSqlitePath(join(init.dataDir, DATABASE_FILE));
  handing.prepare();
  mkdirSync(init.dataDir, { recursive: true, mode: 0o700 });
  chmodSync(init.dataDir, 0o700);
  const tls = await selfSigned(init.hosts, init.nowMs);
  const invitations = invited.map(({ name, token }) => ({ name, invitation: toBase64url(token) }));
  // If two runs begin at once, one of them takes this name, and with it the folder.
  const key = join(init.dataDir, TLS_KEY_FILE);
  const opened = namingPath(key, () => openSync(key, 'wx', 0o600));
  try {
    namingPath(key, () => closeSync(opened));
    const { ca = tls.certificate } = init;
    await writeFolder({ ...init, ca }, tls, principals, invited);
    await handing.handOut(invitations, ca);
  } catch (error) {
    const made = readdirSync(init.dataDir).filter((name) => !before.has(name));
    for (const name of made) rmSync(join(init.dataDir, name), { recursive: true, force: true });
    throw error;
  }
  return invitations;
}

/**
 * A policy that genesis would refuse after all founders have enrolled, or that lets no founder enrol, is refused before
 * anything is written. Throws `usage`, `invalid_threshold` and `quorum_unreachable`, and as `parsePolicy` and
 * `requireSoundPolicy`.
 */
function requireFoundable(init: Initialisation): void {
  requireSpareMember({ threshold: init.threshold, members: init.founders });
  const { policy } = parsePolicy(init.policy);
  requireSoundPolicy(policy, init.grade);
  if (init.grade === 'production') requireEnrollable(policy, init.nowMs);
  must(init.invitationDays >= 1, 'usage', '--invitation-days: expected 1 at least, or no founder could enrol');
  requireGroupsWithEffect(policy, init.founders);
  requireGroupsOfTwo(policy, init.founders);
}

async function writeFolder(
  init: Initialisation & Pick<Founding, 'ca'>,
  tls: Awaited<ReturnType<typeof selfSigned>>,
  principals: readonly PrincipalRecord[],
  invited: readonly NewFounder[],
): Promise<void> {
  const secret = (name: string, text: string, flag = 'wx') => {
    const path = join(init.dataDir, name);
    namingPath(path, () => writeFileSync(path, text, { mode: 0o600, flag, flush: true }));
  };
  secret(TLS_KEY_FILE, tls.key, 'r+');
  secret(TLS_CERTIFICATE_FILE, tls.certificate);
  const store = openStore(init.dataDir);
  try {
    await store.founding.found({
      rpId: `tl-${randomBytes(8).toString('hex')}.localhost`,
      grade: init.grade,
      committee: randomBytes(16).toString('hex'),
      threshold: init.threshold,
      nonce: randomBytes(32).toString('hex'),
      created: init.nowMs,
      expires: init.nowMs + init.invitationDays * DAY_MS,
      policy: init.policy,
      principals,
      founders: invited.map(({ token, ...founder }) => ({ ...founder, invitation: digestOf(token) })),
      url: init.url,
      ca: init.ca,
    });
  } finally {
    store.close();
  }
  // Last: its presence says that the folder is whole.
  secret(LOG_KEY_FILE, `${randomBytes(32).toString('hex')}\n`);
  // The files' own bytes are on disk; now their names are too, before any invitation is handed out.
  syncFolderNow(init.dataDir);
}

/** A group that means nothing would be noticed once something has taken effect without it. */
function requireGroupsWithEffect({ groups }: Policy, founders: Initialisation['founders']): void {
  for (const { name, groups: own } of founders) {
    const idle = own.find((group) => !groups.includes(group));
    must(
      idle === undefined,
      'usage',
      `founder ${quoted(name)}: the policy does not ask for the group ${idle}, which would mean nothing: name it in the policy’s groups, or leave it out here`,
    );
  }
}

/** The result of a trial of the founding policy as if all founders had enrolled (core/state/entries/mending). */
function requireGroupsOfTwo({ groups }: Policy, founders: Initialisation['founders']): void {
  const small = groups.find((group) => founders.filter((founder) => founder.groups.includes(group)).length < 2);
  must(
    small === undefined,
    'quorum_unreachable',
    `policy.groups: group ${small} needs two founders at least, or a stolen key of its only one could not be retired`,
  );
}

interface NewFounder {
  readonly name: string;
  readonly groups: readonly string[];
  readonly person: string;
  readonly index: number;
  readonly token: Uint8Array;
}

function invite(founders: Initialisation['founders']): readonly NewFounder[] {
  const invited = founders.map(({ name, groups }, i) => ({
    name: parseAs(personName, name, `founder ${i + 1}`),
    groups: groups.map((group) => parseAs(groupName, group, `group of ${quoted(name)}`)),
    person: randomBytes(16).toString('hex'),
    index: i + 1,
    token: randomBytes(32),
  }));
  requireDistinctFounders(invited);
  return invited;
}

function ownedByAFounder(record: Omit<PrincipalRecord, 'owner'>, founders: readonly NewFounder[]): PrincipalRecord {
  const owner = founders.find(({ name }) => name === record.ownerName);
  must(
    owner !== undefined,
    'person_unknown',
    `a key names the owner ${quoted(record.ownerName)}, who is no founder: those are ${founders.map(({ name }) => quoted(name)).join(', ')}; a custodian enrols a key of another owner in the console, once the vault is founded`,
  );
  const principal = { ...record, owner: owner.person };
  verifyNode(possessionClaim(principal));
  return principal;
}
