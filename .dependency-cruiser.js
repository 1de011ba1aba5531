/** Which folder may import which: the architecture's arrows, checked. */
const only = (name, from, allowed, modules = []) => ({
  name,
  severity: 'error',
  from: { path: `^${from}/` },
  to: { pathNot: [`^${from}/`, ...allowed.map((a) => `^${a}`), ...modules.map((m) => `^node_modules/${m}/`)] },
});
const PURE = [
  '@noble/(curves|ciphers|hashes|post-quantum)',
  '@scure/(base|bip39)',
  '@levischuck/tiny-cbor',
  'hpke',
  'canonicalize',
  'immutable',
  'zod',
];

/** One platform's folder, and in the client also its file; a new platform's are among them. */
const PLATFORM = '^src/core/attest/(?!kit/|paravisor/)[^/]+/';
const CLIENT_PLATFORM = '^client/platforms/(?!kit/|(?:platforms?|paravisor|source|given-flags)[.])[^/.]+[./]';

export default {
  forbidden: [
    {
      name: 'no-circular-folders',
      severity: 'error',
      scope: 'folder',
      from: { path: '^(src|client|demo)' },
      to: { circular: true },
    },
    { name: 'no-circular', severity: 'error', from: { pathNot: '^node_modules/' }, to: { circular: true } },
    {
      name: 'not-resolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    only('core-is-pure', 'src/core', [], PURE),
    only('wire-sees-core', 'src/wire', ['src/core/'], PURE),
    only(
      'vault-sees-core-and-wire',
      'src/vault',
      ['src/core/', 'src/wire/', 'src/platform/(?:queue|turns)\\.ts$'],
      ['@noble/hashes'],
    ),
    only('platform-sees-core', 'src/platform', [
      'src/core/',
      '(node:)?(crypto|events|fs|fs/promises|os|path|worker_threads)$',
    ]),
    only('command-line-sees-its-parser-alone', 'src/command-line', [], ['commander']),
    only('sockets-see-node-alone', 'src/sockets', ['(node:)?(diagnostics_channel|http|net|tls)$']),
    {
      name: 'http-sees-no-store',
      severity: 'error',
      from: { path: '^src/http/' },
      to: { path: '^src/store/' },
    },
    {
      name: 'store-sees-no-use-case',
      severity: 'error',
      from: { path: '^src/store/' },
      to: { path: '^src/(http/|wire/|vault/(?!ports\\.ts$))' },
    },
    {
      name: 'endorse-sees-core-files-and-its-port',
      severity: 'error',
      from: { path: '^src/endorse/' },
      to: {
        path: '^src/',
        pathNot:
          '^src/(endorse/|core/|platform/(queue|files/(bounded|write-aside))\\.ts$|sockets/(blocked-ports|loopback)\\.ts$|vault/ports\\.ts$)',
      },
    },
    {
      name: 'clients-see-core-wire-platform-sockets',
      severity: 'error',
      from: { path: '^(client|demo)/' },
      to: { path: '^src/', pathNot: '^src/(command-line|core|wire|platform|sockets)/' },
    },
    {
      name: 'core-reaches-no-node',
      comment: 'also through what core imports',
      severity: 'error',
      from: { path: '^src/core/' },
      to: { reachable: true, path: '^(node:)?(fs|net|http|https|child_process|os|process|worker_threads|crypto)$' },
    },
    {
      name: 'platform-sees-no-other',
      comment: 'what two platforms share is in kit/; what lies below a TPM is named in paravisor/',
      severity: 'error',
      from: { path: PLATFORM.replace('[^/]+', '([^/]+)') },
      to: { path: PLATFORM, pathNot: '^src/core/attest/$1/' },
    },
    {
      name: 'client-platform-sees-no-other',
      severity: 'error',
      from: { path: CLIENT_PLATFORM.replace('[^/.]+', '([^/.]+)') },
      to: { path: CLIENT_PLATFORM, pathNot: '^client/platforms/$1[./]' },
    },
    {
      name: 'not-to-dev-dep',
      severity: 'error',
      from: { path: '^(src|client)/', pathNot: '^client/console/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'not-to-demo',
      comment: 'its simulated keys are in no program but the demo',
      severity: 'error',
      from: { path: '^(src|client)/' },
      to: { path: '^demo/' },
    },
    {
      name: 'not-to-test',
      severity: 'error',
      from: { path: '^(src|client|demo)/' },
      to: { path: '^test/' },
    },
  ],
  options: {
    // Pure libraries are followed, so that a node: import inside one of them is seen too.
    doNotFollow: { path: 'node_modules/(?!@noble/|@scure/|@levischuck/|hpke/|canonicalize/|immutable/|zod/)' },
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'default'],
      mainFields: ['module', 'main'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.cjs', '.json'],
    },
    builtInModules: { add: ['node:sqlite', 'node:test'] },
    skipAnalysisNotInRules: false,
  },
};
