import { PLATFORM_IDS, PLATFORMS } from '../core/attest/platforms.ts';
import { must } from '../core/errors.ts';
import type { Grade } from '../core/schema.ts';
import { defaultPolicy } from './policy.ts';

/** As long as an editor shows on most screens. */
const LINE_LENGTH = 100;

/** Lines before the document, without the marks of a comment. */
const HEAD = [
  'A twinlock policy: what a committee demands of everything that grants.',
  'Every value below is the default of its grade. Edit it, comments and all, and give it',
  '- to twinlockd init --policy FILE, when a vault is founded;',
  '- to Propose in the console of a custodian, later: it takes effect once a quorum has approved it.',
  'Every field must be there, so that nothing is lax because it was forgotten. Amounts that may be',
  'larger than 2^53 are whole numbers in quotation marks. Durations are whole milliseconds: an hour',
  'is 3600000, a day 86400000.',
] as const;

const VALUES = 'referenceValues';

/** The meaning of each field, its unit, bounds and default, by its path. */
const FIELDS: Readonly<Record<string, string>> = {
  v: 'The version of this format: 1.',
  kind: 'What this document is: "policy".',
  groups:
    'At most 8 names of groups. Of each, at least one member must be among those who approve anything, besides the threshold. Founders get their groups at twinlockd init (--founder NAME:GROUP), and each group that is named here needs two custodians. Without --policy, init names here the groups that it gives the founders. Default: none.',
  veto: 'true: one denial ends the request for a release. false, the default: a denial is one vote, and the request ends once those who are left are too few. A stop works in either case, and takes one person.',
  authenticators:
    'Which security keys may enrol. A production vault takes no other, and checks each with the certificate of its maker; a simulation vault takes any, and ignores these lists.',
  'authenticators.aaguids':
    'At most 64 models, each by its AAGUID: 32 lower-case hexadecimal digits, without dashes. fido2-token -I DEVICE prints that of a key, and the maker lists them. Default: none, with which twinlockd init founds no production vault.',
  'authenticators.roots':
    'At most 64 root certificates that vouch for them, no two of one name: DER, at most 4096 bytes each, in base64url without padding. Of a maker’s file in PEM: openssl x509 -in FILE -outform der | basenc --base64url -w0 | tr -d =. Default: none, with which twinlockd init founds no production vault.',
  referenceValues:
    'What hosts must show: a member for each platform that they may be of. A platform that is left out is refused, which is the default of each. twinlock reference-values from-evidence and from-rim make these values, and twinlockd init --reference-values FILE puts them here.',
  'referenceValues.simulated.platform': 'Always "simulated".',
  'referenceValues.simulated.measurements':
    'At most 256 images that may run, each by its SHA-256: 64 lower-case hexadecimal digits. An empty list refuses all.',
  'referenceValues.gpu':
    'The GPUs and NVSwitches that a host must show besides. Default: null, which is for hosts that show none.',
  'referenceValues.revoked':
    'At most 1024 of {"claim": NAME, "value": TEXT}: a host that claims one is refused, whatever else it shows. Default: none.',
  limits: 'How much and how long. Lower is stricter.',
  'limits.proposalMs':
    'Milliseconds that a proposal stays open: 3600000 (an hour) to 7776000000 (90 days). Default: 604800000, 7 days.',
  'limits.leaseMs':
    'The longest lease that a release may have, in milliseconds: 1 to 31622400000 (366 days). Default: 2592000000, 30 days.',
  'limits.hosts': 'The most hosts that one release may have: 1 to 64. Default: 64.',
  'limits.bytesPerRelease':
    'The most bytes of ciphertext that the vault may serve for one release, in quotation marks: at most 2^60. A release names its own, at most these. Default: 2^50, a PiB.',
  'limits.bytesPerDay':
    'The same for all releases of 24 hours together, counted when they take effect. Default: 2^52, 4 PiB.',
  publication: 'What a version needs besides the quorum before it may be released for serving. true is stricter.',
  'publication.evaluation':
    'true: its proposal cites a release for evaluation, from which a host has sent its report. Default: false.',
  'publication.modelSignature':
    'true: a host of the release that is cited says that it has verified the signature of the model’s maker (OpenSSF Model Signing). Default: false.',
};

/** The whole policy that a vault of the grade is founded with by default, each field with what it means above it. */
export function policyTemplate(grade: Grade): string {
  return `${HEAD.map((line) => `// ${line}\n`).join('')}${render('', defaultPolicy(grade), '')}\n`;
}

function render(path: string, value: unknown, indent: string): string {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return JSON.stringify(value);
  const deeper = `${indent}  `;
  const members = Object.entries(value).map(([name, member]) => {
    const place = path === '' ? name : `${path}.${name}`;
    const lines = commentsOf(place).flatMap((comment) => wrapped(comment, `${deeper}// `));
    return `${lines.join('')}${deeper}${JSON.stringify(name)}: ${render(place, member, deeper)}`;
  });
  return `{\n${members.join(',\n')}\n${indent}}`;
}

/** Paragraphs. A platform is explained by its row, where it stands and above all of them. */
function commentsOf(place: string): readonly string[] {
  const platform = PLATFORM_IDS.find((id) => place === `${VALUES}.${id}`);
  if (platform !== undefined) return [PLATFORMS[platform].about];
  const comment = FIELDS[place];
  must(comment !== undefined, 'internal', `the field ${place} of a policy is not explained`);
  if (place !== VALUES) return [comment];
  return [comment, ...PLATFORM_IDS.map((id) => `${JSON.stringify(id)}: ${PLATFORMS[id].about}`)];
}

/** Lines of whole words, each after `before`. */
function wrapped(text: string, before: string): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    const longer = last === undefined ? null : `${last} ${word}`;
    if (longer === null || longer.length > LINE_LENGTH) lines.push(`${before}${word}`);
    else lines[lines.length - 1] = longer;
  }
  return lines.map((line) => `${line}\n`);
}
