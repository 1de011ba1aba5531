import * as z from 'zod/mini';

/** Names are what people tell the images of a list apart by: of two that have the same, they would see one. */
export const distinctNames = z.refine<readonly { readonly name: string }[]>(
  (list) => new Set(list.map(({ name }) => name)).size === list.length,
  'expected each name at most once',
);
