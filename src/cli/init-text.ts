import type { Grade } from '../core/schema.ts';
import type { WrittenInvitation } from '../founding/founder-files.ts';
import { OWN_FOLDER } from '../platform/files/own-folder.ts';
import { CLONE, CLONE_TEXT, programCommand } from '../platform/program-command.ts';
import { DEFAULT_DATA } from './options.ts';

/** The result of `init`. */
export interface Made {
  readonly data: string;
  readonly grade: Grade;
  readonly groups: readonly string[];
  readonly url: string;
  readonly hosts: readonly string[];
  /** The certificate in the founders' files: the folder's own, one from a file of the operator, or none. */
  readonly vouched: 'own' | 'file' | 'public';
  /** SHA-256 of the one certificate in the founders' files; null where there are several, or none. */
  readonly certificate: string | null;
  readonly referenceValuesDigest: string;
  readonly invitations: readonly WrittenInvitation[];
  /** Flags that `serve` needs for founders to reach it. */
  readonly serve: readonly string[];
}

/** Says what `init` has made, and what the operator and the founders do next. */
export function initText(made: Made): string {
  const { grade, groups, data, url, invitations } = made;
  const needed = `Among the approvers of everything there must be at least one of each group: ${groups.join(', ')}.`;
  const serve = ['serve', ...(data === DEFAULT_DATA ? [] : ['--data', data]), ...made.serve];
  const open = ['console', '--open', '--invitation', invitations[0]?.file ?? ''];
  const isHere = !made.serve.includes('--listen');
  return [
    `A ${grade} vault waits for its founders in ${data}. They reach it at ${url}.`,
    ...(groups.length > 0 ? [needed] : []),
    `Hand each founder their own file and no other. It holds their invitation: who has it can enrol in their name.
${invitations.map(({ name, file }) => `  ${name.padEnd(16)} ${file}`).join('\n')}`,
    comparedText(made),
    `Start the daemon with:
  ${programCommand(OWN_FOLDER, 'twinlockd', serve)}
Then each founder runs on their own workstation, with their own file:
  ${programCommand(isHere ? OWN_FOLDER : CLONE, 'twinlock', open)}`,
    ...(isHere ? [] : [`${CLONE_TEXT} A founder's console needs npm run build there, too.`]),
  ].join('\n\n');
}

/** The digests that the founders' pages show too. */
function comparedText({ vouched, certificate, hosts, referenceValuesDigest }: Made): string {
  const of = { own: `for ${hosts.join(', ')}`, file: 'which --ca holds, and each founder’s file', public: '' }[vouched];
  const shown = certificate === null ? '' : `  certificate       SHA-256 ${certificate}\n                    ${of}\n`;
  return `Let the founders compare what their pages show:
${shown}  reference values  SHA-256 ${referenceValuesDigest}
                    what hosts must show`;
}
