import type { MiddlewareHandler } from 'hono';
import type { Bundle } from './bundle.ts';

/** Every feature that the browser knows and could be asked for, but the two that the ceremonies need. */
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
 * The policy of the page: the scripts and styles that were built and nothing else, no text that becomes markup or code,
 * no frame around it, no address but its own. Code that runs here could use a touch.
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

/** The policy of everything else: if a browser ever showed it, it would be nothing, in an origin of its own. */
const INERT_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'";

/** The headers of every answer, refusals and the vault's answers included. */
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
