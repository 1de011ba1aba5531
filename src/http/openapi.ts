import { z } from 'zod';
import { problem } from '../wire/fields.ts';
import { isOptional, type Route } from '../wire/route.ts';

const OCTETS = { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } };
const REFUSED = { description: 'refused, with a stable code', content: jsonOf(problem) };

/** The API's description (OpenAPI 3.1), made of the table of routes. Schemas are those of what is sent. */
export function openapiDocument(routes: readonly Route[]) {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const { method, path } = route;
    paths[path] = { ...paths[path], [method.toLowerCase()]: operationOf(route) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'twinlock', version: '1', description: 'two-person control for AI model weights' },
    paths,
    components: { schemas: namedSchemas(), securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
  };
}

function operationOf({ says, access, params, query, body, answer, isRanged = false }: Route) {
  const content = answer === 'octets' ? OCTETS : answer && jsonOf(answer);
  return {
    ...(access === 'anybody' ? {} : { security: [{ bearer: [] }] }),
    parameters: [...parametersOf('path', params), ...parametersOf('query', query)],
    ...(body === undefined
      ? {}
      : {
          requestBody:
            body === 'octets'
              ? { required: true, content: OCTETS }
              : { required: !isOptional(body), content: jsonOf(body) },
        }),
    responses: {
      ...(content === undefined ? { 204: { description: says } } : { 200: { description: says, content } }),
      ...(isRanged ? { 206: { description: 'the range asked for', content: OCTETS } } : {}),
      default: REFUSED,
    },
  };
}

function parametersOf(place: 'path' | 'query', schema: z.ZodObject | undefined) {
  return Object.entries(schema?.shape ?? {}).map(([name, member]) => ({
    name,
    in: place,
    required: place === 'path' || !isOptional(member as z.ZodType),
    schema: sentSchema(member as z.ZodType),
  }));
}

function jsonOf(schema: z.ZodType) {
  const id = z.globalRegistry.get(schema)?.id;
  return { 'application/json': { schema: id === undefined ? sentSchema(schema) : { $ref: refOf(id) } } };
}

function sentSchema(schema: z.ZodType): object {
  const { $schema: _, ...described } = z.toJSONSchema(schema, { io: 'input' });
  return described;
}

function namedSchemas(): Record<string, object> {
  const { schemas } = z.toJSONSchema(z.globalRegistry, { io: 'input', uri: refOf });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, { $schema: _, $id: __, ...described }]) => [id, described]),
  );
}

function refOf(id: string): string {
  return `#/components/schemas/${id}`;
}
