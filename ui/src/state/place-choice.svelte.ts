import { asNotice } from '../backend';
import type { Endpoint, EndpointId, UserMessage } from '../bindings/protocol';
import type { App } from './app.svelte';

/** Where the batch that is being written will run and, at an endpoint, on which repository. */
export class PlaceChoice {
  /** Whether the smaller, quicker model does the work there. */
  haiku = $state(false);
  /** The repository's address. */
  address = $state('');
  /** Its branches, as far as they are known. */
  branches: string[] = $state.raw([]);
  /** Why its branches could not be read. */
  notice: UserMessage | null = $state.raw(null);
  #endpointId: EndpointId | null = $state(null);
  #loadCount = 0;
  #app: App;
  /** The endpoint; `undefined` for this computer, also where it was removed from the settings. */
  readonly endpoint: Endpoint | undefined = $derived.by(() =>
    this.#app.settings.endpoints.find(({ id }) => id === this.#endpointId),
  );

  constructor(app: App) {
    this.#app = app;
  }

  /** Chooses an endpoint; `null` for this computer. */
  chooseEndpoint(id: EndpointId | null): void {
    this.#endpointId = id;
    if (this.address !== '' && this.branches.length === 0) void this.loadBranches();
  }

  /** Takes a repository and reads its branches. */
  chooseRepository(address: string): void {
    if (address === this.address) return;
    this.address = address;
    void this.loadBranches();
  }

  /** Reads the branches again. */
  async loadBranches(): Promise<void> {
    const number = (this.#loadCount += 1);
    const { address } = this;
    this.branches = [];
    this.notice = null;
    if (!this.endpoint || address === '') return;
    try {
      const branches = await this.#app.backend.branches(address);
      if (number === this.#loadCount) this.branches = branches;
    } catch (error) {
      const notice = asNotice(error);
      // Those of some hosts can't be listed; then a branch is named by hand.
      if (number === this.#loadCount && notice.code !== 'bad_request') this.notice = notice;
    }
  }
}
