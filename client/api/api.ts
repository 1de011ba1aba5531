import { fromUtf8, type Hex } from '../../src/core/bytes.ts';
import { counted } from '../../src/core/counted.ts';
import { must, TwinlockError } from '../../src/core/errors.ts';
import type { SignedStop } from '../../src/core/log/signed-stop.ts';
import {
  type AnswerOf,
  encoded,
  maxAnswerBytes,
  type ParamsOf,
  type QueryOf,
  type RequestBodyOf,
  type Route,
  requestTargetOf,
} from '../../src/wire/route.ts';
import { ROUTES } from '../../src/wire/routes.ts';
import { type ApiAnswer, exchange, type Fetch, jsonOrNull, NoVaultAnswer, platformFetch } from './transport.ts';

/** The longest path to a wrong member that an error shows, for an answer that is not as the API says. */
const MAX_PATH_LENGTH = 200;
const TIMEOUT_MS = 30_000;
/** The vault fsyncs a part before it answers. */
const PART_TIMEOUT_MS = 120_000;

type Routes = typeof ROUTES;
export type VaultStatus = AnswerOf<Routes['vault']>;
export type Session = AnswerOf<Routes['openSession']>;
export type InvitationStatus = AnswerOf<Routes['invitation']>;
export type GenesisDraft = AnswerOf<Routes['genesis']>;
export type StatusView = AnswerOf<Routes['status']>;
export type ProposalView = AnswerOf<Routes['proposal']>;
export type EntriesPage = AnswerOf<Routes['entries']>;
export type Handover = AnswerOf<Routes['handover']>;
export type StopAnswer = AnswerOf<Routes['stop']>;
export type UploadStatus = AnswerOf<Routes['upload']>;

/** What a route asks for: all of it, but for what the vault completes in a query. */
type AskedOf<R extends Route> = (R extends { readonly params: object } ? { readonly params: ParamsOf<R> } : unknown) &
  (R extends { readonly query: object } ? { readonly query?: Partial<QueryOf<R>> } : unknown) &
  (R extends { readonly body: object } ? { readonly body: RequestBodyOf<R> } : unknown);

/** The same without its types. */
interface AnyAsked {
  readonly params?: object;
  readonly query?: { readonly wait?: number; readonly [name: string]: unknown };
  readonly body?: unknown;
}

/** The bearer token of a request, and how to renew it. */
interface Bearer {
  current(): Promise<string>;
  /** Returns a token other than `stale`; null where tokens cannot be renewed. */
  readonly renew: ((stale: string) => Promise<string>) | null;
}

/** The vault's address and the means to reach it. */
export interface ApiOptions {
  /** `https://host:port`, without a path. */
  readonly baseUrl: string;
  readonly fetch?: Fetch;
  /** Ends every call that is under way with `cancelled`. */
  readonly signal?: AbortSignal | null;
}

/**
 * The vault's API, one method per route. Every answer is bounded and parsed, but still attacker-controlled.
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

  /**
   * The same vault with this bearer token: an invitation, a session's token or a host's. `over` ends what is under way
   * too.
   */
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
      // If several requests were refused with the same token, one logs in and the others wait for it.
      renew: (stale) => (session === null || session.token === stale ? open() : session.opening),
    });
  }

  // Public

  vault(): Promise<VaultStatus> {
    return this.#json(ROUTES.vault, {});
  }
  challenge() {
    return this.#json(ROUTES.challenge, { body: {} });
  }
  openSession(body: RequestBodyOf<Routes['openSession']>): Promise<Session> {
    return this.#json(ROUTES.openSession, { body });
  }
  closeSession(): Promise<void> {
    return this.#nothing(ROUTES.closeSession, {});
  }

  /** Sends a stop as it was signed; the caller need not be its signer. May be repeated. */
  stop({ statement, signature }: SignedStop): Promise<StopAnswer> {
    return this.#json(ROUTES.stop, { body: { v: 1, kind: 'twinlock-stop', statement: { ...statement }, signature } });
  }

  // With an invitation

  invitation(): Promise<InvitationStatus> {
    return this.#json(ROUTES.invitation, {});
  }
  enrol(body: RequestBodyOf<Routes['enrol']>) {
    return this.#json(ROUTES.enrol, { body });
  }
  genesis(): Promise<GenesisDraft> {
    return this.#json(ROUTES.genesis, {});
  }
  signGenesis(body: RequestBodyOf<Routes['signGenesis']>) {
    return this.#json(ROUTES.signGenesis, { body });
  }

  // With a session

  status(): Promise<StatusView> {
    return this.#json(ROUTES.status, {});
  }
  checkpoint() {
    return this.#json(ROUTES.checkpoint, {});
  }
  entries(from: number, limit: number): Promise<EntriesPage> {
    return this.#json(ROUTES.entries, { query: { from, limit } });
  }
  proposals(phase: 'open' | 'all') {
    return this.#json(ROUTES.proposals, { query: { phase } });
  }
  proposal(digest: Hex): Promise<ProposalView> {
    return this.#json(ROUTES.proposal, { params: { digest } });
  }
  /** Answers as soon as the phase is another than `phase`, or after `waitSeconds` (at most 60). */
  awaitProposal(digest: Hex, phase: ProposalView['phase'], waitSeconds: number): Promise<ProposalView> {
    return this.#json(ROUTES.proposal, { params: { digest }, query: { wait: waitSeconds, phase } });
  }
  ownEnvelopes(manifestDigest: Hex) {
    return this.#json(ROUTES.ownEnvelopes, { params: { manifest: manifestDigest } });
  }
  propose(body: RequestBodyOf<Routes['propose']>) {
    return this.#json(ROUTES.propose, { body });
  }
  decide(digest: Hex, body: RequestBodyOf<Routes['decide']>) {
    return this.#json(ROUTES.decide, { params: { digest }, body });
  }
  confirmCustody(body: RequestBodyOf<Routes['confirmCustody']>) {
    return this.#json(ROUTES.confirmCustody, { body });
  }
  openRequest(body: RequestBodyOf<Routes['openRequest']>) {
    return this.#json(ROUTES.openRequest, { body });
  }
  appraise(request: Hex, body: RequestBodyOf<Routes['appraise']>) {
    return this.#json(ROUTES.appraise, { params: { digest: request }, body });
  }
  handover(releaseDigest: Hex, hostIndex: number): Promise<Handover> {
    return this.#json(ROUTES.handover, { params: { release: releaseDigest, host: hostIndex } });
  }
  sendReceipt(releaseDigest: Hex, body: RequestBodyOf<Routes['sendReceipt']>) {
    return this.#json(ROUTES.sendReceipt, { params: { release: releaseDigest }, body });
  }
  openUpload(body: RequestBodyOf<Routes['openUpload']>): Promise<UploadStatus> {
    return this.#json(ROUTES.openUpload, { body });
  }
  upload(upload: Hex): Promise<UploadStatus> {
    return this.#json(ROUTES.upload, { params: { upload } });
  }
  uploads() {
    return this.#json(ROUTES.uploads, {});
  }
  /** Gives up an upload: the vault deletes all of it. */
  abandonUpload(upload: Hex): Promise<void> {
    return this.#nothing(ROUTES.abandonUpload, { params: { upload } });
  }
  /**
   * Takes the upload over for this process, and returns what is stored. Nothing that the earlier process still sends
   * counts.
   */
  takeUploadOver(upload: Hex): Promise<UploadStatus> {
    return this.#json(ROUTES.takeUploadOver, { params: { upload }, body: {} });
  }
  /** Nothing of the file is stored from now on, and it is another turn. */
  restartFile(upload: Hex, file: number, body: RequestBodyOf<Routes['restartFile']>): Promise<UploadStatus> {
    return this.#json(ROUTES.restartFile, { params: { upload, file }, body });
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
    const answer = await this.#ask(
      ROUTES.putPart,
      { params: { upload, file }, query: { segment, turn } },
      { body: segments },
    );
    return (await parsed(answer, ROUTES.putPart)).segments;
  }
  deposit(body: RequestBodyOf<Routes['deposit']>) {
    return this.#json(ROUTES.deposit, { body });
  }

  // With a host's token

  /**
   * Bytes `start` to `end` (exclusive) of a file's ciphertext, header included, or of the pack, in pieces of any length.
   */
  async weights(
    manifestDigest: Hex,
    file: number | 'pack',
    start: number,
    end: number,
  ): Promise<AsyncIterable<Uint8Array>> {
    const more = { headers: { range: `bytes=${start}-${end - 1}` } };
    const answer =
      file === 'pack'
        ? await this.#ask(ROUTES.pack, { params: { manifest: manifestDigest } }, more)
        : await this.#ask(ROUTES.weights, { params: { manifest: manifestDigest, file } }, more);
    if (answer.status === 206) return exactly(answer.pieces(), end - start);
    for await (const _ of answer.pieces()) break;
    throw new TwinlockError('internal', `expected a part of the file (status 206), got status ${answer.status}`);
  }
  /** The leaf hashes of a file's ciphertext, 32 bytes a segment. */
  async leaves(manifestDigest: Hex, file: number): Promise<Uint8Array> {
    const answer = await this.#ask(ROUTES.leaves, { params: { manifest: manifestDigest, file } });
    return answer.bytes(maxAnswerBytes(ROUTES.leaves));
  }

  async #json<const R extends Route>(route: R, asked: AskedOf<R>): Promise<AnswerOf<R>> {
    return parsed(await this.#ask(route, asked as AnyAsked), route);
  }

  async #nothing<const R extends Route>(route: R, asked: AskedOf<R>): Promise<void> {
    const answer = await this.#ask(route, asked as AnyAsked);
    await answer.bytes(maxAnswerBytes(route));
  }

  /** A session that the vault has forgotten (it lives in its memory) is opened anew, once. */
  async #ask(
    route: Route,
    asked: AnyAsked,
    more: { readonly headers?: Readonly<Record<string, string>>; readonly body?: readonly Uint8Array[] } = {},
  ): Promise<ApiAnswer> {
    const { fetch, baseUrl, signal } = this.#options;
    const { method, body: schema } = route;
    const body = typeof schema === 'object' ? { body: JSON.stringify(encoded(schema, asked.body, 'json')) } : {};
    const timeoutMs = schema === 'octets' ? PART_TIMEOUT_MS : TIMEOUT_MS + 1000 * (asked.query?.wait ?? 0);
    const question = { method, path: requestTargetOf(route, asked), timeoutMs, ...body, ...more };
    const ask = (bearer: string | null) => exchange(fetch, baseUrl, { ...question, bearer, signal });
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

/** Throws `internal` for an answer that is not as the route says. */
async function parsed<R extends Route>(answer: ApiAnswer, route: R): Promise<AnswerOf<R>> {
  const bytes = await answer.bytes(maxAnswerBytes(route));
  must(typeof route.answer === 'object', 'internal', `${route.path}: expected a route that answers in JSON`);
  const result = route.answer.safeParse(jsonOrNull(fromUtf8(bytes)));
  if (result.success) return result.data as AnswerOf<R>;
  const [issue] = result.error.issues;
  // Its path may name members of the vault's choice.
  const where = (issue?.path.join('..') ?? '').slice(0, MAX_PATH_LENGTH).toWellFormed();
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
