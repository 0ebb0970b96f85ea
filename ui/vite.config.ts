import { svelte } from '@sveltejs/vite-plugin-svelte';
import { svelteTesting } from '@testing-library/svelte/vite';
import { defineConfig } from 'vitest/config';

export default defineConfig(({ mode }) => ({
  plugins: [svelte(), svelteTesting()],
  clearScreen: false,
  server: { port: 5173, strictPort: true, host: '127.0.0.1' },
  build: {
    // The page tests' build has the simulation of the shell; the app's hasn't.
    outDir: mode === 'pages' ? 'dist-pages' : 'dist',
    // The oldest engines with light-dark(): nothing below needs to be worked around.
    target: ['safari18', 'chrome123'],
    // The window's content security policy knows no data: addresses.
    assetsInlineLimit: 0,
  },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.ts'],
    setupFiles: ['src/test-setup.ts'],
    restoreMocks: true,
    // Its text is read by a test; other styles stay out of them.
    css: { include: [/tokens\.css/] },
  },
}));
