import { must, TwinlockError } from './errors.ts';
import { unlessRefused } from './refusal.ts';

/** Our documents have a dozen levels at most. The bound keeps a sender from filling the parser's stack. */
const DEPTH_MAX = 64;

/**
 * Parses attacker-controlled JSON of at most 64 levels. Of a repeated member the last one counts. Throws `malformed`.
 */
export function parseShallowJson(text: string): unknown {
  return parsed(text, survey(text));
}

/**
 * Parses JSON in which no object names a member twice: parsers disagree about which of them counts, and
 * JSON.parse keeps the last one silently. No member is called `__proto__`, since a copy of the object
 * would lose it. At most 64 levels. Attacker-controlled. Throws `malformed`.
 */
export function parseJson(text: string): unknown {
  const written = survey(text);
  const value = parsed(text, written);
  const isOnce = written.members === membersParsed(value);
  must(isOnce, 'malformed', 'expected no member of an object to be repeated');
  return value;
}

interface Survey {
  readonly members: number;
  readonly depth: number;
}

function parsed(text: string, { depth }: Survey): unknown {
  must(depth <= DEPTH_MAX, 'malformed', `expected JSON of at most ${DEPTH_MAX} levels`);
  return unlessRefused(
    SyntaxError,
    () => JSON.parse(text) as unknown,
    () => {
      throw new TwinlockError('malformed', 'expected JSON');
    },
  );
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
/** Set in none of the bytes of `[`, `]`, `{` and `}` but this one, which tells an array's from an object's. */
const OBJECT_BIT = 0x20;
const OPEN = 0x5b;
const CLOSE = 0x5d;

/**
 * In a text that turns out to be JSON, every colon outside a string belongs to one member, and every bracket to a
 * level. Of any other text it says nothing.
 */
function survey(json: string): Survey {
  let members = 0;
  let level = 0;
  let depth = 0;
  let inString = false;
  for (let i = 0; i < json.length; i++) {
    const code = json.charCodeAt(i);
    if (code === QUOTE) inString = !inString;
    else if (code === BACKSLASH) i++;
    else if (inString) continue;
    else if (code === COLON) members++;
    else if ((code & ~OBJECT_BIT) === OPEN) depth = Math.max(depth, ++level);
    else if ((code & ~OBJECT_BIT) === CLOSE) level--;
  }
  return { members, depth };
}

function membersParsed(root: unknown): number {
  let members = 0;
  const stack = [root];
  while (stack.length > 0) {
    const value = stack.pop();
    if (value === null || typeof value !== 'object') continue;
    must(!Object.hasOwn(value, '__proto__'), 'malformed', 'expected no member called __proto__');
    const children = Object.values(value);
    if (!Array.isArray(value)) members += children.length;
    for (const child of children) stack.push(child);
  }
  return members;
}
