/**
 * The causes that overtake a proposal: it keeps its votes and cannot take effect while the cause lasts. Texts after
 * “overtaken: ”.
 */
export const OVERTAKING = {
  policy: 'another policy has been put in force since',
  committee: 'the committee’s shares have been dealt anew since',
  version_published: 'the version has been published since',
  version_withdrawn: 'the version has been withdrawn since',
  no_other_policy: 'security keys have been retired since, and no other policy could be put in force under it',
  machine_enrolled: 'the machine’s key has been enrolled since',
  name_taken: 'a machine or a person has been enrolled since whose name looks like it',
  machine_retired: 'the key of the machine that asks has been retired since',
  key_retired: 'the security key has been retired since',
  stopped_again: 'the vault has been stopped again since',
  resumed: 'the vault has been resumed since',
  clock_moved: 'the log’s clock has been signed or set back since',
} as const;

export type Overtaking = keyof typeof OVERTAKING;
