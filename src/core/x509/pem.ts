import { fromBase64 } from '../bytes.ts';
import { must, TwinlockError } from '../errors.ts';
import { orNull } from '../refusal.ts';

/** A revocation list of 128 KiB in base64, with room for what surrounds it. */
const TEXT_CHARACTERS_MAX = 262_144;
/** No chain is longer, and files of roots have a few. */
const BLOCKS_MAX = 32;

/** RFC 7468 asks for 64 characters to a line; some files have the 76 of MIME. */
const BASE64_LINE = /^[A-Za-z0-9+/]{1,76}={0,2}$/;
/** Characters of a label that an error shows. */
const LABEL_SHOWN = 32;
const BOUNDARY = /^-----(BEGIN|END) ([ -~]*)-----$/;

/**
 * The contents of the blocks of an attacker-controlled PEM text (RFC 7468 section 2), in order, which must
 * all have this label (`CERTIFICATE`, `X509 CRL`); at least one, at most 32. Lines end with LF or CRLF.
 * Explanatory text outside of the blocks is passed over (section 2), but for a zero byte, where other readers stop;
 * inside there is base64 alone. What the blocks hold is not looked at.
 *
 * Throws `too_large` above 256 Ki characters or 32 blocks; `malformed`.
 */
export function derOfPem(text: string, label: string): Uint8Array[] {
  must(text.length <= TEXT_CHARACTERS_MAX, 'too_large', `expected at most ${TEXT_CHARACTERS_MAX} characters of PEM`);
  must(!text.includes('\0'), 'malformed', 'expected PEM without a zero byte');
  const blocks: Uint8Array[] = [];
  let base64: string[] | null = null;
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    const boundary = BOUNDARY.exec(line);
    const at = `line ${i + 1} of the PEM text`;
    if (boundary === null) {
      must(!line.startsWith('-----'), 'malformed', `${at}: expected a boundary of ${label}`);
      if (base64 === null) continue;
      must(BASE64_LINE.test(line), 'malformed', `${at}: expected base64`);
      base64.push(line);
      continue;
    }
    const [, kind, found] = boundary;
    must(
      found === label,
      'malformed',
      `${at}: expected a block of ${label}, got one of ${found?.slice(0, LABEL_SHOWN)}`,
    );
    must((kind === 'BEGIN') === (base64 === null), 'malformed', `${at}: expected BEGIN and END in turn`);
    if (base64 !== null) blocks.push(decode(base64.join(''), at));
    must(blocks.length <= BLOCKS_MAX, 'too_large', `expected at most ${BLOCKS_MAX} blocks of ${label}`);
    base64 = base64 === null ? [] : null;
  }
  must(base64 === null, 'malformed', `the last block of ${label} has no end`);
  must(blocks.length > 0, 'malformed', `expected a block of ${label}`);
  return blocks;
}

function decode(base64: string, at: string): Uint8Array {
  must(base64.length > 0, 'malformed', `${at}: the block is empty`);
  const der = orNull(TwinlockError, () => fromBase64(base64));
  must(der !== null, 'malformed', `${at}: what this block holds is not base64`);
  return der;
}
