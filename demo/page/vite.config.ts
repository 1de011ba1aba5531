import { join } from 'node:path';
import { defineConfig, mergeConfig } from 'vite';
import ofConsole from '../../client/console/vite.config.ts';

/**
 * The console's page with one module of it replaced: the authenticator. The page that custodians use is built without
 * this file, and has nothing of the simulated key in it.
 */
export default mergeConfig(
  ofConsole,
  defineConfig({
    root: import.meta.dirname,
    publicDir: join(import.meta.dirname, '../../client/console/public'),
    resolve: {
      alias: [
        {
          find: '../browser-authenticator.ts',
          replacement: join(import.meta.dirname, 'simulated-authenticator.ts'),
        },
      ],
    },
    build: { outDir: '../../dist/demo-console', sourcemap: false },
  }),
);
