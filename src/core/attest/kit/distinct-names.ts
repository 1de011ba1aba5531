import * as z from 'zod/mini';
import { looksAlike, looksOf, newEffort } from '../../name/looks.ts';

/** Names are what people tell the images of a list apart by: of two that look alike, they would see one. */
export const distinctNames = z.refine<readonly { readonly name: string }[]>((list) => {
  const looks = list.map(({ name }) => looksOf(name));
  const effort = newEffort();
  return looks.every((one, i) => looks.slice(0, i).every((other) => !looksAlike(one, other, effort)));
}, 'expected names that do not look alike');
