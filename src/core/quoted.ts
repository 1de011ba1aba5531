/**
 * Signs that look like a quotation mark of ours, and those that look like half of one: the confusables of `"` and `'` of
 * UTS 39, and ornaments. Letters that look so (the Hebrew yod) are left: they are in people's names.
 */
const WHOLE =
  '"\u201c\u201d\u201e\u201f\u2033\u2034\u2036\u2037\u2057\u05f4\u3003\u275d\u275e\u2760\u301d\u301e\u301f\uff02\u02ba\u02dd\u02ee\u02f5\u02f6\u1cd3\u2e42\u{1f676}\u{1f677}\u{1f678}';
const HALF =
  "'\u2018\u2019\u201a\u201b\u2032\u2035`\u00b4\u02b9\u02bb\u02bc\u02bd\u02be\u02c8\u02ca\u02cb\u02f4\u0374\u0384\u055a\u055d\u05f3\u07f4\u07f5\u1fbd\u1fbf\u1fef\u1ffd\u1ffe\u275b\u275c\u275f\ua78c\uff07\uff40";
/** One of the former; or more than one of any. */
const LIKE_OURS = new RegExp(`[${WHOLE}${HALF}]{2,}|[${WHOLE}]`, 'gu');

/** A text as it stands between quotation marks of ours: none is in it, so that it cannot end there and go on as ours. */
export function withinQuotes(text: string): string {
  return text.replace(LIKE_OURS, "'");
}

/**
 * What a person, a vault or a certificate says, in quotation marks: attacker-controlled. Every line of ours that quotes
 * a text does it here. It is not exact: what is signed is shown whole, apart from any line.
 */
export function quoted(text: string): string {
  return `“${withinQuotes(text)}”`;
}
