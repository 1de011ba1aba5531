import { createRoute } from '@hono/zod-openapi';
import type { Context as Hono } from 'hono';
import { networkOf } from '../../sockets/connections.ts';
import type { Context } from '../../vault/context.ts';
import { signIn } from '../../vault/sign-in.ts';
import { viewStatus } from '../../vault/views.ts';
import { statusView } from '../../wire/status.ts';
import { challenge, challengeRequest, session, sessionRequest, vaultStatus } from '../../wire/vault.ts';
import { type App, answers, bearerOf, body, type Env, REFUSED } from '../env.ts';
import { byAnybody, bySession, callerOf } from '../gate.ts';
import { vaultView } from '../vault-view.ts';

const getVault = createRoute({
  ...byAnybody(),
  method: 'get',
  path: '/v1/vault',
  responses: answers(vaultStatus, 'what anybody may know'),
});
const postChallenge = createRoute({
  ...byAnybody(),
  method: 'post',
  path: '/v1/challenges',
  request: { body: { content: { 'application/json': { schema: challengeRequest } } } },
  responses: answers(challenge, 'a challenge, good once'),
});
const postSession = createRoute({
  ...byAnybody(),
  method: 'post',
  path: '/v1/sessions',
  request: body(sessionRequest),
  responses: answers(session, 'a session'),
});
const deleteSession = createRoute({
  ...bySession(),
  method: 'delete',
  path: '/v1/sessions',
  responses: { 204: { description: 'the session has ended' }, default: REFUSED },
});
const getStatus = createRoute({
  ...bySession(),
  method: 'get',
  path: '/v1/status',
  responses: answers(statusView, 'the vault at a glance'),
});

export function sessionRoutes(app: App, context: Context): void {
  app.openapi(getVault, async (c) => c.json(await vaultView(context), 200));
  app.openapi(postChallenge, (c) => c.json(context.challenges.issue(), 200));
  app.openapi(postSession, async (c) => {
    const { token, expires, caller } = await signIn(context, c.req.valid('json'), addressOf(c));
    return c.json({ token, expires, person: caller.person, name: caller.name, role: caller.role }, 200);
  });
  app.openapi(deleteSession, (c) => {
    context.sessions.close(bearerOf(c) ?? '');
    return c.body(null, 204);
  });
  app.openapi(getStatus, (c) => {
    const { facts, size } = context.recorder;
    const { watch } = context;
    const clocks = { overMs: watch.overMs(facts.attestedMs), clock: watch.standing(facts) };
    return c.json(viewStatus(facts, callerOf(c), size, clocks), 200);
  });
}

function addressOf({ env }: Hono<Env>): string {
  return networkOf(env.incoming.socket.remoteAddress ?? '');
}
