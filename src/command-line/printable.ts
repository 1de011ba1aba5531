/**
 * Characters that may control a terminal: control and format characters, and the separators of lines and paragraphs.
 */
const STEERING = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * Shows each of these characters as U+FFFD. Text of the log, of the data folder or of the vault is
 * attacker-controlled, and a terminal must not obey it.
 */
export function printable(text: string): string {
  return text.replace(STEERING, '\ufffd');
}

/** Escapes the same characters in a JSON document; its value stays the same. JSON itself escapes only half of them. */
export function jsonText(document: object): string {
  const escaped = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(document).replace(STEERING, (character) => character.split('').map(escaped).join(''));
}
