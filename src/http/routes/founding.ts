import { createRoute } from '@hono/zod-openapi';
import { fromBase64url, toBase64url } from '../../core/bytes.ts';
import type { Context } from '../../vault/context.ts';
import { enrol, genesisDraft, invited, signGenesis } from '../../vault/founding.ts';
import {
  enrolmentRequest,
  enrolmentResponse,
  genesisDraft as genesisDraftView,
  genesisSignature,
  genesisSigned,
  invitation,
} from '../../wire/vault.ts';
import { type App, answers, bearerOf, body } from '../env.ts';
import { byInvitation } from '../gate.ts';

const getInvitation = createRoute({
  ...byInvitation(),
  method: 'get',
  path: '/v1/invitation',
  responses: answers(invitation, 'whom the invitation is for'),
});
const postEnrolment = createRoute({
  ...byInvitation(),
  method: 'post',
  path: '/v1/enrolments',
  request: body(enrolmentRequest),
  responses: answers(enrolmentResponse, 'the enrolment document was taken'),
});
const getGenesis = createRoute({
  ...byInvitation(),
  method: 'get',
  path: '/v1/genesis',
  responses: answers(genesisDraftView, 'genesis as it would be signed now'),
});
const postSignature = createRoute({
  ...byInvitation(),
  method: 'post',
  path: '/v1/genesis/signatures',
  request: body(genesisSignature),
  responses: answers(genesisSigned, 'the signature was taken; the last one founds the vault'),
});

/** Before there is a log: the bearer token is an invitation. */
export function foundingRoutes(app: App, context: Context): void {
  app.openapi(getInvitation, async (c) => {
    const { founding, founder } = await invited(context, bearerOf(c));
    const { rpId, grade, expires } = founding;
    return c.json(
      { person: founder.person, name: founder.name, digest: founder.invitation, expires, rpId, grade },
      200,
    );
  });
  app.openapi(postEnrolment, async (c) => {
    const document = fromBase64url(c.req.valid('json').document);
    return c.json({ digest: await enrol(context, bearerOf(c), document) }, 200);
  });
  app.openapi(getGenesis, async (c) => {
    const { objects, statement, founders, ...draft } = await genesisDraft(context, bearerOf(c));
    const texts = [...objects].map(([digest, bytes]) => [digest, toBase64url(bytes)] as const);
    return c.json(
      {
        ...draft,
        founders: [...founders],
        statement: statement && { ...statement },
        objects: Object.fromEntries(texts),
      },
      200,
    );
  });
  app.openapi(postSignature, async (c) => {
    const { founded, missing } = await signGenesis(context, bearerOf(c), c.req.valid('json'));
    return c.json({ founded, missing: [...missing] }, 200);
  });
}
