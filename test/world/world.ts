import { type Request, requestDigest } from '../../src/core/attest/request.ts';
import { type Hex, toBase64url, toHex, utf8, ZERO_32 } from '../../src/core/bytes.ts';
import { canonicalBytes, digestOf } from '../../src/core/canonical.ts';
import type { EntryDraft, HostReceipt, ProposerSignature } from '../../src/core/log/entry.ts';
import { custodyMessage, hostReceiptMessage } from '../../src/core/log/receipt.ts';
import { versionBase } from '../../src/core/state/checks/version.ts';
import { clockEffect } from '../../src/core/state/kinds/clock.ts';
import { rosterBytes } from '../../src/core/state/roster.ts';
import type { Proposable } from '../../src/core/state/state.ts';
import type { Policy } from '../../src/core/statement/policy.ts';
import { type PrincipalRecord, type StatementOf, statementDigest } from '../../src/core/statement/statement.ts';
import { type ApproveFields, type Signable, signableMessage } from '../../src/core/webauthn/challenge.ts';
import { type ManifestCore, manifestSignatureMessage } from '../../src/core/weights/manifest.ts';
import { type Deposit, makeDeposit } from './deposit.ts';
import { draftGenesis, type FoundingOptions, HOUR_MS, prepareFounding } from './founding.ts';
import { type Host, type HostChanges, makeHost } from './host.ts';
import { WorldLog } from './log.ts';
import { ed25519Sign } from './native-keys.ts';
import { type Enrolled, type Founder, type Machine, touch } from './people.ts';

const ZEROS = toHex(ZERO_32);
type DraftOf<K extends EntryDraft['kind']> = Extract<EntryDraft, { kind: K }>;

/** A request that hosts have answered, and the release statement that its requester would sign. */
export interface Asked {
  readonly request: Request;
  readonly hosts: readonly Host[];
  readonly statement: StatementOf<'release'>;
}

/** A vote's fields that a test may change before it is signed. */
export interface ApprovalChanges {
  readonly decision?: 'approve' | 'deny';
  readonly person?: Hex;
  readonly credential?: string;
  readonly checkpoint?: DraftOf<'approval'>['body']['checkpoint'];
  readonly roster?: Hex;
  readonly time?: number;
  readonly nonce?: Hex;
  readonly reason?: string;
  /** Which of the person's authenticators answers; the first unless given. */
  readonly by?: Pick<Enrolled, 'device' | 'credential'>;
  /** What is touched for in place of the approval. */
  readonly signable?: Signable;
}

/**
 * A whole vault in memory: real persons, keys, shares and signatures, and the log that `apply` folds. The
 * same calls give the same bytes. Statements and drafts are made first and appended afterwards, so that a
 * test changes one thing, and what is signed is the changed one.
 */
export class World extends WorldLog {
  /** Machines that came later: the test that makes one and lets it propose puts it here. */
  readonly machines: Machine[] = [];

  /** An empty log and everything that a genesis needs. */
  static async beforeGenesis(options: FoundingOptions = {}): Promise<World> {
    return new World(await prepareFounding(options), options.label ?? 'world');
  }

  static async found(options: FoundingOptions = {}): Promise<World> {
    const world = await World.beforeGenesis(options);
    await world.append(await draftGenesis(world.founding, world.founding.statement));
    return world;
  }

  /** The same history with a future of its own. */
  fork(): World {
    return new World(this.founding, `${this.label}/${this.log.length}`, this);
  }

  founder(name: string): Founder {
    const founder = this.founding.founders.find((candidate) => candidate.name === name);
    if (founder === undefined) throw new Error(`no founder is called ${name}`);
    return founder;
  }

  // Statements: whole and unsigned

  header(): Pick<
    Proposable,
    'v' | 'grade' | 'vault' | 'committee' | 'epoch' | 'policy' | 'base' | 'nonce' | 'logSize' | 'created' | 'expires'
  > {
    const { vault, committee, policy } = this.facts;
    return {
      v: 1,
      grade: this.facts.genesis.grade,
      vault,
      committee: committee.id,
      epoch: committee.epoch,
      policy: policy.digest,
      base: ZEROS,
      nonce: toHex(this.random(32)),
      logSize: this.size,
      created: this.now,
      expires: this.now + HOUR_MS,
    };
  }

  publication(deposit: Deposit, changes: Partial<StatementOf<'publish'>> = {}): StatementOf<'publish'> {
    const named = this.#naming(deposit);
    const proposer = asProposer(this.founding.depositor);
    return { ...this.header(), ...named, kind: 'publish', proposer, evaluation: null, ...changes };
  }

  principal(
    record: PrincipalRecord,
    by: Founder,
    changes: Partial<StatementOf<'principal'>> = {},
  ): StatementOf<'principal'> {
    return { ...this.header(), kind: 'principal', proposer: asProposer(by), principal: record, ...changes };
  }

  /** The policy in force with these changes, which lies beside the log then. */
  policyChange(
    policy: Partial<Policy>,
    by: Founder,
    changes: Partial<StatementOf<'policy'>> = {},
  ): StatementOf<'policy'> {
    const bytes = canonicalBytes({ ...this.facts.policy.document, ...policy });
    this.keep(bytes);
    const [base, document, proposer] = [this.facts.policy.digest, digestOf(bytes), asProposer(by)];
    return { ...this.header(), base, kind: 'policy', proposer, document, reason: 'a test', ...changes };
  }

  stop(
    what: StatementOf<'stop'>['what'],
    target: Hex,
    by: Founder | Machine,
    changes: Partial<StatementOf<'stop'>> = {},
  ): StatementOf<'stop'> {
    const { vault, resumptions } = this.facts;
    const base = what === 'all' ? (resumptions.at(-1) ?? ZEROS) : ZEROS;
    const said = { v: 1, kind: 'stop', vault, by: asStopper(by), what, target, base, reason: 'a test' } as const;
    return { ...said, nonce: toHex(this.random(32)), created: this.now, ...changes };
  }

  retirement(of: Machine, by: Founder | Machine): StatementOf<'stop'> {
    return this.stop('principal', digestOf(utf8(of.record.key)), by);
  }

  clockCorrection(by: Founder, changes: Partial<StatementOf<'clock'>> = {}): StatementOf<'clock'> {
    const stated = { ...this.header(), kind: 'clock' as const, proposer: asProposer(by), reason: 'a test' };
    return { ...stated, base: clockEffect.base(this.facts, stated), ...changes };
  }

  /** Of a founder's first authenticator unless told otherwise. */
  keyRetirement(
    of: Founder,
    by: Founder,
    changes: Partial<StatementOf<'authenticator'>> = {},
  ): StatementOf<'authenticator'> {
    const credential = toBase64url(of.authenticators[0].credential);
    const said = { kind: 'authenticator', action: 'retire', credential, person: of.person, reason: 'a test' } as const;
    return { ...this.header(), proposer: asProposer(by), ...said, ...changes };
  }

  resumption(stop: Hex, by: Founder, changes: Partial<StatementOf<'resume'>> = {}): StatementOf<'resume'> {
    const proposer = asProposer(by);
    return { ...this.header(), base: stop, kind: 'resume', proposer, stop, reason: 'a test', ...changes };
  }

  /** Opens a request, lets its hosts answer and states the release. The evidence lies beside the log then. */
  async ask(
    deposit: Deposit,
    options: HostChanges & {
      readonly by?: Machine;
      readonly purpose?: Request['purpose'];
      readonly hosts?: number;
      readonly request?: Partial<Request>;
      readonly statement?: Partial<StatementOf<'release'>>;
    } = {},
  ): Promise<Asked> {
    const { by = this.founding.requester, purpose = 'serving', hosts: count = 1 } = options;
    const named = this.#naming(deposit);
    const request: Request = {
      v: 1,
      kind: 'request',
      vault: this.vault,
      requester: by.record.key,
      model: named.model,
      version: named.version,
      purpose,
      hosts: count,
      nonce: toHex(this.random(32)),
      created: this.now,
      ...options.request,
    };
    const { referenceValues } = this.facts.policy.document;
    const input = { ...options, request, checkpoint: this.checkpoint(), referenceValues, nowMs: this.now };
    const hosts: Host[] = [];
    for (let i = 0; i < count; i++) hosts.push(await makeHost({ ...input, random: this.random }));
    for (const host of hosts) this.keep(host.evidenceBytes, host.endorsementsBytes, host.appraisalBytes);
    const statement: StatementOf<'release'> = {
      ...this.header(),
      ...named,
      kind: 'release',
      proposer: asProposer(by) as StatementOf<'release'>['proposer'],
      request: requestDigest(request),
      purpose,
      reason: 'a test',
      hosts: hosts.map((host) => host.named),
      leaseMs: HOUR_MS,
      bytes: '1000000',
      ...options.statement,
    };
    return { request, hosts, statement };
  }

  #naming({ core, manifest, commitments }: Deposit) {
    const named = { model: core.model, version: core.version, manifest, commitments };
    return { ...named, base: versionBase(this.vault, named) };
  }

  // Drafts: signed by whom they name

  /** A deposit whose core has the changes; sealed, signed, its manifest beside the log. */
  async makeDeposit(changes: Partial<ManifestCore> = {}, by: Machine = this.founding.depositor): Promise<Deposit> {
    const { model = 'acme/ocr', version = '1' } = changes;
    const { vault, founding, random, now: nowMs } = this;
    const { statement: genesis, founders } = founding;
    const depositor = by.record.key;
    const deposit = await makeDeposit({
      ...{ vault, genesis, founders, depositor, model, version, nowMs, random, changes },
    });
    this.keep(deposit.coreBytes);
    return deposit;
  }

  draftDeposit(deposit: Deposit, by: Machine = this.founding.depositor): DraftOf<'deposit'> {
    const { manifest, envelopes } = deposit;
    const signature = toBase64url(ed25519Sign(manifestSignatureMessage(this.vault, manifest), by.seed));
    return { kind: 'deposit', body: { manifest, signature, envelopes: envelopes.map(({ name }) => name) } };
  }

  /** The proposal of a statement, signed by its proposer; `signable` is touched for in place of it. */
  async draftProposal(statement: Proposable, signable?: Signable): Promise<DraftOf<'proposal'>> {
    const propose = { label: 'propose', vault: this.vault, statement: statementDigest(statement) } as const;
    const signature = await this.#sign(statement.proposer, signable ?? propose);
    return { kind: 'proposal', body: { statement, signature } };
  }

  async draftStop(statement: StatementOf<'stop'>, signable?: Signable): Promise<DraftOf<'stop'>> {
    const { what } = statement;
    const stop = { label: 'stop', vault: this.vault, what, statement: statementDigest(statement) } as const;
    const signature = await this.#sign(statement.by, signable ?? stop);
    return { kind: 'stop', body: { statement, signature } };
  }

  async draftApproval(proposal: Hex, who: Founder, changes: ApprovalChanges = {}): Promise<DraftOf<'approval'>> {
    const { by = who.authenticators[0], signable, ...fields } = changes;
    const body = {
      proposal,
      decision: 'approve' as const,
      person: who.person,
      credential: toBase64url(by.credential),
      checkpoint: this.checkpoint(),
      roster: this.#roster(),
      time: this.now,
      nonce: toHex(this.random(32)),
      reason: null,
      ...fields,
    };
    const approve: Signable = { label: 'approve', ...this.approveFields(body) };
    return { kind: 'approval', body: { ...body, assertion: await touch(by, signable ?? approve) } };
  }

  /** As the approver's client computes it; it lies beside the log then. */
  #roster(): Hex {
    const bytes = rosterBytes(this.facts);
    this.keep(bytes);
    return digestOf(bytes);
  }

  /** What an approval's touch is over. */
  approveFields(body: Omit<DraftOf<'approval'>['body'], 'assertion'>): ApproveFields {
    const { proposal: statement, decision, checkpoint, roster, time: timeMs, nonce, reason } = body;
    return { vault: this.vault, statement, decision, ...checkpoint, roster, timeMs, nonce, reason };
  }

  draftCustody(
    deposit: Deposit,
    who: Founder,
    by: Enrolled = who.authenticators[0],
    changes: { readonly envelope?: Hex; readonly manifest?: Hex } = {},
  ): DraftOf<'receipt'> {
    const credential = toBase64url(by.credential);
    const envelope = deposit.envelopes.find(({ name }) => name.credential === credential)?.name.digest ?? ZEROS;
    const said = { manifest: deposit.manifest, envelope, ...changes };
    const signature = toBase64url(ed25519Sign(custodyMessage(this.vault, said, who.index), by.keys.signing.seed));
    return { kind: 'receipt', body: { type: 'custody', person: who.person, credential, ...said, signature } };
  }

  draftHostReceipt(asked: Asked, changes: Partial<HostReceipt> = {}): DraftOf<'receipt'> {
    const { manifest, bytes } = asked.statement;
    const said = {
      type: 'host' as const,
      release: statementDigest(asked.statement),
      host: 0,
      keyCheck: this.facts.versions.get(manifest)?.keyCheck ?? ZEROS,
      files: 2,
      bytes,
      modelSignature: null,
      evaluation: null,
      ...changes,
    };
    const seed = asked.hosts[said.host]?.receiptSeed ?? ZERO_32;
    const signature = toBase64url(ed25519Sign(hostReceiptMessage(this.vault, said), seed));
    return { kind: 'receipt', body: { ...said, signature } };
  }

  async #sign(proposer: StatementOf<'stop'>['by'], signable: Signable): Promise<ProposerSignature> {
    const { founders, depositor, requester, auditor } = this.founding;
    if (proposer.kind === 'custodian') {
      const all = founders.flatMap(({ authenticators }) => authenticators);
      const by = all.find(({ document }) => document.credential === proposer.credential) ?? all[0];
      if (by === undefined) throw new Error('the world has no founders');
      return { kind: 'assertion', ...(await touch(by, signable)) };
    }
    const known = [depositor, requester, auditor, ...this.machines];
    const seed = known.find(({ record }) => record.key === proposer.key)?.seed ?? ZERO_32;
    return { kind: 'ed25519', signature: toBase64url(ed25519Sign(signableMessage(signable), seed)) };
  }

  // The story, step by step

  async deposit(changes: Partial<ManifestCore> = {}): Promise<Deposit> {
    const deposit = await this.makeDeposit(changes);
    await this.append(this.draftDeposit(deposit));
    return deposit;
  }

  /** The custody receipts of these founders' first authenticators. */
  async confirm(deposit: Deposit, ...founders: readonly Founder[]): Promise<void> {
    for (const founder of founders) await this.append(this.draftCustody(deposit, founder));
  }

  async propose(statement: Proposable): Promise<Hex> {
    await this.append(await this.draftProposal(statement));
    return statementDigest(statement);
  }

  async retire(of: Machine, by: Founder | Machine): Promise<void> {
    await this.append(await this.draftStop(this.retirement(of, by)));
  }

  async approve(proposal: Hex, ...founders: readonly Founder[]): Promise<void> {
    for (const founder of founders) await this.append(await this.draftApproval(proposal, founder));
  }

  async deny(proposal: Hex, ...founders: readonly Founder[]): Promise<void> {
    for (const who of founders) await this.append(await this.draftApproval(proposal, who, { decision: 'deny' }));
  }

  /** Proposal and approvals: the policy is in force then. */
  async changePolicy(policy: Partial<Policy>, by: Founder, ...approvers: readonly Founder[]): Promise<Hex> {
    const proposal = await this.propose(this.policyChange(policy, by));
    await this.approve(proposal, ...approvers);
    return proposal;
  }

  /** Custody, proposal and approvals: the version is releasable then. */
  async publish(deposit: Deposit, ...approvers: readonly Founder[]): Promise<Hex> {
    await this.confirm(deposit, ...approvers);
    const proposal = await this.propose(this.publication(deposit));
    await this.approve(proposal, ...approvers);
    return proposal;
  }

  /** Proposal, approvals and the release itself. */
  async release(asked: Asked, ...approvers: readonly Founder[]): Promise<Hex> {
    const proposal = await this.propose(asked.statement);
    await this.approve(proposal, ...approvers);
    await this.append({ kind: 'release', body: { proposal } });
    return proposal;
  }
}

/** Who proposes: a founder with their first authenticator, or a machine for its owner. */
export function asProposer(by: Founder): StatementOf<'principal'>['proposer'];
export function asProposer(by: Machine): StatementOf<'release'>['proposer'];
export function asProposer(by: Founder | Machine): StatementOf<'publish'>['proposer'];
export function asProposer(by: Founder | Machine): StatementOf<'publish'>['proposer'] {
  if ('record' in by) return { kind: 'principal', person: by.record.owner, key: by.record.key };
  return { kind: 'custodian', person: by.person, credential: toBase64url(by.authenticators[0].credential) };
}

/** Who stops: a founder with their first authenticator, or a machine. */
export function asStopper(by: Founder | Machine): StatementOf<'stop'>['by'] {
  const { person: _, ...stopper } = asProposer(by);
  return stopper;
}

/** A vault with one published version: what most tests begin with. */
export async function publishedWorld(options: FoundingOptions = {}): Promise<{ world: World; deposit: Deposit }> {
  const world = await World.found(options);
  const deposit = await world.deposit();
  await world.publish(deposit, world.founder('ana'), world.founder('ben'));
  return { world, deposit };
}

/** And one whose version has been released to a host, with the approvals of ben and cleo. */
export async function releasedWorld(
  options: FoundingOptions = {},
): Promise<{ world: World; deposit: Deposit; asked: Asked; release: Hex }> {
  const { world, deposit } = await publishedWorld(options);
  const asked = await world.ask(deposit);
  const release = await world.release(asked, world.founder('ben'), world.founder('cleo'));
  return { world, deposit, asked, release };
}
