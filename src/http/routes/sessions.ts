import type { Context } from '../../vault/context.ts';
import { viewFault } from '../../vault/log-fault.ts';
import { signIn } from '../../vault/sign-in.ts';
import { viewStatus } from '../../vault/views.ts';
import { ROUTES } from '../../wire/routes.ts';
import type { Serve } from '../adapter.ts';
import { vaultView } from '../vault-view.ts';

export function sessionRoutes(serve: Serve, context: Context): void {
  serve(ROUTES.vault, () => vaultView(context));
  serve(ROUTES.challenge, () => context.challenges.issue());
  serve(ROUTES.openSession, async ({ body, address }) => {
    const { caller, ...session } = await signIn(context, body, address);
    return { ...session, ...caller };
  });
  serve(ROUTES.closeSession, ({ token }) => context.sessions.close(token ?? ''));
  serve(ROUTES.status, ({ caller }) => {
    const { facts, size } = context.recorder;
    const { watch } = context;
    const found = {
      overMs: watch.overMs(facts.attestedMs),
      clock: watch.standing(facts),
      fault: viewFault(context.recorder),
    };
    return viewStatus(facts, caller, size, found);
  });
}
