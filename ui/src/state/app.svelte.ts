import { createContext } from 'svelte';
import { SvelteMap } from 'svelte/reactivity';
import { asNotice, type Backend, type Subscription } from '../backend';
import type {
  BatchDetail,
  BatchId,
  BatchView,
  HomeView,
  UserMessage,
  EndpointId,
  Place,
  PlaceView,
  ProjectRef,
  Settings,
  TaskId,
  TaskView,
} from '../bindings/protocol';
import { serialQueue } from '../lib/serial-queue';
import { PendingQuestions } from './pending-questions.svelte';
import { Router } from './router.svelte';
import { Toasts } from './toasts.svelte';

const DEFAULT_SETTINGS: Settings = {
  theme: 'system',
  limit: 3,
  notify: true,
  text_size: 100,
  agents: [],
  endpoints: [],
  github_api: '',
};
const EMPTY_PLACE: PlaceView = { busy: 0, limit: 0, waiting: 0, paused: null, holds: [] };

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
  readonly taskIdsByBatch = new SvelteMap<BatchId, TaskId[]>();
  /** What stands for a batch as a whole, once its place has said something of it. */
  readonly channelIdByBatch = new SvelteMap<BatchId, TaskId>();

  place: PlaceView = $state.raw(EMPTY_PLACE);
  /** Where a batch can run: this computer first. */
  places: Place[] = $state.raw([]);
  projects: ProjectRef[] = $state.raw([]);
  /** Repositories that batches at endpoints used before. */
  repositories: ProjectRef[] = $state.raw([]);
  settings: Settings = $state.raw(DEFAULT_SETTINGS);
  /** What a person should know once. */
  notices: UserMessage[] = $state.raw([]);
  /** How many tasks worked when the window was asked to close; `null` if it wasn't. */
  workingTasksAtQuit: number | null = $state(null);
  isReady = $state(false);
  /** Why nothing can be done at all, such as a data folder that is in use. */
  failure: UserMessage | null = $state.raw(null);

  readonly running = $derived(filterNewestFirst(this.batches, (batch) => batch.ended_at === null));
  readonly recent = $derived(filterNewestFirst(this.batches, (batch) => batch.ended_at !== null));
  /** What agents ask. */
  readonly pendingQuestions = new PendingQuestions(this);

  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- nobody shows it
  #subscriptions = new Map<string, Subscription>();
  #enqueueSave = serialQueue();
  /** How many updates of the place came: a reading that began before is older. */
  #placeUpdates = 0;

  constructor(backend: Backend) {
    this.backend = backend;
  }

  /** Listens, then reads what is there. */
  async open(): Promise<void> {
    await this.#subscribe(
      'place',
      this.backend.onPlace((place) => this.#setPlace(place)),
    );
    const quit = this.backend.onQuitRequested(({ working }) => (this.workingTasksAtQuit = working));
    await this.#subscribe('quit-asked', quit);
    const opens = this.backend.onOpenRequested(({ batch, task }) =>
      this.router.go(batch ? { page: 'batch', batch, task } : { page: 'needs-you' }),
    );
    await this.#subscribe('open-asked', opens);
    const settings = await this.withErrorToast(() => this.backend.settings());
    if (settings) this.settings = settings;
    try {
      await this.#load();
    } catch (error) {
      this.failure = asNotice(error);
    }
    this.isReady = true;
  }

  /** The place of requests that name this endpoint, or none; `undefined` if it isn't there any more. */
  findPlace(endpoint: EndpointId | null): Place | undefined {
    return endpoint === null ? this.places[0] : this.places.find(({ id }) => id === endpoint);
  }

  /** Reads home again: projects, batches, the place. */
  async refresh(): Promise<void> {
    await this.withErrorToast(() => this.#load());
  }

  /** A message of `notices` was read. */
  dismissNotice(notice: UserMessage): void {
    this.notices = this.notices.filter((other) => other !== notice);
  }

  /** Runs `what`. An error is shown as a toast, and `undefined` is returned. */
  async withErrorToast<T>(what: () => Promise<T>): Promise<T | undefined> {
    try {
      return await what();
    } catch (error) {
      this.toasts.showError(asNotice(error));
      return undefined;
    }
  }

  /** Opens a batch with all its tasks and keeps them current until `closeBatch`. */
  async openBatch(id: BatchId): Promise<BatchDetail | undefined> {
    await this.subscribeToBatch(id);
    const first = await this.withErrorToast(() => this.backend.batch(id));
    if (!first) return undefined;
    this.mergeBatch(first);
    await Promise.all(first.tasks.map((task) => this.subscribeToTask(task.id)));
    return this.reloadBatch(id);
  }

  /** Reads an open batch again: what stands for it as a whole may be there now. */
  async reloadBatch(id: BatchId): Promise<BatchDetail | undefined> {
    const detail = await this.withErrorToast(() => this.backend.batch(id));
    if (!detail) return undefined;
    this.mergeBatch(detail);
    const { whole } = detail;
    if (!whole || this.#subscriptions.has(`task:${whole.id}`)) return detail;
    await this.subscribeToTask(whole.id);
    const view = await this.withErrorToast(() => this.backend.task(whole.id));
    if (view) this.mergeTask(view);
    return detail;
  }

  /** Stops following the tasks of a batch; the batch itself stays followed for the sidebar. */
  closeBatch(id: BatchId): void {
    for (const task of this.taskIdsByBatch.get(id) ?? [])
      if (!this.pendingQuestions.taskIds.has(task)) this.#unsubscribe(`task:${task}`);
    const whole = this.channelIdByBatch.get(id);
    if (whole) this.#unsubscribe(`task:${whole}`);
  }

  async subscribeToTask(id: TaskId): Promise<void> {
    if (this.#subscriptions.has(`task:${id}`)) return;
    await this.#subscribe(
      `task:${id}`,
      this.backend.onTask(id, (view) => this.mergeTask(view)),
    );
  }

  async subscribeToBatch(id: BatchId): Promise<void> {
    if (this.#subscriptions.has(`batch:${id}`)) return;
    await this.#subscribe(
      `batch:${id}`,
      this.backend.onBatch(id, (view) => this.#mergeBatchView(view)),
    );
  }

  mergeBatch(detail: BatchDetail): void {
    this.#mergeBatchView(detail.batch);
    this.taskIdsByBatch.set(
      detail.batch.id,
      detail.tasks.map((task) => task.id),
    );
    for (const task of detail.tasks) this.mergeTask(task);
    if (!detail.whole) return;
    this.channelIdByBatch.set(detail.batch.id, detail.whole.id);
    this.mergeTask(detail.whole);
  }

  mergeTask(view: TaskView): void {
    if ((this.tasks.get(view.id)?.revision ?? -1) < view.revision) this.tasks.set(view.id, view);
  }

  /** Changes how many tasks may work at the same time on this computer. */
  async setLimit(limit: number): Promise<void> {
    this.settings = { ...this.settings, limit };
    await this.withErrorToast(() => this.#enqueueSave(() => this.backend.setLimit(limit)));
  }

  /** Changes settings: seen at once, then kept. */
  async updateSettings(change: Partial<Settings>): Promise<void> {
    this.settings = { ...this.settings, ...change };
    const { settings } = this;
    await this.withErrorToast(() => this.#enqueueSave(() => this.backend.saveSettings(settings)));
  }

  /** Changes endpoints, secrets or agents; the settings take up what that changed in them. */
  async withSettingsReload<T>(change: () => Promise<T>): Promise<T> {
    return this.#enqueueSave(async () => {
      const view = await change();
      const [{ endpoints, github_api, agents }, places] = await Promise.all([
        this.backend.settings(),
        this.backend.places(),
      ]);
      this.places = places;
      this.settings = { ...this.settings, endpoints, github_api, agents };
      return view;
    });
  }

  async #load(): Promise<void> {
    this.places = await this.backend.places();
    const first = await this.#loadHome();
    await Promise.all([...first.running, ...first.recent].map(({ id }) => this.subscribeToBatch(id)));
    // What changed between the reading and the listening.
    await this.#loadHome();
  }

  async #loadHome(): Promise<HomeView> {
    const updatesBefore = this.#placeUpdates;
    const home = await this.backend.home();
    if (updatesBefore === this.#placeUpdates) this.place = home.place;
    this.projects = home.projects;
    this.repositories = home.repositories ?? [];
    // Each is handed out once.
    this.notices = [...this.notices, ...home.notices];
    for (const batch of [...home.running, ...home.recent]) this.#mergeBatchView(batch);
    return home;
  }

  #setPlace(place: PlaceView): void {
    this.#placeUpdates += 1;
    this.place = place;
  }

  #mergeBatchView(view: BatchView): void {
    if ((this.batches.get(view.id)?.revision ?? -1) < view.revision) this.batches.set(view.id, view);
  }

  async #subscribe(key: string, subscription: Subscription): Promise<void> {
    this.#subscriptions.get(key)?.unsubscribe();
    this.#subscriptions.set(key, subscription);
    await this.withErrorToast(() => subscription.ready);
  }

  #unsubscribe(key: string): void {
    this.#subscriptions.get(key)?.unsubscribe();
    this.#subscriptions.delete(key);
  }
}

function filterNewestFirst(
  batches: Iterable<[BatchId, BatchView]>,
  wanted: (batch: BatchView) => boolean,
): BatchView[] {
  const found = [...batches].map(([, batch]) => batch).filter(wanted);
  return found.sort((a, b) => b.created_at - a.created_at);
}

/** The window's state, for every view inside. */
export const [getApp, setApp] = createContext<App>();
