import type * as z from 'zod/mini';

/**
 * What a schema expected where it was not met: in our words, by what the schema says and never by what was given,
 * for appraisals show it, and the library's own words depend on which of its parts a process has loaded. A check
 * that brings a message of its own keeps it.
 */
export function expectation(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${issue.expected}`;
    case 'invalid_value':
      return `expected ${issue.values.map(String).join(' or ')}`;
    case 'too_big':
      return `expected ${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}${unitOf(issue.origin)}`;
    case 'too_small':
      return `expected ${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}${unitOf(issue.origin)}`;
    case 'invalid_format':
      return `expected text of the form ${issue.pattern ?? issue.format}`;
    case 'unrecognized_keys':
      return `expected no member ${issue.keys.find((name) => OUR_NAMES.test(name)) ?? 'of another name'}`;
    case 'invalid_union':
      return `expected ${Array.isArray(issue.options) ? issue.options.join(' or ') : 'one of several forms'}`;
    case 'invalid_key':
      return 'expected another name of a member';
    default:
      return 'not as specified';
  }
}

/** An error names a mistyped member. It does not repeat any other text that stands there. */
const OUR_NAMES = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

function unitOf(origin: string): string {
  if (origin === 'string') return ' characters';
  return origin === 'array' ? ' elements' : '';
}
