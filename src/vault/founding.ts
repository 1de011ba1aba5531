import { fromBase64url, type Hex, toHex, ZERO_32 } from '../core/bytes.ts';
import { digestOf, digestOfObject } from '../core/canonical.ts';
import { must, TwinlockError } from '../core/errors.ts';
import type { ArchivedAssertion } from '../core/schema.ts';
import { ed25519KeyText } from '../core/signature/key-text.ts';
import { requireDistinctAuthenticator } from '../core/state/checks/names.ts';
import { discharge } from '../core/state/discharge.ts';
import { checkGenesisStatement, founderClaim, requirementOf } from '../core/state/entries/genesis.ts';
import { parsePolicy } from '../core/statement/policy.ts';
import type { StatementOf } from '../core/statement/statement.ts';
import { registerChallenge } from '../core/webauthn/challenge.ts';
import { checkEnrolment, parseEnrolment } from '../core/webauthn/enrolment.ts';
import type { Context } from './context.ts';
import { MAX_AUTHENTICATORS_PER_FOUNDER } from './limits.ts';
import type { EnrolmentRow, Founder, Founding, GenesisSignatureRow } from './ports.ts';

const ZEROS = toHex(ZERO_32);

export interface InvitedFounder {
  readonly founding: Founding;
  readonly founder: Founder;
}

/** Who was invited with this token. Throws `invitation_unknown` or `invitation_stale`. */
export async function invited(context: Context, token: string | null): Promise<InvitedFounder> {
  const founding = await context.founding.founding();
  must(founding !== null, 'genesis_incomplete', 'the vault has not been initialised: run twinlockd init');
  const isToken = token !== null && /^[A-Za-z0-9_-]{43}$/.test(token);
  const digest = isToken ? digestOf(fromBase64url(token)) : '';
  const founder = founding.founders.find((candidate) => candidate.invitation === digest);
  must(
    founder !== undefined,
    'invitation_unknown',
    'the invitation is not of this vault: paste it whole, as twinlockd init printed it',
  );
  const isOpen = context.clock.now() <= founding.expires;
  must(
    isOpen,
    'invitation_stale',
    'the invitation has expired by the vault’s clock: see that it is right, or begin again with twinlockd init in a new data folder',
  );
  return { founding, founder };
}

/** Takes an enrolment document of the founder who was invited, one at a time. Returns its digest. */
export function enrol(context: Context, token: string | null, bytes: Uint8Array): Promise<Hex> {
  return context.recorder.inTurn(() => enrolInTurn(context, token, bytes));
}

async function enrolInTurn(context: Context, token: string | null, bytes: Uint8Array): Promise<Hex> {
  const { founding, founder } = await invited(context, token);
  must(
    context.recorder.state === null,
    'genesis_closed',
    'the vault has been founded: authenticators are added by a proposal',
  );
  const document = parseEnrolment(bytes);
  const isTheirs = document.person === founder.person && document.invitation === founder.invitation;
  must(isTheirs, 'binding_mismatch', 'the enrolment is not of the person who was invited');
  const enrolments = await context.founding.enrolments();
  const own = enrolments.filter((row) => row.person === founder.person);
  must(
    own.length < MAX_AUTHENTICATORS_PER_FOUNDER,
    'limit_exceeded',
    `expected at most ${MAX_AUTHENTICATORS_PER_FOUNDER} authenticators a founder`,
  );
  const others = enrolments.map((row) => parseEnrolment(row.document));
  requireDistinctAuthenticator(others, document);
  for (const other of others) {
    must(other.kem !== document.kem, 'kem_key_reused', 'another authenticator is enrolled with this KEM key');
    must(other.signing !== document.signing, 'credential_exists', 'another is enrolled with this share-signing key');
  }
  // Every check that genesis will make, made when it comes in, so that its owner hears of it.
  const { policy } = parsePolicy(founding.policy);
  const { claims } = checkEnrolment(document, requirementOf(founding.grade, policy, context.clock.now()));
  await discharge(claims, context.verify);
  const { person, invitation } = document;
  await context.door.registration(document, registerChallenge({ vault: ZEROS, invitation, person }));
  const digest = digestOf(bytes);
  await context.founding.addEnrolment({ digest, person, credential: document.credential, document: bytes });
  return digest;
}

/** The genesis statement as it would be signed now. */
export interface FoundingDraft {
  readonly founders: readonly { person: Hex; name: string; authenticators: number; signed: boolean }[];
  readonly statement: StatementOf<'genesis'> | null;
  readonly objects: ReadonlyMap<Hex, Uint8Array>;
  readonly fingerprint: Hex | null;
  readonly founded: boolean;
}

export async function genesisDraft(context: Context, token: string | null): Promise<FoundingDraft> {
  const { founding } = await invited(context, token);
  return draftOf(context, founding);
}

async function draftOf(context: Context, founding: Founding): Promise<FoundingDraft> {
  const enrolments = await context.founding.enrolments();
  const signatures = await context.founding.genesisSignatures();
  const founders = founding.founders.map(({ person, name }) => ({
    person,
    name,
    authenticators: enrolments.filter((row) => row.person === person).length,
    signed: signatures.some((row) => row.person === person),
  }));
  const isComplete = founders.every((founder) => founder.authenticators > 0);
  const statement = isComplete ? statementOf(founding, enrolments, context.logKey) : null;
  return {
    founders,
    statement,
    objects: isComplete ? objectsOf(founding, enrolments) : new Map(),
    fingerprint: statement === null ? null : digestOfObject(statement),
    founded: context.recorder.state !== null,
  };
}

/** The same statement for the same founding and enrolments: nothing in it is drawn when it is asked for. */
function statementOf(
  founding: Founding,
  enrolments: readonly EnrolmentRow[],
  logKey: Uint8Array,
): StatementOf<'genesis'> {
  return {
    v: 1,
    kind: 'genesis',
    vault: ZEROS,
    base: ZEROS,
    committee: founding.committee,
    epoch: 1,
    policy: digestOf(founding.policy),
    proposer: { kind: 'founders' },
    nonce: founding.nonce,
    created: founding.created,
    expires: founding.expires,
    grade: founding.grade,
    rpId: founding.rpId,
    log: { origin: `${founding.rpId}/log`, key: ed25519KeyText(logKey) },
    witnesses: [],
    threshold: founding.threshold,
    principals: [...founding.principals],
    members: founding.founders.map(({ person, name, index, groups }) => ({
      person,
      name,
      index,
      groups: [...groups],
      enrolments: enrolments.filter((row) => row.person === person).map((row) => row.digest),
    })),
  };
}

function objectsOf(founding: Founding, enrolments: readonly EnrolmentRow[]): Map<Hex, Uint8Array> {
  return new Map([
    [digestOf(founding.policy), founding.policy],
    ...enrolments.map((row) => [row.digest, row.document] as const),
  ]);
}

export interface GenesisProgress {
  readonly founded: boolean;
  /** Names of the founders who have not signed this statement. */
  readonly missing: readonly string[];
}

/** Takes a founder's signature; the last one founds the vault: entry 0. */
export async function signGenesis(
  context: Context,
  token: string | null,
  signature: { readonly statement: Hex; readonly credential: string; readonly assertion: ArchivedAssertion },
): Promise<GenesisProgress> {
  const { founding, founder } = await invited(context, token);
  must(context.recorder.state === null, 'genesis_closed', 'the vault has been founded');
  const draft = await draftOf(context, founding);
  must(draft.statement !== null, 'genesis_incomplete', 'not every founder has enrolled an authenticator yet');
  must(
    draft.fingerprint === signature.statement,
    'genesis_changed',
    'an authenticator was enrolled since: fetch genesis again, and compare its code again',
  );
  const row: GenesisSignatureRow = { person: founder.person, ...signature };
  const { authenticators } = checkGenesisStatement(draft.statement, draft.objects, context.clock.now());
  context.verify(founderClaim(draft.statement, draft.fingerprint, authenticators, row));
  await context.founding.putGenesisSignature(row);
  const current = (await context.founding.genesisSignatures()).filter((s) => s.statement === draft.fingerprint);
  const missing = draft.founders.filter((f) => !current.some((s) => s.person === f.person)).map((f) => f.name);
  if (missing.length > 0) return { founded: false, missing };
  try {
    await foundWith(context, draft, current);
  } catch (error) {
    // Two who sign at the same instant both find it complete: the second has founded it as well as the first.
    if (!(error instanceof TwinlockError && error.code === 'genesis_closed')) throw error;
  }
  return { founded: true, missing: [] };
}

async function foundWith(
  context: Context,
  draft: FoundingDraft,
  signatures: readonly GenesisSignatureRow[],
): Promise<void> {
  await context.recorder.record((facts) => {
    must(facts === null, 'genesis_closed', 'the vault has been founded');
    return {
      objects: draft.objects,
      drafts: [
        {
          kind: 'genesis',
          body: {
            statement: { ...draft.statement },
            signatures: signatures.map(({ person, credential, assertion }) => ({ person, credential, assertion })),
          },
        },
      ],
    };
  });
}
