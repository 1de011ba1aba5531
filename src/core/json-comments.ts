import { parseJson } from './json.ts';

/** A string, so that what looks like a comment in it is none; or a comment. */
const STRING_OR_COMMENT = /"[^"\\]*(?:\\.[^"\\]*)*"|\/\/[^\r\n]*|\/\*[\s\S]*?\*\//g;

/**
 * Parses a document that people write by hand: as `parseJson`, with comments from `//` to the end of the line and
 * between `/*` and the next `*` and `/`. Nothing that is signed or sent has comments. Throws `malformed`.
 */
export function parseCommentedJson(text: string): unknown {
  return parseJson(text.replace(STRING_OR_COMMENT, (found) => (found.startsWith('"') ? found : ' ')));
}
