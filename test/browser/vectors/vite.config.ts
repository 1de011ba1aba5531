import { join } from 'node:path';
import { defineConfig } from 'vite';

/** The core and two of the console's panels as a page of their own, for the console's server to serve to a test. */
export default defineConfig({
  root: import.meta.dirname,
  base: '/',
  logLevel: 'warn',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: join(import.meta.dirname, '../../../dist/test-page'),
    emptyOutDir: true,
    target: 'es2024',
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 2000,
  },
});
