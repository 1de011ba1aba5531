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
 * The page's policy: the scripts that were built and nothing else, no text that becomes markup or code, no
 * frame around it, no address but its own. Whoever runs code here could use a touch.
 */
export function securityHeaders({ scripts }: Bundle): MiddlewareHandler {
  const hashes = scripts.map((hash) => `'${hash}'`).join(' ');
  const fixed: Readonly<Record<string, string>> = {
    'content-security-policy': [
      "default-src 'none'",
      `script-src ${hashes} 'strict-dynamic'`,
      "style-src 'self'",
      "img-src 'self'",
      "connect-src 'self'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
      "form-action 'none'",
    ].join('; '),
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
  return async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(fixed)) c.res.headers.set(name, value);
  };
}
