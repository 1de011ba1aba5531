import { fromUtf8 } from '../bytes.ts';
import { must, TwinlockError } from '../errors.ts';
import { orNull } from '../refusal.ts';
import { IA5_STRING, PRINTABLE_STRING, UTF8_STRING } from '../signature/der-form.ts';
import { enterWhole, SEQUENCE, SET } from './der-reader.ts';

const COMMON_NAME = '2.5.4.3';
const TEXT_TAGS = [UTF8_STRING, PRINTABLE_STRING, IA5_STRING];

/**
 * The values of one attribute, by object identifier, of a Name in DER (RFC 5280 section 4.1.2.4), in order.
 * Attacker-controlled text of any length. Throws `malformed`, also for a string type that is not UTF8String,
 * PrintableString or IA5String.
 */
export function attributesOf(name: Uint8Array, oid: string): string[] {
  const values: string[] = [];
  const sets = enterWhole(name, SEQUENCE);
  while (!sets.done) {
    const set = sets.enter(SET);
    while (!set.done) {
      const attribute = set.enter(SEQUENCE);
      if (attribute.readOid() !== oid) continue;
      const tag = TEXT_TAGS.find((one) => attribute.nextIs(one)) ?? UTF8_STRING;
      values.push(fromUtf8(attribute.read(tag)));
      attribute.end();
    }
  }
  return values;
}

/**
 * The subject's common name, or null where it has none. Attacker-controlled text until the path is verified.
 * Throws `malformed` as `attributesOf`, and for two common names: either could be the one that is meant.
 */
export function commonName({ subject }: { readonly subject: Uint8Array }): string | null {
  const [name, another] = attributesOf(subject, COMMON_NAME);
  must(another === undefined, 'malformed', 'expected at most one common name');
  return name ?? null;
}

/** Characters of attacker-controlled text that a message shows. */
const SHOWN_MAX = 64;

/** The subject for a message: its common name, without what could deceive. Never throws. */
export function subjectText(certificate: { readonly subject: Uint8Array }): string {
  // One whose name is malformed is shown as one without: the message is about something else.
  const name = orNull(TwinlockError, () => commonName(certificate));
  if (name === null || name === '') return 'the certificate without a common name';
  return `the certificate "${name.slice(0, SHOWN_MAX).replace(/[^ -~]|"/g, '?')}"`;
}
