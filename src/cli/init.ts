import { fstatSync, statSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { basename, resolve } from 'node:path';
import type { Command } from 'commander';
import { productionCautionsOf } from '../core/attest/production.ts';
import { parseReferenceValues } from '../core/attest/reference-values.ts';
import { must } from '../core/errors.ts';
import { parseCommentedJson } from '../core/json-comments.ts';
import type { Grade } from '../core/schema.ts';
import { parsePolicy } from '../core/statement/policy.ts';
import { becomeOwner } from '../data-folder/data-folder.ts';
import {
  makeFounderFolder,
  removeFounderFiles,
  requireOutsideData,
  writeFounderFiles,
} from '../founding/founder-files.ts';
import { initialise } from '../founding/initialise.ts';
import { foundingPolicy, referenceValuesDigest, refusesEveryHost } from '../founding/policy.ts';
import { certificatesIn, soleDigest } from '../platform/certificates.ts';
import { systemError } from '../platform/files/system-error.ts';
import { shellWord } from '../platform/shell-word.ts';
import { readFoundersCa } from '../tls/founders-trust.ts';
import { parsePrincipalInvitation } from '../wire/principal-invitation.ts';
import { foundersOf } from './founders.ts';
import { initText, type Made } from './init-text.ts';
import { readJsonFlag } from './input.ts';
import { collect, DEFAULT_PORT, hostNames, requireGrade, vaultOrigin, wholeNumber } from './options.ts';

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
  readonly ca?: string;
  readonly publicCa?: boolean;
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
    .option(
      '--ca <file>',
      'certificates in PEM that vouch for what serve --tls-cert names, for the founders’ files in place of tls.crt',
    )
    .option('--public-ca', 'nothing in the founders’ files: an authority vouches for it that every machine trusts')
    .option('--out <folder>', "where the founders' files are written (default: FOLDER-founders; none with --json)")
    .option('--invitation-days <days>', 'until when the founders must have signed', wholeNumber, 7)
    .option('--json', 'print the invitations as one line of JSON')
    .addHelpText(
      'after',
      `
Each founder gets one file, and signs with it in a console of their own. The vault exists once all have signed.

A production vault needs a --policy that says which security keys may enrol. One that is to be served with a certificate
of your own needs --ca or --public-ca; twinlockd serve says so while founders could not connect.

Of each group that a founder is given, at least one member must be among the approvers of everything, besides the
threshold. Each needs two founders, and a --policy must name it too.

Examples:
  twinlockd init --grade simulation --founder alice --founder bob --founder carol
  twinlockd init --grade simulation --host vault.example.org --host 10.0.0.5 --out ~/founders --founder alice \\
    --founder bob --founder carol
  twinlockd init --founder alice:ops --founder bob:ops --founder carol --policy policy.json --reference-values hosts.json
  twinlockd --data /var/lib/twinlock init --founder alice --founder bob --founder carol --founder dave --threshold 3 \\
    --policy policy.json --principal deposit.key.json --host vault.example.org --ca company-ca.crt`,
    )
    .action((flags: InitFlags) => run(program.opts()['data'], flags));
}

async function run(dataDir: string, flags: InitFlags): Promise<void> {
  const { threshold, founder, host = [], principal = [], invitationDays } = flags;
  const grade = requireGrade(flags.grade);
  const founders = foundersOf(founder);
  const groups = [...new Set(founders.flatMap((one) => one.groups))];
  const policyBytes = readPolicy(grade, groups, flags);
  const principals = principal.map((file) =>
    readJsonFlag('--principal', file, (key) => parsePrincipalInvitation(key, 'key')),
  );
  const { url = urlOf(host[0] ?? 'localhost'), out = flags.json === true ? null : foundersFolder(dataDir) } = flags;
  const hosts = [...new Set([...LOOPBACK, ...host, url.hostname.replace(/^\[|\]$/g, '')])];
  const vouching = { url: url.origin, ...vouchedBy(flags) };
  becomeOwner(dataDir);
  const nowMs = Date.now();
  const made = {
    dataDir,
    grade,
    threshold,
    founders,
    hosts,
    policy: policyBytes,
    principals,
    invitationDays,
    nowMs,
    ...vouching,
  };
  await initialise(made, {
    prepare: () => {
      if (out === null) return requireRead();
      requireOutsideData(out, dataDir);
      makeFounderFolder(
        out,
        founders.map(({ name }) => name),
      );
    },
    handOut: async (invited, ca) => {
      for (const warning of warnings(grade, policyBytes, flags.referenceValues)) console.error(`twinlockd: ${warning}`);
      const digest = referenceValuesDigest(policyBytes);
      const written =
        out === null ? null : writeFounderFiles(out, invited, { vault: url.origin, ca, referenceValues: digest });
      const certificate = ca === null ? null : soleDigest(certificatesIn(ca, '--ca'));
      const told = { data: dataDir, url: url.origin, hosts, certificate, referenceValuesDigest: digest };
      try {
        if (flags.json === true || written === null) {
          await print(JSON.stringify({ ...told, invitations: written ?? invited }));
          return;
        }
        await print(initText({ ...told, grade, groups, invitations: written, ...servingOf(flags) }));
      } catch (error) {
        removeFounderFiles(written ?? []);
        throw error;
      }
    },
  });
}

/** The certificate that founders trust, if it is not the folder's own. Throws `usage`, and as `readFoundersCa`. */
function vouchedBy({ ca, publicCa }: InitFlags): { readonly ca?: string | null } {
  must(ca === undefined || publicCa !== true, 'usage', 'give --ca or --public-ca, and not both');
  if (publicCa === true) return { ca: null };
  return ca === undefined ? {} : { ca: readFoundersCa(ca) };
}

/** The flags that `serve` needs so that founders reach it, and the flag that names the certificate they trust. */
function servingOf({ host = [], url, ca, publicCa }: InitFlags): Pick<Made, 'serve' | 'vouched'> {
  const listen =
    host.length > 0 || url !== undefined
      ? ['--listen', `0.0.0.0:${url === undefined ? DEFAULT_PORT : url.port || '443'}`]
      : [];
  const vouched = publicCa === true ? 'public' : ca === undefined ? 'own' : 'file';
  const tls = vouched === 'own' ? [] : ['--tls-cert', 'CERTIFICATE', '--tls-key', 'KEY'];
  return { serve: [...listen, ...tls], vouched };
}

/** A standard output that is closed, Node opens as /dev/null: the invitations would be lost. Throws `usage`. */
function requireRead(): void {
  const nowhere = statSync('/dev/null', { throwIfNoEntry: false });
  must(
    nowhere === undefined || fstatSync(1).rdev !== nowhere.rdev,
    'usage',
    'standard output is closed or goes to /dev/null, and with it the only invitations: let something read it, or give --out FOLDER',
  );
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

/** Beside the data folder, and not in it: in that, invitations are kept as hashes. */
function foundersFolder(dataDir: string): string {
  // The text after “.” would name a folder in it.
  const named = /^\.{1,2}$/.test(basename(dataDir)) ? resolve(dataDir) : dataDir;
  return `${named.replace(/(?<=.)\/+$/, '')}-founders`;
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
    referenceValues === undefined ? null : readJsonFlag('--reference-values', referenceValues, parseReferenceValues);
  if (policy === undefined) return foundingPolicy(grade, null, values, groups);
  const founding = (given: unknown) => foundingPolicy(grade, given as object | null, values);
  return readJsonFlag('--policy', policy, founding, parseCommentedJson);
}

/** Warnings that a founder needs before the others enrol. */
function warnings(grade: Grade, policyBytes: Uint8Array, valuesFile: string | undefined): readonly string[] {
  const found: string[] = [];
  if (refusesEveryHost(policyBytes)) {
    found.push(
      valuesFile === undefined
        ? 'the policy has no reference values, so no host can pass: give --reference-values, or let the custodians propose them'
        : `--reference-values ${valuesFile}: these reference values accept no host: they have no values for a CPU or a TPM (twinlock reference-values check ${shellWord(valuesFile)})`,
    );
  }
  if (grade === 'production') found.push(...productionCautionsOf(parsePolicy(policyBytes).policy.referenceValues));
  return found;
}
