import type { Hex } from '../../core/bytes.ts';
import type { Context } from '../../vault/context.ts';
import { confirmCustody, decide } from '../../vault/decide.ts';
import { propose } from '../../vault/propose.ts';
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
  serve(ROUTES.openRequest, ({ caller, body }) => openRequest(context, caller, body));
  serve(ROUTES.appraise, ({ caller, params: { digest }, body: { evidence, endorsements } }) =>
    appraiseForRequest(context, caller, digest, evidence, endorsements),
  );
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
  serve(ROUTES.propose, ({ caller, body }) => propose(context, caller, body));
  serve(ROUTES.decide, async ({ caller, params: { digest }, body }) => {
    const done = await decide(context, caller, digest, body);
    return { ...done, proposal: view(caller, digest) };
  });
  serve(ROUTES.confirmCustody, ({ caller, body }) => confirmCustody(context, caller, body));
}
