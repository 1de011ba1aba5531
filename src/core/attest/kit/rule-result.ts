import * as z from 'zod/mini';

/** One rule of an appraisal: what it expected, what it got, and whether it passes. */
export const ruleResult = z.strictObject({
  rule: z.string().check(z.regex(/^[a-z0-9]+(?:[.-][a-z0-9]+)*$/)),
  expected: z.string().check(z.maxLength(2048)),
  got: z.string().check(z.maxLength(2048)),
  pass: z.boolean(),
});
export type RuleResult = z.infer<typeof ruleResult>;
