import { createContext } from 'svelte';
import { SvelteMap } from 'svelte/reactivity';
import { asNotice, type Backend, type Subscription } from '../backend';
import type {
  BatchDetail,
  BatchId,
  BatchView,
  HomeView,
  Notice,
  PlaceView,
  ProjectRef,
  Settings,
  TaskId,
  TaskView,
} from '../bindings/protocol';
import { inTurn } from '../lib/turns';
import { Asking } from './asking.svelte';
import { Router } from './router.svelte';
import { Toasts } from './toasts.svelte';

const SETTINGS: Settings = {
  theme: 'system',
  limit: 3,
  notify: true,
  text_size: 100,
  agents: [],
  endpoints: [],
  github_api: '',
};
const NOWHERE: PlaceView = { busy: 0, limit: 0, waiting: 0, paused: null, holds: [] };

/**
 * What the window knows. Views of batches and tasks are kept by id and replaced only by
 * ones with a higher revision; so it listens first, then reads, and the order of the two
 * does not matter.
 */
export class App {
  readonly backend: Backend;
  readonly router = new Router();
  readonly toasts = new Toasts();

  readonly batches = new SvelteMap<BatchId, BatchView>();
  readonly tasks = new SvelteMap<TaskId, TaskView>();
  /** The tasks of a batch in order, once it was opened. */
  readonly tasksOf = new SvelteMap<BatchId, TaskId[]>();
  /** What stands for a batch as a whole, once its place has said something of it. */
  readonly wholeOf = new SvelteMap<BatchId, TaskId>();

  place: PlaceView = $state.raw(NOWHERE);
  projects: ProjectRef[] = $state.raw([]);
  /** Repositories that batches at endpoints used before. */
  repositories: ProjectRef[] = $state.raw([]);
  settings: Settings = $state.raw(SETTINGS);
  /** What a person should know once. */
  notices: Notice[] = $state.raw([]);
  /** How many tasks worked when the window was asked to close; null: it wasn't. */
  quitAsked: number | null = $state(null);
  ready = $state(false);
  /** Why nothing can be done at all, such as a data folder that is in use. */
  failure: Notice | null = $state.raw(null);

  readonly running = $derived(newestFirst(this.batches, (batch) => batch.ended_at === null));
  readonly recent = $derived(newestFirst(this.batches, (batch) => batch.ended_at !== null));
  /** What agents ask. */
  readonly asking = new Asking(this);

  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- nobody shows it
  #followed = new Map<string, Subscription>();
  #saveInTurn = inTurn();
  /** How often the place was told: a reading that began before is older. */
  #placeTold = 0;

  constructor(backend: Backend) {
    this.backend = backend;
  }

  /** Listens, then reads what is there. */
  async open(): Promise<void> {
    await this.#follow('place', this.backend.onPlace((place) => this.#takePlace(place)));
    const quit = this.backend.onQuitAsked(({ working }) => (this.quitAsked = working));
    await this.#follow('quit-asked', quit);
    const opens = this.backend.onOpenAsked(({ batch, task }) => this.router.go(batch ? { page: 'batch', batch, task } : { page: 'needs-you' }));
    await this.#follow('open-asked', opens);
    const settings = await this.attempt(() => this.backend.settings());
    if (settings) this.settings = settings;
    try {
      await this.#read();
    } catch (error) {
      this.failure = asNotice(error);
    }
    this.ready = true;
  }

  /** Reads home again: projects, batches, the place. */
  async refresh(): Promise<void> {
    await this.attempt(() => this.#read());
  }

  /** A message of `notices` was read. */
  dismiss(notice: Notice): void {
    this.notices = this.notices.filter((other) => other !== notice);
  }

  /** Does `what`; an error is told to the person, and gives undefined. */
  async attempt<T>(what: () => Promise<T>): Promise<T | undefined> {
    try {
      return await what();
    } catch (error) {
      this.toasts.tell(asNotice(error));
      return undefined;
    }
  }

  /** Opens a batch with all its tasks and keeps them current until `closeBatch`. */
  async openBatch(id: BatchId): Promise<BatchDetail | undefined> {
    await this.followBatch(id);
    const first = await this.attempt(() => this.backend.batch(id));
    if (!first) return undefined;
    this.takeBatch(first);
    await Promise.all(first.tasks.map((task) => this.followTask(task.id)));
    return this.readBatch(id);
  }

  /** Reads an open batch again: what stands for it as a whole may be there now. */
  async readBatch(id: BatchId): Promise<BatchDetail | undefined> {
    const detail = await this.attempt(() => this.backend.batch(id));
    if (!detail) return undefined;
    this.takeBatch(detail);
    const { whole } = detail;
    if (!whole || this.#followed.has(`task:${whole.id}`)) return detail;
    await this.followTask(whole.id);
    const view = await this.attempt(() => this.backend.task(whole.id));
    if (view) this.takeTask(view);
    return detail;
  }

  /** Stops following the tasks of a batch; the batch itself stays followed for the sidebar. */
  closeBatch(id: BatchId): void {
    for (const task of this.tasksOf.get(id) ?? []) if (!this.asking.ids.has(task)) this.#unfollow(`task:${task}`);
    const whole = this.wholeOf.get(id);
    if (whole) this.#unfollow(`task:${whole}`);
  }

  async followTask(id: TaskId): Promise<void> {
    if (this.#followed.has(`task:${id}`)) return;
    await this.#follow(`task:${id}`, this.backend.onTask(id, (view) => this.takeTask(view)));
  }

  async followBatch(id: BatchId): Promise<void> {
    if (this.#followed.has(`batch:${id}`)) return;
    await this.#follow(`batch:${id}`, this.backend.onBatch(id, (view) => this.#takeBatchView(view)));
  }

  takeBatch(detail: BatchDetail): void {
    this.#takeBatchView(detail.batch);
    this.tasksOf.set(detail.batch.id, detail.tasks.map((task) => task.id));
    for (const task of detail.tasks) this.takeTask(task);
    if (!detail.whole) return;
    this.wholeOf.set(detail.batch.id, detail.whole.id);
    this.takeTask(detail.whole);
  }

  takeTask(view: TaskView): void {
    if ((this.tasks.get(view.id)?.revision ?? -1) < view.revision) this.tasks.set(view.id, view);
  }

  /** Changes how many tasks may work at the same time on this computer. */
  async setLimit(limit: number): Promise<void> {
    this.settings = { ...this.settings, limit };
    await this.attempt(() => this.#saveInTurn(() => this.backend.setLimit(limit)));
  }

  /** Changes settings: seen at once, then kept. */
  async set(change: Partial<Settings>): Promise<void> {
    this.settings = { ...this.settings, ...change };
    const { settings } = this;
    await this.attempt(() => this.#saveInTurn(() => this.backend.saveSettings(settings)));
  }

  /** Changes endpoints, secrets or agents; the settings take up what that changed in them. */
  async keeping<T>(change: () => Promise<T>): Promise<T> {
    return this.#saveInTurn(async () => {
      const view = await change();
      const { endpoints, github_api, agents } = await this.backend.settings();
      this.settings = { ...this.settings, endpoints, github_api, agents };
      return view;
    });
  }

  async #read(): Promise<void> {
    const first = await this.#readHome();
    await Promise.all([...first.running, ...first.recent].map(({ id }) => this.followBatch(id)));
    // What changed between the reading and the listening.
    await this.#readHome();
  }

  async #readHome(): Promise<HomeView> {
    const told = this.#placeTold;
    const home = await this.backend.home();
    if (told === this.#placeTold) this.place = home.place;
    this.projects = home.projects;
    this.repositories = home.repositories ?? [];
    // Each is handed out once.
    this.notices = [...this.notices, ...home.notices];
    for (const batch of [...home.running, ...home.recent]) this.#takeBatchView(batch);
    return home;
  }

  #takePlace(place: PlaceView): void {
    this.#placeTold += 1;
    this.place = place;
  }

  #takeBatchView(view: BatchView): void {
    if ((this.batches.get(view.id)?.revision ?? -1) < view.revision) this.batches.set(view.id, view);
  }

  async #follow(key: string, subscription: Subscription): Promise<void> {
    this.#followed.get(key)?.end();
    this.#followed.set(key, subscription);
    await this.attempt(() => subscription.ready);
  }

  #unfollow(key: string): void {
    this.#followed.get(key)?.end();
    this.#followed.delete(key);
  }
}

function newestFirst(batches: Iterable<[BatchId, BatchView]>, wanted: (batch: BatchView) => boolean): BatchView[] {
  const found = [...batches].map(([, batch]) => batch).filter(wanted);
  return found.sort((a, b) => b.created_at - a.created_at);
}

/** The window's state, for every view inside. */
export const [getApp, setApp] = createContext<App>();
