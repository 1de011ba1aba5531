import { requireFlag, wordsOf } from '../given-flags.ts';
import type { EvidenceSource, SourceFlag } from '../source.ts';

const COMMAND: SourceFlag = {
  flag: '--token-command',
  value: '<command>',
  about: 'token: prints the token for {reportData}, base64; no shell reads it',
  implies: true,
};

export const TOKEN_SOURCE: EvidenceSource = {
  name: 'token',
  isHardware: true,
  flags: [COMMAND],
  collector: (given, devices) =>
    devices.trustAuthorityToken(wordsOf(requireFlag(given, COMMAND, '--token-command COMMAND'))),
};
