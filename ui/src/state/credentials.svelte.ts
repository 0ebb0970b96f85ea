import { createContext } from 'svelte';
import { SvelteMap } from 'svelte/reactivity';
import { asNotice } from '../backend';
import type {
  CredentialsView,
  Endpoint,
  EndpointId,
  EndpointView,
  UserMessage,
  ConnectionTest,
} from '../bindings/protocol';
import { parseHost } from '../lib/address';
import type { App } from './app.svelte';

/** What stands for the GitHub token among the tests. */
export const GITHUB_TEST_ID = '\0github';

/** Endpoints, their keys and the GitHub token, as far as a person may see them: never a secret. */
export class Credentials {
  view: CredentialsView | null = $state.raw(null);
  /** The last test of each endpoint, or of the token; `null` while it runs. */
  readonly tests = new SvelteMap<EndpointId, ConnectionTest | null>();
  #app: App;

  constructor(app: App) {
    this.#app = app;
  }

  /** Reads how everything stands. Not done before it is needed: a key store may ask to be unlocked. */
  async load(): Promise<void> {
    const view = await this.#app.withErrorToast(() => this.#app.backend.credentials());
    if (view) this.view = view;
  }

  findEndpoint(endpoint: EndpointId): EndpointView | undefined {
    return this.view?.endpoints.find((one) => one.endpoint.id === endpoint);
  }

  /**
   * Keeps an endpoint (`id` "new": another one) and, when one was typed, its key, which is then
   * tried at once. Returns why the endpoint could not be stored; why its key couldn't stands among
   * the tests.
   */
  async saveEndpoint(endpoint: Endpoint, key: string): Promise<UserMessage | null> {
    const before = (this.view?.endpoints ?? []).map((one) => one.endpoint.id);
    const error = await this.#change(() => this.#app.backend.saveEndpoint(endpoint));
    if (error) return error;
    const added = this.view?.endpoints.find((one) => !before.includes(one.endpoint.id));
    const id = endpoint.id === 'new' ? added?.endpoint.id : endpoint.id;
    if (id === undefined) return null;
    this.tests.delete(id);
    const notKept = key === '' ? null : await this.setKey(id, key);
    if (notKept) this.tests.set(id, { ok: false, said: notKept.what, notice: notKept });
    return null;
  }

  async removeEndpoint(id: EndpointId): Promise<UserMessage | null> {
    this.tests.delete(id);
    return this.#change(() => this.#app.backend.removeEndpoint(id));
  }

  /** Stores a key and tests it. Returns the error of storing it, or `null`. */
  async setKey(id: EndpointId, key: string): Promise<UserMessage | null> {
    const error = await this.#change(() => this.#app.backend.setEndpointKey(id, key));
    if (!error) void this.test(id);
    return error;
  }

  async removeKey(id: EndpointId): Promise<UserMessage | null> {
    this.tests.delete(id);
    return this.#change(() => this.#app.backend.removeEndpointKey(id));
  }

  async setGithubApi(address: string): Promise<UserMessage | null> {
    this.tests.delete(GITHUB_TEST_ID);
    return this.#change(() => this.#app.backend.setGithubApi(address));
  }

  /** Stores the GitHub token and tests it. Returns the error of storing it, or `null`. */
  async setToken(token: string): Promise<UserMessage | null> {
    const error = await this.#change(() => this.#app.backend.setGithubToken(token));
    if (!error) void this.test(GITHUB_TEST_ID);
    return error;
  }

  async removeToken(): Promise<UserMessage | null> {
    this.tests.delete(GITHUB_TEST_ID);
    return this.#change(() => this.#app.backend.removeGithubToken());
  }

  /** What is known against the token for the repository at `address`, if it is one of its host. */
  findTokenProblem(address: string): UserMessage | null {
    const { github } = this.view ?? {};
    if (!github || github.host !== parseHost(address)) return null;
    if (github.token !== 'missing') return this.tests.get(GITHUB_TEST_ID)?.notice ?? null;
    return { code: 'key_missing', what: 'No token yet.', safe: '', next: 'Without one no branch can be saved there.' };
  }

  /** Tries an endpoint's key, or the token (`GITHUB_TEST_ID`). */
  async test(id: EndpointId): Promise<void> {
    const { backend } = this.#app;
    this.tests.set(id, null);
    try {
      this.tests.set(id, await (id === GITHUB_TEST_ID ? backend.testGithubToken() : backend.testEndpoint(id)));
    } catch (error) {
      const notice = asNotice(error);
      this.tests.set(id, { ok: false, said: notice.what, notice });
    }
  }

  async #change(change: () => Promise<CredentialsView>): Promise<UserMessage | null> {
    try {
      this.view = await this.#app.withSettingsReload(change);
      return null;
    } catch (error) {
      return asNotice(error);
    }
  }
}

export const [getCredentials, setCredentials] = createContext<Credentials>();
