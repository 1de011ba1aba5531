import { Hono, type MiddlewareHandler } from 'hono';
import type { Context } from '../vault/context.ts';
import { ROUTES } from '../wire/routes.ts';
import type { AccessLog } from './access-log.ts';
import { adapter } from './adapter.ts';
import { type App, COMMON_HEADERS, type Env } from './env.ts';
import { healthRoutes } from './health.ts';
import { openapiDocument } from './openapi.ts';
import { problemOf } from './problem.ts';
import { foundingRoutes } from './routes/founding.ts';
import { logRoutes } from './routes/log.ts';
import { proposalRoutes } from './routes/proposals.ts';
import { releaseRoutes } from './routes/releases.ts';
import { sessionRoutes } from './routes/sessions.ts';
import { stopRoutes } from './routes/stops.ts';
import { uploadRoutes } from './routes/uploads.ts';

/** The API, and nothing else: no code is served to browsers. */
export function createApp(context: Context, accessLog: AccessLog): App {
  const app = createStopApp(context, accessLog);
  const serve = adapter(app, context);
  for (const routes of [sessionRoutes, foundingRoutes, logRoutes, proposalRoutes, uploadRoutes, releaseRoutes]) {
    routes(serve, context);
  }
  // Made once: it takes a while, and every caller may ask for it.
  const documentText = JSON.stringify(openapiDocument(Object.values(ROUTES)));
  app.get('/openapi.json', (c) => c.body(documentText, 200, { 'Content-Type': 'application/json' }));
  return app;
}

/** Stops and nothing else, for an address of their own. */
export function createStopApp(context: Context, accessLog: AccessLog): App {
  const app = new Hono<Env>();
  const told = answered(accessLog);
  stopRoutes(app, context, told);
  app.use(told);
  answersProblems(app);
  healthRoutes(app, context);
  return app;
}

function answersProblems(app: App): void {
  app.onError((error, c) => {
    const { status, problem } = problemOf(error);
    // The caller learns little about the vault's disk. The operator's log says what the disk refused.
    const isForOperator = status === 500 || problem.code === 'storage_full' || problem.code === 'storage_failed';
    c.set('failure', isForOperator ? error : problem.code);
    const { retryAfterMs } = problem.detail;
    if (typeof retryAfterMs === 'number') c.header('Retry-After', String(Math.ceil(retryAfterMs / 1000)));
    if (problem.code === 'range_not_satisfiable') c.header('Content-Range', `bytes */${problem.detail['totalBytes']}`);
    return c.json(problem, status);
  });
  app.notFound((c) => c.json({ code: 'not_found', message: 'no such route: see /openapi.json', detail: {} }, 404));
}

function answered(accessLog: AccessLog): MiddlewareHandler<Env> {
  return async (c, next) => {
    const began = performance.now();
    await next();
    for (const [name, value] of Object.entries(COMMON_HEADERS)) c.header(name, value);
    const ms = Math.round(performance.now() - began);
    accessLog({ method: c.req.method, path: c.req.path, status: c.res.status, ms, error: c.get('failure') });
  };
}
