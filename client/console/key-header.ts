/** Every request of the page for `/local/…` has the console's key in this header: 32 bytes, base64url. */
export const KEY_HEADER = 'twinlock-console-key';
