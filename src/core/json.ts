import { must, TwinlockError } from './errors.ts';

/**
 * Parses JSON in which no object names a member twice: parsers disagree about which of them counts, and
 * JSON.parse keeps the last without a word. Attacker-controlled. Throws `malformed`.
 */
export function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new TwinlockError('malformed', 'expected JSON');
  }
  must(membersWritten(text) === membersParsed(value), 'malformed', 'expected no member of an object to be repeated');
  return value;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;

/** In a text that is known to be JSON, every colon outside a string belongs to one member. */
function membersWritten(json: string): number {
  let members = 0;
  let inString = false;
  for (let i = 0; i < json.length; i++) {
    const code = json.charCodeAt(i);
    if (code === QUOTE) inString = !inString;
    else if (code === BACKSLASH) i++;
    else if (code === COLON && !inString) members++;
  }
  return members;
}

function membersParsed(root: unknown): number {
  let members = 0;
  // A stack of one's own: the nesting is as deep as the sender likes.
  const stack = [root];
  while (stack.length > 0) {
    const value = stack.pop();
    if (value === null || typeof value !== 'object') continue;
    const children = Object.values(value);
    if (!Array.isArray(value)) members += children.length;
    for (const child of children) stack.push(child);
  }
  return members;
}
