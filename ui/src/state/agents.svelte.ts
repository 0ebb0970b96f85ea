import { createContext } from 'svelte';
import { asNotice, type Subscription } from '../backend';
import type { AgentChoice, AgentsView, AgentView, KnownAgent, Notice } from '../bindings/protocol';
import { agentKey, canWork } from '../lib/agents';
import type { App } from './app.svelte';

/** The agents of this computer, as they were last asked. Nothing here makes one be asked by itself. */
export class Agents {
  view: AgentsView | null = $state.raw(null);
  /** Those that can be given work. */
  readonly usable = $derived((this.view?.agents ?? []).filter(canWork));
  /** Whether none of them was ever asked. */
  readonly neverAsked = $derived((this.view?.agents ?? []).every((one) => one.checked_at === null));
  /** Whether one is being asked or installed. */
  readonly busy = $derived((this.view?.agents ?? []).some((one) => one.busy !== ''));
  #app: App;
  #told: Subscription | undefined;

  constructor(app: App) {
    this.#app = app;
  }

  /** Listens, then reads what is known. */
  async open(): Promise<void> {
    this.#told?.end();
    this.#told = this.#app.backend.onAgents((view) => (this.view = view));
    const { ready } = this.#told;
    await this.#app.attempt(() => ready);
    await this.#read();
  }

  close(): void {
    this.#told?.end();
    this.#told = undefined;
  }

  of(agent: AgentChoice): AgentView | undefined {
    const key = agentKey(agent);
    return this.view?.agents.find((one) => agentKey(one.agent) === key);
  }

  /** Asks one agent, or all of them, how it stands. */
  async check(agent: AgentChoice | null): Promise<void> {
    await this.#tellIfNot(() => this.#app.backend.checkAgents(agent));
  }

  /** Installs what is missing for an agent, in a folder of ours. The person has said so. */
  async install(id: KnownAgent): Promise<Notice | null> {
    return this.#change(() => this.#app.backend.installAgent(id));
  }

  /** Keeps an agent's key; gives what went wrong with that. */
  async setKey(id: KnownAgent, key: string): Promise<Notice | null> {
    return this.#change(() => this.#app.backend.setAgentKey(id, key));
  }

  async removeKey(id: KnownAgent): Promise<Notice | null> {
    return this.#change(() => this.#app.backend.removeAgentKey(id));
  }

  /** Keeps an agent of the person's own; gives what went wrong with that. */
  async save(agent: AgentChoice): Promise<Notice | null> {
    return this.#change(() => this.#app.keeping(() => this.#app.backend.saveAgent(agent)));
  }

  /** Forgets an agent of the person's own; calling what is given back brings it back. */
  async remove(agent: AgentChoice): Promise<(() => void) | undefined> {
    const wrong = await this.#change(() => this.#app.keeping(() => this.#app.backend.removeAgent(agent)));
    if (wrong) this.#app.toasts.tell(wrong);
    return wrong ? undefined : () => void this.#tellIfNot(() => this.#app.keeping(() => this.#app.backend.saveAgent(agent)));
  }

  async #tellIfNot(change: () => Promise<unknown>): Promise<void> {
    const wrong = await this.#change(change);
    if (wrong) this.#app.toasts.tell(wrong);
  }

  async #change(change: () => Promise<unknown>): Promise<Notice | null> {
    try {
      await change();
      await this.#read();
      return null;
    } catch (error) {
      return asNotice(error);
    }
  }

  /** Reads how they stand; what was told meanwhile is newer. */
  async #read(): Promise<void> {
    const before = this.view;
    const view = await this.#app.attempt(() => this.#app.backend.agents());
    if (view && this.view === before) this.view = view;
  }
}

export const [getAgents, setAgents] = createContext<Agents>();
