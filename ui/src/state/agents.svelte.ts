import { createContext } from 'svelte';
import { asNotice, type Subscription } from '../backend';
import type { AgentChoice, AgentsView, AgentView, KnownAgent, UserMessage } from '../bindings/protocol';
import { agentKey, isUsable } from '../lib/agents';
import type { App } from './app.svelte';

/** The agents of this computer, as they were last asked. Nothing here makes one be asked by itself. */
export class Agents {
  view: AgentsView | null = $state.raw(null);
  /** Those that can be given work. */
  readonly usable = $derived((this.view?.agents ?? []).filter(isUsable));
  /** Whether none of them was ever asked. */
  readonly isNeverChecked = $derived((this.view?.agents ?? []).every((one) => one.checked_at === null));
  /** Whether one is being asked or installed. */
  readonly isBusy = $derived((this.view?.agents ?? []).some((one) => one.busy !== ''));
  #app: App;
  #subscription: Subscription | undefined;

  constructor(app: App) {
    this.#app = app;
  }

  /** Listens, then reads what is known. */
  async open(): Promise<void> {
    this.#subscription?.unsubscribe();
    this.#subscription = this.#app.backend.onAgents((view) => (this.view = view));
    const { ready } = this.#subscription;
    await this.#app.withErrorToast(() => ready);
    await this.#load();
  }

  close(): void {
    this.#subscription?.unsubscribe();
    this.#subscription = undefined;
  }

  find(agent: AgentChoice): AgentView | undefined {
    const key = agentKey(agent);
    return this.view?.agents.find((one) => agentKey(one.agent) === key);
  }

  /** Asks one agent, or all of them, how it stands. */
  async check(agent: AgentChoice | null): Promise<void> {
    await this.#showErrorOf(() => this.#app.backend.checkAgents(agent));
  }

  /** Installs what is missing for an agent, in a folder of ours. The person has said so. */
  async install(id: KnownAgent): Promise<UserMessage | null> {
    return this.#change(() => this.#app.backend.installAgent(id));
  }

  /** Stores an agent's key. Returns the error, or `null`. */
  async setKey(id: KnownAgent, key: string): Promise<UserMessage | null> {
    return this.#change(() => this.#app.backend.setAgentKey(id, key));
  }

  async removeKey(id: KnownAgent): Promise<UserMessage | null> {
    return this.#change(() => this.#app.backend.removeAgentKey(id));
  }

  /** Stores an agent of the person's own. Returns the error, or `null`. */
  async save(agent: AgentChoice): Promise<UserMessage | null> {
    return this.#change(() => this.#app.withSettingsReload(() => this.#app.backend.saveAgent(agent)));
  }

  /** Removes an agent of the person's own. Returns a function that undoes it, or `undefined` on an error. */
  async remove(agent: AgentChoice): Promise<(() => void) | undefined> {
    const error = await this.#change(() => this.#app.withSettingsReload(() => this.#app.backend.removeAgent(agent)));
    if (error) this.#app.toasts.showError(error);
    return error
      ? undefined
      : () => void this.#showErrorOf(() => this.#app.withSettingsReload(() => this.#app.backend.saveAgent(agent)));
  }

  async #showErrorOf(change: () => Promise<unknown>): Promise<void> {
    const error = await this.#change(change);
    if (error) this.#app.toasts.showError(error);
  }

  async #change(change: () => Promise<unknown>): Promise<UserMessage | null> {
    try {
      await change();
      await this.#load();
      return null;
    } catch (error) {
      return asNotice(error);
    }
  }

  /** Reads their states; an event that came meanwhile is newer. */
  async #load(): Promise<void> {
    const before = this.view;
    const view = await this.#app.withErrorToast(() => this.#app.backend.agents());
    if (view && this.view === before) this.view = view;
  }
}

export const [getAgents, setAgents] = createContext<Agents>();
