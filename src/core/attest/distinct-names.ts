import * as z from 'zod/mini';
import { looksOf } from '../name/looks.ts';

/** Names are what people tell the images of a list apart by: of two that look alike, they would see one. */
export const distinctNames = z.refine<readonly { readonly name: string }[]>((list) => {
  const taken = new Set<string>();
  return list.every(({ name }) => {
    const looks = looksOf(name);
    const isFree = looks.every((look) => !taken.has(look));
    for (const look of looks) taken.add(look);
    return isFree;
  });
}, 'expected names that do not look alike');
