import { beforeEach, expect, it } from 'vitest';
import { FakeBackend } from '../backend/fake';
import { App } from './app.svelte';
import { Project } from './project.svelte';

let backend: FakeBackend;
let app: App;
let project: Project;

beforeEach(() => {
  backend = new FakeBackend({ scene: 'home' });
  app = new App(backend);
  project = new Project(app);
});

it('a folder without a history is offered one, and taken then', async () => {
  expect(await project.chooseFolder()).toBe(false);
  expect(project.setUpCandidate?.name).toBe('notes');
  expect(project.current).toBeNull();
  expect(await project.setUp()).toBe(true);
  expect(project.setUpCandidate).toBeNull();
  expect(project.current?.name).toBe('notes');
});

it('a closed dialog changes nothing', async () => {
  await project.choose('/home/sam/Projects/acme-shop');
  backend.chosen = null;
  expect(await project.chooseFolder()).toBe(false);
  expect(project.current?.name).toBe('acme-shop');
});

it('a folder that is gone is said, and not taken', async () => {
  expect(await project.choose('/gone')).toBe(false);
  expect(project.current).toBeNull();
  expect(app.toasts.visible[0]?.notice?.code).toBe('project_missing');
});
