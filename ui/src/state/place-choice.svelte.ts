import { asNotice } from '../backend';
import type { Capability, Endpoint, EndpointId, Place, UserMessage } from '../bindings/protocol';
import { can } from '../lib/place';
import type { App } from './app.svelte';

/** Before the places are known, and where Regatta could not begin: nothing can be done there. */
const UNKNOWN_PLACE: Place = { id: '', kind: '', label: '', capabilities: [] };

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
  /** The endpoint that a request names; `undefined` for a place that needs none. */
  readonly endpoint: Endpoint | undefined = $derived.by(() =>
    this.#app.settings.endpoints.find(({ id }) => id === this.#endpointId),
  );
  /** The place; this computer also where the endpoint was removed from the settings. */
  readonly place: Place = $derived.by(() => this.#app.findPlace(this.endpoint?.id ?? null) ?? UNKNOWN_PLACE);

  constructor(app: App) {
    this.#app = app;
  }

  /** Whether something can be done where the batch will run. */
  can(capability: Capability): boolean {
    return can(this, capability);
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
    if (this.can('local_folder') || address === '') return;
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
