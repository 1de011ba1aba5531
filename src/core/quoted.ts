/** Signs that look like a quotation mark of ours; and more than one of those that look like half of one. */
const LIKE_OURS = /["“”„‟″‴‶‷״〃❝❞〝〞〟＂'‘’‚‛′`´ʹʺʼ＇]{2,}|["“”„‟″‴‶‷״〃❝❞〝〞〟＂ʺ]/gu;

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
