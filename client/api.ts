import type { z } from 'zod';
import type { Hex } from '../src/core/bytes.ts';
import { fromUtf8 } from '../src/core/bytes.ts';
import { counted } from '../src/core/counted.ts';
import { must, TwinlockError } from '../src/core/errors.ts';
import type { SignedStop } from '../src/core/log/signed-stop.ts';
import * as fields from '../src/wire/fields.ts';
import * as log from '../src/wire/log.ts';
import * as proposal from '../src/wire/proposal.ts';
import { statusView } from '../src/wire/status.ts';
import { stopAnswer } from '../src/wire/stop.ts';
import * as vault from '../src/wire/vault.ts';
import * as weights from '../src/wire/weights.ts';
import {
  type Answer,
  exchange,
  type Fetch,
  jsonOrNull,
  NoVaultAnswer,
  platformFetch,
  type Question,
} from './transport.ts';

/** Larger than any answer that is not a page of the log or made of one. */
const MAX_ANSWER_BYTES = 8 << 20;
/** A page of the log and its objects; a host's authority chain. */
const MAX_LOG_BYTES = 128 << 20;
/** 32 bytes for each of the 2^24 segments of the largest file. */
const MAX_LEAVES_BYTES = 512 << 20;
/** Of the place that is named in an answer that is not as the API says. */
const MAX_PATH_LENGTH = 200;
const TIMEOUT_MS = 30_000;
/** The vault fsyncs a part before it answers. */
const PART_TIMEOUT_MS = 120_000;

export type VaultStatus = z.infer<typeof vault.vaultStatus>;
export type Session = z.infer<typeof vault.session>;
export type Invitation = z.infer<typeof vault.invitation>;
export type GenesisDraft = z.infer<typeof vault.genesisDraft>;
export type StatusView = z.infer<typeof statusView>;
export type ProposalView = z.infer<typeof proposal.proposalView>;
export type EntriesPage = z.infer<typeof log.entries>;
export type Handover = z.infer<typeof weights.handover>;
export type StopAnswer = z.infer<typeof stopAnswer>;
export type UploadStatus = z.infer<typeof weights.uploadStatus>;

/** Whose request it is. */
interface Bearer {
  current(): Promise<string>;
  /** Another than `stale`; null where there is none to be had. */
  readonly renew: ((stale: string) => Promise<string>) | null;
}

export interface ApiOptions {
  /** `https://host:port`, without a path. */
  readonly baseUrl: string;
  readonly fetch?: Fetch;
  /** Ends every call that is under way with `cancelled`. */
  readonly signal?: AbortSignal | null;
}

/**
 * The vault's API, a method a route. Every answer is bounded and parsed; nothing in it is trusted for that.
 *
 * Methods throw the vault's own code, `unavailable`, `usage` and `cancelled` as `exchange`, and `internal`
 * for an answer that is not as the API says. Only reads, and writes that say so, may be repeated blindly.
 */
export class Api {
  readonly #options: Required<ApiOptions>;
  readonly #bearer: Bearer | null;

  constructor(options: ApiOptions, bearer: Bearer | null = null) {
    this.#options = { fetch: platformFetch, signal: null, ...options, baseUrl: options.baseUrl.replace(/\/+$/, '') };
    this.#bearer = bearer;
  }

  /** The same vault with this bearer token: an invitation, a session's token or a host's. `over` ends what is under way too. */
  withBearer(token: string, over: AbortSignal | null = null): Api {
    const signals = [this.#options.signal, over].filter((signal) => signal !== null);
    const signal = signals.length === 0 ? null : AbortSignal.any(signals);
    return new Api({ ...this.#options, signal }, { current: async () => token, renew: null });
  }

  /** The same vault in sessions: `login` opens the first, and another whenever the vault has forgotten it. */
  withLogin(login: (api: Api) => Promise<Session>): Api {
    const anonymous = new Api(this.#options);
    let session: { readonly opening: Promise<string>; token: string | null } | null = null;
    const open = () => {
      const opened = { opening: login(anonymous).then(({ token }) => token), token: null as string | null };
      session = opened;
      opened.opening.then(
        (token) => {
          opened.token = token;
        },
        () => {
          if (session === opened) session = null;
        },
      );
      return opened.opening;
    };
    return new Api(this.#options, {
      current: () => session?.opening ?? open(),
      // Of many that were refused with the same token, one logs in and the others wait for it.
      renew: (stale) => (session === null || session.token === stale ? open() : session.opening),
    });
  }

  // Public

  vault(): Promise<VaultStatus> {
    return this.#get('/v1/vault', vault.vaultStatus);
  }
  challenge() {
    return this.#post('/v1/challenges', {}, vault.challenge);
  }
  openSession(body: z.infer<typeof vault.sessionRequest>): Promise<Session> {
    return this.#post('/v1/sessions', body, vault.session);
  }
  async closeSession(): Promise<void> {
    const answer = await this.#ask({ method: 'DELETE', path: '/v1/sessions' });
    await answer.bytes(MAX_ANSWER_BYTES);
  }

  /** Sends a stop as it was signed; the caller need not be its signer. May be repeated. */
  stop(signed: SignedStop): Promise<StopAnswer> {
    return this.#post('/v1/stops', { v: 1, kind: 'twinlock-stop', ...signed }, stopAnswer);
  }

  // With an invitation

  invitation(): Promise<Invitation> {
    return this.#get('/v1/invitation', vault.invitation);
  }
  enrol(body: z.infer<typeof vault.enrolmentRequest>) {
    return this.#post('/v1/enrolments', body, vault.enrolmentResponse);
  }
  genesis(): Promise<GenesisDraft> {
    return this.#get('/v1/genesis', vault.genesisDraft, { maxBytes: MAX_LOG_BYTES });
  }
  signGenesis(body: z.infer<typeof vault.genesisSignature>) {
    return this.#post('/v1/genesis/signatures', body, vault.genesisSigned);
  }

  // With a session

  status(): Promise<StatusView> {
    return this.#get('/v1/status', statusView);
  }
  checkpoint() {
    return this.#get('/v1/log/checkpoint', log.checkpoint);
  }
  entries(from: number, limit: number): Promise<EntriesPage> {
    return this.#get(`/v1/log/entries?from=${from}&limit=${limit}`, log.entries, { maxBytes: MAX_LOG_BYTES });
  }
  proposals(phase: 'open' | 'all') {
    return this.#get(`/v1/proposals?phase=${phase}`, proposal.proposalList, { maxBytes: MAX_LOG_BYTES });
  }
  proposal(digest: Hex): Promise<ProposalView> {
    return this.#get(`/v1/proposals/${digest}`, proposal.proposalView);
  }
  /** Answers as soon as the phase is another than `phase`, or after `waitSeconds` (at most 60). */
  awaitProposal(digest: Hex, phase: ProposalView['phase'], waitSeconds: number): Promise<ProposalView> {
    const path = `/v1/proposals/${digest}?wait=${waitSeconds}&phase=${phase}`;
    return this.#get(path, proposal.proposalView, { timeoutMs: TIMEOUT_MS + 1000 * waitSeconds });
  }
  ownEnvelopes(manifest: Hex) {
    return this.#get(`/v1/versions/${manifest}/envelopes`, log.ownEnvelopes);
  }
  propose(body: z.infer<typeof proposal.proposeRequest>) {
    return this.#post('/v1/proposals', body, proposal.proposed);
  }
  decide(digest: Hex, body: z.infer<typeof proposal.decideRequest>) {
    return this.#post(`/v1/proposals/${digest}/approvals`, body, proposal.decided);
  }
  confirmCustody(body: z.infer<typeof proposal.custodyRequest>) {
    return this.#post('/v1/custody', body, fields.recorded);
  }
  openRequest(body: z.infer<typeof proposal.openRequest>) {
    return this.#post('/v1/requests', body, proposal.openedRequest);
  }
  appraise(request: Hex, body: z.infer<typeof proposal.appraiseRequest>) {
    return this.#post(`/v1/requests/${request}/appraisals`, body, proposal.appraised);
  }
  handover(release: Hex, host: number): Promise<Handover> {
    return this.#get(`/v1/releases/${release}/hosts/${host}`, weights.handover, { maxBytes: MAX_LOG_BYTES });
  }
  sendReceipt(release: Hex, body: z.infer<typeof weights.receiptRequest>) {
    return this.#post(`/v1/releases/${release}/receipts`, body, weights.receipted);
  }
  openUpload(body: z.infer<typeof weights.openUpload>): Promise<UploadStatus> {
    return this.#post('/v1/uploads', body, weights.uploadStatus);
  }
  upload(upload: Hex): Promise<UploadStatus> {
    return this.#get(`/v1/uploads/${upload}`, weights.uploadStatus);
  }
  uploads() {
    return this.#get('/v1/uploads', weights.uploadList);
  }
  /** Gives an upload up: nothing of it is left at the vault. */
  async abandonUpload(upload: Hex): Promise<void> {
    const answer = await this.#ask({ method: 'DELETE', path: `/v1/uploads/${upload}` });
    await answer.bytes(MAX_ANSWER_BYTES);
  }
  /** What is stored, for another process than the one before, of which nothing counts that is still under way. */
  takeUploadOver(upload: Hex): Promise<UploadStatus> {
    return this.#post(`/v1/uploads/${upload}/turns`, {}, weights.uploadStatus);
  }
  /** Nothing of the file is stored from now on, and it is another turn. */
  restartFile(upload: Hex, file: number, body: z.infer<typeof weights.restartFile>): Promise<UploadStatus> {
    return this.#post(`/v1/uploads/${upload}/files/${file}`, body, weights.uploadStatus);
  }
  /**
   * Whole encrypted segments of `file` from number `segment` on, in the turn that `uploadStatus` said; after that of a
   * small file, those of the small files after it. Returns how many of `file` the vault has stored on disk.
   */
  async putPart(
    upload: Hex,
    file: number,
    segment: number,
    segments: readonly Uint8Array[],
    turn = 0,
  ): Promise<number> {
    const path = `/v1/uploads/${upload}/files/${file}?segment=${segment}&turn=${turn}`;
    const answer = await this.#ask({ method: 'PUT', path, body: segments, timeoutMs: PART_TIMEOUT_MS });
    return (await parsed(answer, weights.partStored, MAX_ANSWER_BYTES)).segments;
  }
  deposit(body: z.infer<typeof weights.depositRequest>) {
    return this.#post('/v1/deposits', body, weights.deposited);
  }

  // With a host's token

  /**
   * Bytes `start` to `end` (exclusive) of a file's ciphertext, header included, or of the pack, in pieces of any length.
   */
  async weights(manifest: Hex, file: number | 'pack', start: number, end: number): Promise<AsyncIterable<Uint8Array>> {
    const headers = { range: `bytes=${start}-${end - 1}` };
    const answer = await this.#ask({ method: 'GET', path: `/v1/weights/${manifest}/${file}`, headers });
    if (answer.status === 206) return exactly(answer.pieces(), end - start);
    for await (const _ of answer.pieces()) break;
    throw new TwinlockError('internal', `expected a part of the file (status 206), got status ${answer.status}`);
  }
  /** The leaf hashes of a file's ciphertext, 32 bytes a segment. */
  async leaves(manifest: Hex, file: number): Promise<Uint8Array> {
    const answer = await this.#ask({ method: 'GET', path: `/v1/weights/${manifest}/${file}/leaves` });
    return answer.bytes(MAX_LEAVES_BYTES);
  }

  async #get<T extends z.ZodType>(
    path: string,
    schema: T,
    { maxBytes = MAX_ANSWER_BYTES, timeoutMs = TIMEOUT_MS } = {},
  ): Promise<z.infer<T>> {
    return parsed(await this.#ask({ method: 'GET', path, timeoutMs }), schema, maxBytes);
  }

  async #post<T extends z.ZodType>(path: string, body: unknown, schema: T): Promise<z.infer<T>> {
    return parsed(await this.#ask({ method: 'POST', path, body: JSON.stringify(body) }), schema, MAX_ANSWER_BYTES);
  }

  /** A session that the vault has forgotten (it lives in its memory) is opened anew, once. */
  async #ask(
    question: Pick<Question, 'method' | 'path' | 'headers' | 'body'> & { timeoutMs?: number },
  ): Promise<Answer> {
    const { fetch, baseUrl, signal } = this.#options;
    const ask = (bearer: string | null) =>
      exchange(fetch, baseUrl, { timeoutMs: TIMEOUT_MS, ...question, bearer, signal });
    if (this.#bearer === null) return ask(null);
    const bearer = await this.#bearer.current();
    try {
      return await ask(bearer);
    } catch (error) {
      const isForgotten = error instanceof TwinlockError && error.code === 'unauthenticated';
      if (!isForgotten || this.#bearer.renew === null) throw error;
      return ask(await this.#bearer.renew(bearer));
    }
  }
}

async function parsed<T extends z.ZodType>(answer: Answer, schema: T, maxBytes: number): Promise<z.infer<T>> {
  const result = schema.safeParse(jsonOrNull(fromUtf8(await answer.bytes(maxBytes))));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  // Its path may name members of the vault's choice.
  const where = (issue?.path.join('.') ?? '').slice(0, MAX_PATH_LENGTH).toWellFormed();
  throw new NoVaultAnswer('internal', `the vault’s answer is not as the API says: ${where} ${issue?.message}`.trim());
}

/** A connection that ends early is no end of the range: `unavailable`, so that it is asked for again. */
async function* exactly(pieces: AsyncIterable<Uint8Array>, length: number): AsyncGenerator<Uint8Array> {
  let rest = length;
  for await (const piece of pieces) {
    rest -= piece.length;
    must(rest >= 0, 'internal', `expected ${length} bytes, got more`);
    yield piece;
  }
  must(rest === 0, 'unavailable', `the connection ended ${counted(rest, 'byte')} early`);
}
