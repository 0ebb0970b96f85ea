import '@fontsource-variable/inter/opsz.css';
import '@fontsource-variable/jetbrains-mono';
import './styles/tokens.css';
import './styles/base.css';
import './styles/pop.css';
import { mount } from 'svelte';
import { openBackend } from './backend';
import { App } from './state/app.svelte';
import Shell from './views/shell/Shell.svelte';

const target = document.getElementById('app');
if (!target) throw new Error('BUG: index.html has no #app');

/** The letters are there before the first word is, unless they take too long. */
const fontsLoaded = Promise.race([
  document.fonts.load('500 1rem "Inter Variable"'),
  new Promise((done) => setTimeout(done, 400)),
]);

const [backend] = await Promise.all([openBackend(), fontsLoaded]);
const app = new App(backend);
mount(Shell, { target, props: { app } });
