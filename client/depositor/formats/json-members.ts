import { fromUtf8 } from '../../../src/core/bytes.ts';
import { must } from '../../../src/core/errors.ts';
import { parseJson } from '../../../src/core/json.ts';
import { quotedName } from './byte-source.ts';
import { COST, type Effort } from './effort.ts';

/** Five times the tensors of the largest known models: 61 layers of 384 experts, each of nine tensors. */
const MAX_MEMBERS = 1 << 20;
/** What is known of a tensor takes 100 bytes, the metadata of a file some thousands. */
const MAX_VALUE_BYTES = 1 << 20;

const [QUOTE, BACKSLASH, COLON, COMMA, OPEN, CLOSE] = [...'"\\:,{}'].map((sign) => sign.charCodeAt(0));
const OPENING: ReadonlySet<number> = new Set([...'[{'].map((sign) => sign.charCodeAt(0)));
const CLOSING: ReadonlySet<number> = new Set([...']}'].map((sign) => sign.charCodeAt(0)));
const SPACES: ReadonlySet<number> = new Set([...' \t\n\r'].map((sign) => sign.charCodeAt(0)));

/** A member of a JSON object, whose value has been skipped and not looked at. */
export interface JsonMember {
  readonly name: string;
  readonly value: Uint8Array;
}

/** Whether a JSON text is of an object, if it is any. */
export function beginsObject(bytes: Uint8Array): boolean {
  return bytes[bytes.findIndex((byte) => !SPACES.has(byte))] === OPEN;
}

/**
 * The members of a JSON object, one after the other, so that no more than one of them is held; in between, others have
 * their turn, and the process can be interrupted. Hostile. Throws `malformed`, for names that are there twice too.
 */
export async function* membersOf(
  bytes: Uint8Array,
  effort: Effort,
  max = MAX_MEMBERS,
): AsyncGenerator<JsonMember, void, undefined> {
  effort.spend(bytes.length * COST.jsonByte);
  const names = new Set<string>();
  let at = pastSign(bytes, 0, OPEN);
  for (let isFirst = true; ; isFirst = false) {
    at = pastSpaces(bytes, at);
    if (isFirst && bytes[at] === CLOSE) break;
    const nameEnd = pastText(bytes, at);
    const name = parseJson(fromUtf8(bytes.subarray(at, nameEnd))) as string;
    must(!names.has(name), 'malformed', 'expected no member of an object to be repeated');
    names.add(name);
    must(names.size <= max, 'malformed', `expected at most ${max} members: no known model has so many tensors`);
    const from = pastSign(bytes, nameEnd, COLON);
    at = pastValue(bytes, from);
    yield { name, value: bytes.subarray(from, at) };
    effort.spend(COST.member);
    await effort.rest();
    if (bytes[at] === CLOSE) break;
    at = pastSign(bytes, at, COMMA);
  }
  must(pastSpaces(bytes, at + 1) === bytes.length, 'malformed', 'expected JSON');
}

export function isSmall({ value }: JsonMember): boolean {
  return value.length <= MAX_VALUE_BYTES;
}

/** Returns the value of a member if it is small. Throws `malformed`. */
export function parseMember(member: JsonMember): unknown {
  const { name, value } = member;
  const message = `${quotedName(name)}: expected at most ${MAX_VALUE_BYTES} bytes, got ${value.length}`;
  must(isSmall(member), 'malformed', message);
  return parseJson(fromUtf8(value));
}

function pastSpaces(bytes: Uint8Array, from: number): number {
  let at = from;
  while (SPACES.has(bytes[at] as number)) at++;
  return at;
}

function pastSign(bytes: Uint8Array, from: number, sign: number | undefined): number {
  const at = pastSpaces(bytes, from);
  must(bytes[at] === sign, 'malformed', 'expected JSON');
  return at + 1;
}

function pastText(bytes: Uint8Array, from: number): number {
  must(bytes[from] === QUOTE, 'malformed', 'expected JSON');
  let at = from + 1;
  for (; at < bytes.length && bytes[at] !== QUOTE; at++) if (bytes[at] === BACKSLASH) at++;
  must(at < bytes.length, 'malformed', 'expected JSON');
  return at + 1;
}

/** Up to the comma or brace after it. */
function pastValue(bytes: Uint8Array, from: number): number {
  let depth = 0;
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (depth === 0 && (byte === COMMA || byte === CLOSE)) return at;
    if (byte === QUOTE) at = pastText(bytes, at) - 1;
    else if (OPENING.has(byte)) depth++;
    else if (CLOSING.has(byte)) depth--;
  }
  must(false, 'malformed', 'expected JSON');
}
