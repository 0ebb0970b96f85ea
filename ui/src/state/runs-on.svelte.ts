import { asNotice } from '../backend';
import type { Endpoint, EndpointId, Notice } from '../bindings/protocol';
import type { App } from './app.svelte';

/** Where the batch that is being written will run and, at an endpoint, on which repository. */
export class RunsOn {
  /** Whether the smaller, quicker model does the work there. */
  haiku = $state(false);
  /** The repository's address. */
  address = $state('');
  /** Its branches, as far as they are known. */
  branches: string[] = $state.raw([]);
  /** Why its branches could not be read. */
  notice: Notice | null = $state.raw(null);
  #chosen: EndpointId | null = $state(null);
  #looks = 0;
  #app: App;
  /** The endpoint; none: this computer. One that was removed from the settings is none. */
  readonly endpoint: Endpoint | undefined = $derived.by(() =>
    this.#app.settings.endpoints.find(({ id }) => id === this.#chosen),
  );

  constructor(app: App) {
    this.#app = app;
  }

  /** Chooses a place; null: this computer. */
  choose(id: EndpointId | null): void {
    this.#chosen = id;
    if (this.address !== '' && this.branches.length === 0) void this.look();
  }

  /** Takes a repository and reads its branches. */
  take(address: string): void {
    if (address === this.address) return;
    this.address = address;
    void this.look();
  }

  /** Reads the branches again. */
  async look(): Promise<void> {
    const number = (this.#looks += 1);
    const { address } = this;
    this.branches = [];
    this.notice = null;
    if (!this.endpoint || address === '') return;
    try {
      const branches = await this.#app.backend.branches(address);
      if (number === this.#looks) this.branches = branches;
    } catch (error) {
      const notice = asNotice(error);
      // Those of some hosts can't be listed; then a branch is named by hand.
      if (number === this.#looks && notice.code !== 'bad_request') this.notice = notice;
    }
  }
}
