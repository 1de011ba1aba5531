import { fromBase64url, fromUtf8, type Hex, toBase64url } from '../../core/bytes.ts';
import type { Context } from '../../vault/context.ts';
import { confirmCustody, decide } from '../../vault/decide.ts';
import { propose } from '../../vault/propose.ts';
import type { Recorded } from '../../vault/recorder.ts';
import { appraiseForRequest, openRequest } from '../../vault/request.ts';
import type { Caller } from '../../vault/sessions.ts';
import { proposalFor, viewProposal, viewProposals, viewStops } from '../../vault/views.ts';
import { waitForPhase } from '../../vault/wait.ts';
import { ROUTES } from '../../wire/routes.ts';
import type { Serve } from '../adapter.ts';

export function proposalRoutes(serve: Serve, context: Context): void {
  const view = (caller: Caller, name: Hex) => {
    const { facts } = context.recorder;
    return viewProposal(facts, proposalFor(facts, caller, name), context.watch.overMs(facts.attestedMs));
  };
  serve(ROUTES.openRequest, ({ caller, body }) => {
    const opened = openRequest(context, caller, body);
    return { ...opened, checkpoint: fromUtf8(opened.checkpoint) };
  });
  serve(ROUTES.appraise, async ({ caller, params, body }) => {
    const [shown, brought] = [
      fromBase64url(body.evidence),
      body.endorsements === null ? null : fromBase64url(body.endorsements),
    ];
    const { appraisal, endorsements } = await appraiseForRequest(context, caller, params.digest, shown, brought);
    return { appraisal: toBase64url(appraisal), endorsements: toBase64url(endorsements) };
  });
  serve(ROUTES.proposals, ({ caller, query: { phase } }) => {
    const { facts } = context.recorder;
    const proposals = viewProposals(facts, caller, phase, context.watch.overMs(facts.attestedMs));
    return { proposals, stopped: viewStops(facts.stopped) };
  });
  serve(ROUTES.proposal, async ({ caller, params: { digest }, query: { wait, phase }, signal }) => {
    proposalFor(context.recorder.facts, caller, digest);
    if (wait > 0) await waitForPhase(context, digest, phase ?? 'open', wait * 1000, signal);
    return view(caller, digest);
  });
  serve(ROUTES.propose, async ({ caller, body }) => {
    const proposed = await propose(context, caller, body);
    return { ...recordedView(proposed), digest: proposed.digest };
  });
  serve(ROUTES.decide, async ({ caller, params: { digest }, body: { envelopes, custody, ...decision } }) => {
    const done = await decide(context, caller, digest, {
      ...decision,
      envelopes: envelopes.map(({ host, envelope, signature }) => ({
        host,
        envelope: fromBase64url(envelope),
        signature: fromBase64url(signature),
      })),
      custody: custody && { ...custody, signature: fromBase64url(custody.signature) },
    });
    return { ...recordedView(done), proposal: view(caller, digest) };
  });
  serve(ROUTES.confirmCustody, async ({ caller, body }) =>
    recordedView(await confirmCustody(context, caller, { ...body, signature: fromBase64url(body.signature) })),
  );
}

export function recordedView({ index, checkpoint }: Recorded) {
  return { index, checkpoint: fromUtf8(checkpoint) };
}
