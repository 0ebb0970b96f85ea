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

const app = new App(await openBackend());
mount(Shell, { target, props: { app } });
