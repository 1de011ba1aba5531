/** A role with its article, for people. */
export function roleText(role: 'custodian' | 'depositor' | 'requester' | 'auditor'): string {
  return `${role === 'auditor' ? 'an' : 'a'} ${role}`;
}
