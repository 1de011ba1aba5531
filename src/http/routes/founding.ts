import type { Context } from '../../vault/context.ts';
import { enrol, genesisDraft, signGenesis } from '../../vault/founding.ts';
import { ROUTES } from '../../wire/routes.ts';
import type { Serve } from '../adapter.ts';

/** Before there is a log: the bearer token is an invitation. */
export function foundingRoutes(serve: Serve, context: Context): void {
  serve(ROUTES.invitation, ({ caller: { founding, founder } }) => {
    const { rpId, grade, expires } = founding;
    return { person: founder.person, name: founder.name, digest: founder.invitation, expires, rpId, grade };
  });
  serve(ROUTES.enrol, async ({ token, body: { document } }) => ({
    digest: await enrol(context, token, document),
  }));
  serve(ROUTES.genesis, ({ token }) => genesisDraft(context, token));
  serve(ROUTES.signGenesis, ({ token, body }) => signGenesis(context, token, body));
}
