import type { MiddlewareHandler } from 'hono';
import type { Bundle } from './bundle.ts';

/** The browser features to disable: all but the two that the ceremonies need. */
const FEATURES_OFF = [
  'accelerometer',
  'autoplay',
  'camera',
  'clipboard-read',
  'clipboard-write',
  'display-capture',
  'encrypted-media',
  'fullscreen',
  'geolocation',
  'gyroscope',
  'hid',
  'identity-credentials-get',
  'idle-detection',
  'local-fonts',
  'magnetometer',
  'microphone',
  'midi',
  'otp-credentials',
  'payment',
  'picture-in-picture',
  'screen-wake-lock',
  'serial',
  'storage-access',
  'usb',
  'window-management',
  'xr-spatial-tracking',
];

/**
 * The page's policy: it allows only the built scripts and styles, no text that becomes markup or code, no frame around
 * the page, and requests only to its own address. Injected code could misuse a touch.
 */
function pagePolicy({ scripts, styles }: Bundle): string {
  const hashes = (of: readonly string[]) => (of.length === 0 ? "'none'" : of.map((hash) => `'${hash}'`).join(' '));
  return [
    "default-src 'none'",
    `script-src ${hashes(scripts)}`,
    `style-src ${hashes(styles)}`,
    "img-src 'self'",
    "connect-src 'self'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

/** The policy of all other answers: a browser that opened one would run nothing, in an origin of its own. */
const INERT_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'";

/** Headers sent with every response, also with refusals and the vault's answers. */
const FIXED: Readonly<Record<string, string>> = {
  'integrity-policy': 'blocked-destinations=(script)',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': [
    'publickey-credentials-create=(self)',
    'publickey-credentials-get=(self)',
    ...FEATURES_OFF.map((feature) => `${feature}=()`),
  ].join(', '),
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

export function securityHeaders(bundle: Bundle): MiddlewareHandler {
  const policy = pagePolicy(bundle);
  return async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(FIXED)) c.res.headers.set(name, value);
    c.res.headers.set('content-security-policy', c.req.path === '/' ? policy : INERT_POLICY);
  };
}
