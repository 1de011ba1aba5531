import { equal } from '../bytes.ts';
import { must, TwinlockError } from '../errors.ts';
import { unlessRefusedLater } from '../refusal.ts';
import type { Verify } from '../signature/claim.ts';
import { type Certificate, issuedBy } from './certificate.ts';
import { allowsUsage, basicConstraints, unknownCriticalExtensions } from './extensions.ts';
import { subjectText } from './name.ts';
import { instantText } from './time.ts';

/** The longest chain of a vendor, NVIDIA's, has five. */
const PATH_CERTIFICATES_MAX = 6;

export interface PathToVerify {
  /** Leaf first, each issued by the next, up to the anchor or to what it issued; what follows an anchor says nothing. */
  readonly chain: readonly Certificate[];
  /** Pinned roots, or authorities below them: trusted as they are, so their own signatures are not looked at. */
  readonly anchors: readonly Certificate[];
  readonly instantMs: number;
  readonly verify: Verify;
  /** Object identifiers of critical extensions of the leaf that the caller checks itself. */
  readonly understood?: readonly string[];
}

/**
 * Verifies that an attacker-controlled chain ends at an anchor (RFC 5280 section 6.1), offline. Returns the
 * path, leaf … anchor, where the anchor is the caller's own and not the chain's copy of it. A path ends at the first
 * anchor above the leaf: where an intermediate is pinned, the root that a chain goes on to is not looked at.
 *
 * Every issuer, the anchor too, is an authority by basicConstraints within its path length and may sign
 * certificates where it has a key usage; the leaf is no authority; names chain byte by byte; every certificate
 * is valid at `instantMs`, bounds included, and has no critical extension that is not understood; at most six
 * certificates. What the leaf itself may be used for is for the caller: `allowsUsage`. Revocation too: crl.ts.
 *
 * All of that is checked before the first signature, and the signatures in order from the leaf, so that the
 * same input always throws the same code: `certificate_untrusted`, `certificate_usage`,
 * `certificate_not_yet_valid`, `certificate_expired`, `malformed` (an extension), `unsupported_algorithm`, then
 * as `verify`: `signature_invalid`. Where several anchors have the name of the issuer, one must do, and the
 * failure of the first is thrown.
 */
export async function verifyPath(input: PathToVerify): Promise<readonly Certificate[]> {
  let failure: TwinlockError | null = null;
  for (const path of candidatePaths(input.chain, input.anchors)) {
    const refusal = await unlessRefusedLater(
      TwinlockError,
      () => verifyCandidate(path, input),
      (error) => error,
    );
    if (refusal === undefined) return path;
    failure ??= refusal;
  }
  const last = input.chain.at(-1);
  const end = last === undefined ? 'is empty' : `ends at ${subjectText(last)}, which no anchor issued`;
  throw failure ?? new TwinlockError('certificate_untrusted', `the chain ${end}`);
}

/** The chain up to each anchor at which it could end: those that it reaches first, or that issued its last one. */
function candidatePaths(chain: readonly Certificate[], anchors: readonly Certificate[]): Certificate[][] {
  for (const [depth, certificate] of chain.entries()) {
    const reached = depth === 0 ? [] : anchors.filter((anchor) => isSame(anchor, certificate));
    if (reached.length > 0) return reached.map((anchor) => [...chain.slice(0, depth), anchor]);
  }
  const last = chain.at(-1);
  if (last === undefined) return [];
  return anchors.filter(({ subject }) => equal(subject, last.issuer)).map((anchor) => [...chain, anchor]);
}

/** The same authority: a root that was issued again is the same by name and key. */
function isSame(a: Certificate, b: Certificate): boolean {
  return equal(a.subject, b.subject) && a.key.family === b.key.family && equal(a.key.publicKey, b.key.publicKey);
}

async function verifyCandidate(path: readonly Certificate[], input: PathToVerify): Promise<void> {
  const { instantMs, verify, understood = [] } = input;
  const { length } = path;
  const message = `expected a path of at most ${PATH_CERTIFICATES_MAX} certificates, got ${length}`;
  must(length <= PATH_CERTIFICATES_MAX, 'certificate_untrusted', message);
  const links = path.flatMap((certificate, depth) => {
    const issuer = path[depth + 1];
    return issuer === undefined ? [] : [{ certificate, issuer, depth }];
  });
  for (const { certificate, issuer } of links) requireNamed(issuer, certificate);
  for (const [depth, certificate] of path.entries()) requireUnderstood(certificate, depth === 0 ? understood : []);
  for (const certificate of path.slice(0, 1)) requireNoAuthority(certificate);
  for (const { issuer, depth } of links) requireAuthority(issuer, depth);
  for (const certificate of path) requireValidAt(certificate, instantMs);
  const claims = links.map(({ certificate, issuer }) => issuedBy(certificate, issuer.key, subjectText(certificate)));
  for (const claim of claims) await verify(claim);
}

function requireNamed(issuer: Certificate, certificate: Certificate): void {
  const chained = equal(issuer.subject, certificate.issuer);
  const message = `${subjectText(certificate)} does not name ${subjectText(issuer)} as its issuer`;
  must(chained, 'certificate_untrusted', message);
}

function requireUnderstood(certificate: Certificate, understood: readonly string[]): void {
  const [unknown] = unknownCriticalExtensions(certificate, understood);
  const message = `${subjectText(certificate)} has the critical extension ${unknown}, which is not understood`;
  must(unknown === undefined, 'certificate_usage', message);
}

function requireNoAuthority(leaf: Certificate): void {
  const isAuthority = basicConstraints(leaf)?.ca === true;
  must(!isAuthority, 'certificate_usage', `${subjectText(leaf)} is an authority, expected one that is not`);
}

/** `depth` is how many certificates lie between the issuer and the leaf (RFC 5280 section 6.1.4). */
function requireAuthority(issuer: Certificate, depth: number): void {
  const constraints = basicConstraints(issuer);
  must(constraints?.ca === true, 'certificate_usage', `${subjectText(issuer)} issues and is not an authority`);
  const maySign = allowsUsage(issuer, 'keyCertSign');
  must(maySign, 'certificate_usage', `${subjectText(issuer)} issues and may not sign certificates`);
  const { pathLength } = constraints;
  const message = `${subjectText(issuer)} allows ${pathLength} authorities below itself, got ${depth}`;
  must(pathLength === null || depth <= pathLength, 'certificate_usage', message);
}

function requireValidAt(certificate: Certificate, instantMs: number): void {
  const { notBeforeMs, notAfterMs } = certificate;
  const since = `${subjectText(certificate)} is valid from ${instantText(notBeforeMs)}, not yet`;
  must(instantMs >= notBeforeMs, 'certificate_not_yet_valid', `${since} at ${instantText(instantMs)}`);
  const until = `${subjectText(certificate)} expired at ${instantText(notAfterMs)}`;
  must(instantMs <= notAfterMs, 'certificate_expired', `${until}, before ${instantText(instantMs)}`);
}
