import { X509Certificate } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { Command } from 'commander';
import { parseReferenceValues } from '../core/attest/reference-values.ts';
import { parseCommentedJson } from '../core/json-comments.ts';
import { type Grade, parseAs } from '../core/schema.ts';
import { principalInvitation } from '../core/statement/statement.ts';
import { becomeOwner, readDataFile } from '../data-folder.ts';
import { makeFounderFolder, removeFounderFiles, type WrittenInvitation, writeFounderFiles } from '../founder-files.ts';
import {
  acceptsTpmAlone,
  foundingPolicy,
  referenceValuesDigest,
  refusesEveryAuthenticator,
  refusesEveryHost,
} from '../founding-policy.ts';
import { initialise, TLS_CERTIFICATE_FILE } from '../initialise.ts';
import { shellWord } from '../platform/shell-word.ts';
import { systemError } from '../platform/system-error.ts';
import { readJson } from './input.ts';
import { collect, DEFAULT_DATA, DEFAULT_PORT, hostNames, requireGrade, vaultOrigin, wholeNumber } from './options.ts';

const LOOPBACK = ['localhost', '127.0.0.1', '::1'];

interface InitFlags {
  readonly founder: readonly string[];
  readonly threshold: number;
  readonly grade: string;
  readonly policy?: string;
  readonly referenceValues?: string;
  readonly principal?: readonly string[];
  readonly host?: readonly string[];
  readonly url?: URL;
  readonly out?: string;
  readonly invitationDays: number;
  readonly json?: boolean;
}

export function addInit(program: Command): void {
  program
    .command('init')
    .description('makes the data folder and a file for each founder, with their invitation')
    .requiredOption('--founder <name[:group,…]>', 'a founder; repeat for each, three at least', collect)
    .option('--threshold <t>', 'how many custodians must approve', wholeNumber, 2)
    .option(
      '--grade <grade>',
      'production, or simulation (software authenticators and simulated evidence), for life',
      'production',
    )
    .option('--policy <file>', 'as twinlockd policy template prints it; without it, the default of the grade')
    .option('--reference-values <file>', 'what hosts must show, in place of what the policy says of it')
    .option('--principal <file>', 'a key to enrol at genesis, as twinlock key show prints it; repeatable', collect)
    .option('--host <name>', 'a name or address of this machine, for the certificate; repeatable', hostNames)
    .option(
      '--url <url>',
      `where founders reach the vault (default: https://HOST:${DEFAULT_PORT} with the first --host, or localhost)`,
      vaultOrigin,
    )
    .option('--out <folder>', "where the founders' files are written (default: FOLDER-founders; none with --json)")
    .option('--invitation-days <days>', 'until when the founders must have signed', wholeNumber, 7)
    .option('--json', 'print the invitations as one line of JSON')
    .addHelpText(
      'after',
      `
Each founder gets one file, and signs with it in a console of their own. The vault exists once all have signed.

Of each group that a founder is given, at least one member must be among the approvers of everything, besides the
threshold. Each needs two founders, and a --policy must name it too.

Examples:
  twinlockd init --grade simulation --founder alice --founder bob --founder carol
  twinlockd init --host vault.example.org --host 10.0.0.5 --out ~/founders --founder alice --founder bob --founder carol
  twinlockd init --founder alice:ops --founder bob:ops --founder carol --policy policy.json --reference-values hosts.json
  twinlockd --data /var/lib/twinlock init --founder alice --founder bob --founder carol --founder dave --threshold 3 \\
    --policy policy.json --principal deposit.key.json --host vault.example.org`,
    )
    .action((flags: InitFlags) => run(program.opts()['data'], flags));
}

async function run(dataDir: string, flags: InitFlags): Promise<void> {
  const { threshold, founder, host = [], principal = [], invitationDays } = flags;
  const grade = requireGrade(flags.grade);
  const founders = founder.map((text) => {
    const [name = '', groups = ''] = text.split(':');
    return { name, groups: groups === '' ? [] : groups.split(',') };
  });
  const groups = [...new Set(founders.flatMap((one) => one.groups))];
  const policy = readPolicy(grade, groups, flags);
  const principals = principal.map((file) =>
    readJson('--principal', file, (key) => parseAs(principalInvitation, key, 'key')),
  );
  const { url = urlOf(host[0] ?? 'localhost'), out = flags.json === true ? null : foundersFolder(dataDir) } = flags;
  const hosts = [...new Set([...LOOPBACK, ...host, url.hostname.replace(/^\[|\]$/g, '')])];
  becomeOwner(dataDir);
  const names = founders.map(({ name }) => name);
  if (out !== null) makeFounderFolder(out, names);
  const nowMs = Date.now();
  const made = { dataDir, grade, threshold, founders, hosts, policy, principals, invitationDays, nowMs };
  await initialise(made, async (invited) => {
    for (const warning of warnings(grade, policy, flags.referenceValues)) console.error(`twinlockd: ${warning}`);
    const digest = referenceValuesDigest(policy);
    const ca = readDataFile(dataDir, TLS_CERTIFICATE_FILE);
    const common = { vault: url.origin, ca, referenceValues: digest };
    const written = out === null ? null : writeFounderFiles(out, invited, common);
    const certificate = new X509Certificate(ca).fingerprint256.replaceAll(':', '').toLowerCase();
    const told = { data: dataDir, url: url.origin, hosts, certificate, referenceValuesDigest: digest };
    const listen = host.length > 0 || flags.url !== undefined ? ['--listen', `0.0.0.0:${url.port || '443'}`] : [];
    try {
      if (flags.json === true || written === null) {
        await print(JSON.stringify({ ...told, invitations: written ?? invited }));
        return;
      }
      await print(madeText({ ...told, invitations: written }, grade, groups, listen));
    } catch (error) {
      removeFounderFiles(written ?? []);
      throw error;
    }
  });
}

/** Ends once standard output has taken it. Throws as `systemError`. */
async function print(text: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  process.stdout.write(`${text}\n`, (error) => {
    if (error) reject(systemError(error, 'standard output'));
    else resolve();
  });
  await promise;
}

function madeText(told: Told, grade: Grade, groups: readonly string[], listen: readonly string[]): string {
  const first = `A ${grade} vault waits for its founders in ${told.data}. They reach it at ${told.url}.`;
  const needed = `Among the approvers of everything there must be at least one of each group: ${groups.join(', ')}.`;
  return [first, ...(groups.length > 0 ? [needed] : []), nextSteps(told, listen)].join('\n\n');
}

/** Beside the data folder, and not in it: in that, invitations are kept as hashes. */
function foundersFolder(dataDir: string): string {
  return `${dataDir.replace(/(?<=.)\/+$/, '')}-founders`;
}

interface Told {
  readonly data: string;
  readonly url: string;
  readonly hosts: readonly string[];
  readonly certificate: string;
  readonly referenceValuesDigest: string;
  readonly invitations: readonly WrittenInvitation[];
}

/** What the operator and the founders do now; `listen` are flags of `serve`. */
function nextSteps(told: Told, listen: readonly string[]): string {
  const serve = ['serve', ...(told.data === DEFAULT_DATA ? [] : ['--data', told.data]), ...listen];
  return `Hand each founder their own file and no other. It holds their invitation: who has it can enrol in their name.
${told.invitations.map(({ name, file }) => `  ${name.padEnd(16)} ${file}`).join('\n')}

Let the founders compare both, which their pages show:
  certificate       SHA-256 ${told.certificate}
                    for ${told.hosts.join(', ')}
  reference values  SHA-256 ${told.referenceValuesDigest}
                    what hosts must show

Start the daemon with:
  npx twinlockd ${serve.map(shellWord).join(' ')}
Then each founder runs on their own workstation, with their own file:
  npx twinlock console --open --invitation ${shellWord(told.invitations[0]?.file ?? '')}`;
}

function urlOf(host: string): URL {
  return new URL(`https://${isIPv6(host) ? `[${host}]` : host}:${DEFAULT_PORT}`);
}

function readPolicy(
  grade: Grade,
  groups: readonly string[],
  { policy, referenceValues }: Pick<InitFlags, 'policy' | 'referenceValues'>,
): Uint8Array {
  const values =
    referenceValues === undefined ? null : readJson('--reference-values', referenceValues, parseReferenceValues);
  if (policy === undefined) return foundingPolicy(grade, null, values, groups);
  const founding = (given: unknown) => foundingPolicy(grade, given as object | null, values);
  return readJson('--policy', policy, founding, parseCommentedJson);
}

/** What a founder would want to know before the others enrol. */
function warnings(grade: Grade, policy: Uint8Array, valuesFile: string | undefined): readonly string[] {
  const found: string[] = [];
  if (refusesEveryHost(policy)) {
    found.push(
      valuesFile === undefined
        ? 'the policy has no reference values, so no host can pass: give --reference-values, or let the custodians propose them'
        : `--reference-values ${valuesFile}: these reference values accept no host: they have no values for a CPU or a TPM (twinlock reference-values check ${shellWord(valuesFile)})`,
    );
  }
  if (grade === 'production' && refusesEveryAuthenticator(policy)) {
    found.push(
      'the policy lists no security key (authenticators), so no founder can enrol: init again in another folder, with --policy (twinlockd policy template)',
    );
  }
  if (grade === 'production' && acceptsTpmAlone(policy)) {
    found.push(
      'a TPM alone is enough for a host of this production vault (tpm.alone): it says what booted, and nothing about encrypted memory',
    );
  }
  return found;
}
