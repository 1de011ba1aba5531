import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import chromium, { inflate } from '@sparticuz/chromium';

const cache = join(import.meta.dirname, '../../node_modules/.cache/twinlock');

/**
 * The package unpacks into os.tmpdir() and takes any file named `chromium` there for a finished
 * one, so two processes at once run half a file: unpack aside, once, then rename.
 */
export async function unpackChromium(): Promise<string> {
  const dir = join(cache, 'chromium-153.0.0');
  const binary = join(dir, 'chromium');
  if (existsSync(binary)) return binary;
  mkdirSync(cache, { recursive: true });
  const aside = mkdtempSync(join(cache, 'unpack-'));
  const before = process.env['TMPDIR'];
  process.env['TMPDIR'] = aside;
  try {
    await chromium.executablePath();
    // NSS, NSPR and expat, which a bare machine lacks; launchBrowser() points LD_LIBRARY_PATH here.
    const entry = createRequire(import.meta.url).resolve('@sparticuz/chromium');
    await inflate(join(dirname(entry), '../bin/al2023.tar.br'));
    // The package's own fonts.conf names only Lambda's folders; without a font, text has no height and
    // Playwright waits for ever for it to be visible.
    const fonts = `<fontconfig><dir>${dir}/fonts</dir><cachedir>${dir}/fonts-cache</cachedir></fontconfig>`;
    writeFileSync(join(aside, 'fonts/fonts.conf'), fonts);
    const env = { ...process.env, LD_LIBRARY_PATH: join(aside, 'al2023/lib') };
    execFileSync(join(aside, 'chromium'), ['--version'], { env });
    renameSync(aside, dir);
  } catch (error) {
    rmSync(aside, { recursive: true, force: true });
    if (!existsSync(binary)) throw error; // else another process was first
  } finally {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  }
  return binary;
}
