/** A header that the console's server adds to its own answers; it passes on no header of the vault's. */
export const VAULT_HEADER = 'twinlock-vault';
/** No connection was made, so nothing of the request was sent. */
export const VAULT_NOT_REACHED = 'not-reached';
