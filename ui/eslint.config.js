import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

/** Forbids imports of rooms, with the sentence that says which wall stands there. */
const wall = (message, ...rooms) => ({
  'no-restricted-imports': [
    'error',
    { patterns: [{ regex: `^(\\.\\.?/)+(${rooms.join('|')})(/|$)`, message }, tauri] },
  ],
});
const tauri = { group: ['@tauri-apps/*'], message: 'Only backend/tauri.ts talks to the shell.' };

export default ts.config(
  { ignores: ['dist/', 'dist-pages/', 'node_modules/', 'src/bindings/'] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  {
    languageOptions: { globals: globals.browser },
    rules: {
      // The number that tests/tidy knows, for what Prettier has wrapped.
      'max-lines': ['error', { max: 420 }],
      'no-restricted-imports': ['error', { patterns: [tauri] }],
      'no-eval': 'error',
      'svelte/no-at-html-tags': 'error',
      'svelte/button-has-type': 'error',
      'svelte/no-target-blank': 'error',
      'svelte/require-each-key': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-empty-function': 'off',
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser, svelteConfig } },
  },
  // The walls between the rooms: views -> components, state -> backend -> bindings.
  {
    files: ['src/components/**'],
    rules: wall('Components take props only.', 'views', 'state', 'backend'),
  },
  {
    files: ['src/lib/**'],
    rules: wall('lib is pure: values in, values out.', 'views', 'state', 'backend', 'components'),
  },
  { files: ['src/state/**'], rules: wall('State knows no looks.', 'views', 'components') },
  {
    files: ['src/backend/**'],
    rules: wall('The backend knows nobody above it.', 'views', 'state', 'components'),
  },
  { files: ['src/views/**'], rules: wall('Views ask the state, never the backend.', 'backend') },
  {
    files: ['src/backend/tauri.ts'],
    rules: { 'no-restricted-imports': 'off' },
  },
  { files: ['*.config.*'], languageOptions: { globals: globals.node } },
);
