import { createRoute, z } from '@hono/zod-openapi';
import { fromBase64url, fromUtf8, type Hex, toBase64url } from '../../core/bytes.ts';
import type { Context } from '../../vault/context.ts';
import { confirmCustody, decide } from '../../vault/decide.ts';
import { APPRAISAL_BODY_BYTES, POLICY_BODY_BYTES, SMALL_BODY_BYTES } from '../../vault/limits.ts';
import { propose } from '../../vault/propose.ts';
import type { Recorded } from '../../vault/recorder.ts';
import { appraiseForRequest, openRequest } from '../../vault/request.ts';
import type { Caller } from '../../vault/sessions.ts';
import { asCustodian, asPrincipal } from '../../vault/sign-in.ts';
import { proposalFor, viewProposal, viewProposals, viewStops } from '../../vault/views.ts';
import { waitForPhase } from '../../vault/wait.ts';
import { digest, recorded } from '../../wire/fields.ts';
import * as wire from '../../wire/proposal.ts';
import { type App, answers, body } from '../env.ts';
import { bySession, callerOf } from '../gate.ts';

/** Of all that is proposed, policies alone bring something large; what a release rests on, the vault has. */
const proposalBytes = ({ role }: Caller) => (role === 'custodian' ? POLICY_BODY_BYTES : SMALL_BODY_BYTES);
const byDigest = z.object({ digest });
const postRequest = createRoute({
  ...bySession({ roles: ['requester'] }),
  method: 'post',
  path: '/v1/requests',
  request: body(wire.openRequest),
  responses: answers(wire.openedRequest, 'what the hosts’ nonces are made of'),
});
const postAppraisal = createRoute({
  ...bySession({ roles: ['requester'], work: 'large', maxBodyBytes: APPRAISAL_BODY_BYTES }),
  method: 'post',
  path: '/v1/requests/{digest}/appraisals',
  request: { params: byDigest, ...body(wire.appraiseRequest) },
  responses: answers(wire.appraised, 'an appraisal that passed, and the endorsements it rests on'),
});
const getProposals = createRoute({
  ...bySession({ work: 'large' }),
  method: 'get',
  path: '/v1/proposals',
  request: { query: wire.proposalsQuery },
  responses: answers(wire.proposalList, 'newest first, at most 500'),
});
const getProposal = createRoute({
  ...bySession({ work: 'wait' }),
  method: 'get',
  path: '/v1/proposals/{digest}',
  request: { params: byDigest, query: wire.waitQuery },
  responses: answers(wire.proposalView, 'as soon as its phase differs from the one named, or the wait is over'),
});
const postProposal = createRoute({
  ...bySession({ maxBodyBytes: proposalBytes }),
  method: 'post',
  path: '/v1/proposals',
  request: body(wire.proposeRequest),
  responses: answers(wire.proposed, 'it is before the custodians'),
});
const postApproval = createRoute({
  ...bySession({ roles: ['custodian'] }),
  method: 'post',
  path: '/v1/proposals/{digest}/approvals',
  request: { params: byDigest, ...body(wire.decideRequest) },
  responses: answers(wire.decided, 'the decision is recorded'),
});
const postCustody = createRoute({
  ...bySession({ roles: ['custodian'] }),
  method: 'post',
  path: '/v1/custody',
  request: body(wire.custodyRequest),
  responses: answers(recorded, 'the confirmation is recorded'),
});
export function proposalRoutes(app: App, context: Context): void {
  const view = (caller: Caller, name: Hex) => {
    const { facts } = context.recorder;
    return viewProposal(facts, proposalFor(facts, caller, name), context.watch.overMs(facts.attestedMs));
  };
  app.openapi(postRequest, (c) => {
    const caller = asPrincipal(callerOf(c), 'requester');
    const opened = openRequest(context, caller, c.req.valid('json'));
    return c.json({ ...opened, checkpoint: fromUtf8(opened.checkpoint) }, 200);
  });
  app.openapi(postAppraisal, async (c) => {
    const caller = asPrincipal(callerOf(c), 'requester');
    const { evidence, endorsements: offered } = c.req.valid('json');
    const [shown, brought] = [fromBase64url(evidence), offered === null ? null : fromBase64url(offered)];
    const work = () => appraiseForRequest(context, caller, c.req.valid('param').digest, shown, brought);
    const { appraisal, endorsements } = await context.refusals.watch('appraise', caller, work);
    return c.json({ appraisal: toBase64url(appraisal), endorsements: toBase64url(endorsements) }, 200);
  });
  app.openapi(getProposals, (c) => {
    const caller = callerOf(c);
    const { facts } = context.recorder;
    const proposals = viewProposals(facts, caller, c.req.valid('query').phase, context.watch.overMs(facts.attestedMs));
    return c.json({ proposals, stopped: viewStops(facts.stopped) }, 200);
  });
  app.openapi(getProposal, async (c) => {
    const caller = callerOf(c);
    const { digest: name } = c.req.valid('param');
    const { wait, phase } = c.req.valid('query');
    proposalFor(context.recorder.facts, caller, name);
    if (wait > 0) await waitForPhase(context, name, phase ?? 'open', wait * 1000, c.req.raw.signal);
    return c.json(view(caller, name), 200);
  });
  app.openapi(postProposal, async (c) => {
    const caller = callerOf(c);
    const proposing = c.req.valid('json');
    const work = () => propose(context, caller, proposing);
    const proposed = await context.refusals.watch('propose', caller, work);
    return c.json({ ...recordedView(proposed), digest: proposed.digest }, 200);
  });
  app.openapi(postApproval, async (c) => {
    const caller = asCustodian(callerOf(c));
    const { envelopes, custody, ...decision } = c.req.valid('json');
    const name = c.req.valid('param').digest;
    const work = () =>
      decide(context, caller, name, {
        ...decision,
        envelopes: envelopes.map(({ host, envelope, signature }) => ({
          host,
          envelope: fromBase64url(envelope),
          signature: fromBase64url(signature),
        })),
        custody: custody && { ...custody, signature: fromBase64url(custody.signature) },
      });
    const done = await context.refusals.watch('approve', caller, work);
    return c.json({ ...recordedView(done), proposal: view(caller, name) }, 200);
  });
  app.openapi(postCustody, async (c) => {
    const caller = asCustodian(callerOf(c));
    const custody = c.req.valid('json');
    const signature = fromBase64url(custody.signature);
    return c.json(recordedView(await confirmCustody(context, caller, { ...custody, signature })), 200);
  });
}

export function recordedView({ index, checkpoint }: Recorded) {
  return { index, checkpoint: fromUtf8(checkpoint) };
}
