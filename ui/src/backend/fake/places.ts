import type {
  CredentialsView,
  Endpoint,
  Place,
  UserMessage,
  Repository,
  RepositoryPage,
  SecretState,
  ConnectionTest,
} from '../../bindings/protocol';
import { placeAt } from '../../lib/testing';

/** What the simulation begins with, of places and secrets. */
export interface Places {
  endpoints: { endpoint: Endpoint; key: SecretState }[];
  token: SecretState;
  /** Whether this computer has a key store. */
  store: boolean;
}

/** No endpoint, no token, a key store. */
export const NO_PLACES: Places = { endpoints: [], token: 'missing', store: true };

export const GITHUB_API = 'https://api.github.com';

const NO_STORE: UserMessage = {
  code: 'key_store_missing',
  what: 'This computer has no key store that Regatta can use.',
  safe: 'Keys are never written to a file.',
  next: 'They are kept until you close Regatta, and asked for again after that.',
  details: 'org.freedesktop.secrets: no such name on the session bus',
};

const PAGE = 30;

const NAMED: [string, boolean, string][] = [
  ['acme/shop', true, 'main'],
  ['acme/handbook', true, 'main'],
  ['sam/garden-notes', false, 'trunk'],
  ['sam/old-blog', false, 'master'],
];

function repository(full_name: string, isPrivate: boolean, default_branch: string, can_write = true): Repository {
  return { full_name, address: `https://github.com/${full_name}.git`, private: isPrivate, default_branch, can_write };
}

const REPOSITORIES: Repository[] = [
  ...NAMED.map((named) => repository(...named)),
  repository('friends/recipes', false, 'main', false),
  ...Array.from({ length: 70 }, (_, n) =>
    repository(`acme/tool-${String(n + 1).padStart(2, '0')}`, n % 3 === 0, 'main'),
  ),
];

const refuse = (code: UserMessage['code'], what: string, next: string): UserMessage => ({
  code,
  what,
  safe: 'Nothing was changed.',
  next,
});

/** The simulation's endpoints, keys, token and repositories. "wrong" in a key makes it a refused one. */
export class FakePlaces {
  placeState: Places;
  protected github_api = GITHUB_API;
  /** Addresses of repositories that were used, the newest first. */
  protected used: string[] = [];
  /** Not given to anybody; kept here only so that a test can see that it came. */
  #secrets = new Map<string, string>();
  #ids = 10;

  constructor(places: Places) {
    this.placeState = structuredClone(places);
  }

  get endpoints(): Endpoint[] {
    return this.placeState.endpoints.map(({ endpoint }) => endpoint);
  }

  /** Where a batch can run. */
  async places(): Promise<Place[]> {
    return [placeAt(), ...this.endpoints.map((endpoint) => placeAt(endpoint))];
  }

  async credentials(): Promise<CredentialsView> {
    const { endpoints, token, store } = this.placeState;
    const host = new URL(this.github_api).host.replace(/^api\./, '');
    return structuredClone({ endpoints, github: { host, token }, store: store ? null : NO_STORE });
  }

  async saveEndpoint(endpoint: Endpoint): Promise<CredentialsView> {
    const address = endpoint.address.trim().replace(/\/+$/, '');
    const here = /^http:\/\/(127\.\d+\.\d+\.\d+|localhost|\[::1\])(:\d+)?(\/|$)/.test(address);
    if (!here && !/^https:\/\/[^/@?#]+(\/[^?#]*)?$/.test(address)) {
      throw refuse(
        'bad_request',
        'This is not an address that a key can be sent to.',
        'Write one that begins with https://, or http:// for this computer.',
      );
    }
    const known = this.placeState.endpoints.find((one) => one.endpoint.id === endpoint.id);
    const id = known ? endpoint.id : `e-${(this.#ids += 1)}`;
    const kept = { ...endpoint, id, name: endpoint.name.trim(), address };
    if (!known) this.placeState.endpoints.push({ endpoint: kept, key: 'missing' });
    else {
      if (known.endpoint.address !== address) known.key = 'missing';
      known.endpoint = kept;
    }
    return this.credentials();
  }

  async removeEndpoint(id: string): Promise<CredentialsView> {
    this.placeState.endpoints = this.placeState.endpoints.filter((one) => one.endpoint.id !== id);
    return this.credentials();
  }

  async setEndpointKey(id: string, key: string): Promise<CredentialsView> {
    this.#findEndpoint(id).key = this.#storeSecret(id, key);
    return this.credentials();
  }

  async removeEndpointKey(id: string): Promise<CredentialsView> {
    this.#secrets.delete(id);
    this.#findEndpoint(id).key = 'missing';
    return this.credentials();
  }

  async testEndpoint(id: string): Promise<ConnectionTest> {
    const { key, endpoint } = this.#findEndpoint(id);
    if (key === 'missing') throw refuse('key_missing', `${endpoint.name} has no key yet.`, 'Enter it.');
    if (!this.#secrets.get(id)?.includes('wrong'))
      return { ok: true, said: 'The key works. 2 agents are there.', notice: null };
    const notice = refuse(
      'key_refused',
      `${endpoint.name} refused the key.`,
      'Enter it again, or make another one there.',
    );
    return { ok: false, said: notice.what, notice: { ...notice, safe: '', details: '401 Unauthorized' } };
  }

  async setGithubApi(address: string): Promise<CredentialsView> {
    if (!/^https?:\/\/[^/@?#]+/.test(address)) {
      throw refuse('bad_request', 'This is not an address.', 'Write one that begins with https://.');
    }
    if (address !== this.github_api) this.placeState.token = 'missing';
    this.github_api = address;
    return this.credentials();
  }

  async setGithubToken(token: string): Promise<CredentialsView> {
    this.placeState.token = this.#storeSecret('github', token);
    return this.credentials();
  }

  async removeGithubToken(): Promise<CredentialsView> {
    this.#secrets.delete('github');
    this.placeState.token = 'missing';
    return this.credentials();
  }

  async testGithubToken(): Promise<ConnectionTest> {
    const notice = this.#tokenNotice();
    if (!notice) return { ok: true, said: 'The token works. It may read and write repositories.', notice };
    return { ok: false, said: notice.what, notice };
  }

  async repositories(page: number): Promise<RepositoryPage> {
    const notice = this.#tokenNotice();
    if (this.placeState.token === 'missing') throw refuse('key_missing', 'There is no GitHub token yet.', 'Enter one.');
    if (notice && this.#secrets.get('github')?.includes('wrong')) throw notice;
    const repositories = REPOSITORIES.slice((page - 1) * PAGE, page * PAGE);
    const next = page * PAGE < REPOSITORIES.length ? page + 1 : null;
    return structuredClone({ repositories, next, notice });
  }

  protected remember(address: string): void {
    this.used = [address, ...this.used.filter((other) => other !== address)];
  }

  async branches(address: string): Promise<string[]> {
    if (address.includes('no-such')) {
      throw {
        ...refuse(
          'remote_failed',
          'This repository was not found.',
          'Look at its address, and whether your token may read it.',
        ),
        safe: '',
      };
    }
    if (!address.startsWith('https://github.com/')) {
      throw refuse(
        'bad_request',
        'Only branches of repositories at github.com can be listed.',
        'Write the branch’s name.',
      );
    }
    const known = REPOSITORIES.find((one) => one.address === address);
    return [known?.default_branch ?? 'main', 'winter-sale', 'try/new-search'];
  }

  #tokenNotice(): UserMessage | null {
    const token = this.#secrets.get('github') ?? '';
    if (token.includes('wrong'))
      return refuse('token_refused', 'GitHub refused the token.', 'Make a new one at GitHub and enter it here.');
    if (!token.includes('short')) return null;
    return refuse(
      'token_refused',
      'This token may not write to repositories.',
      'Make one that has the scope “repo” and enter it here.',
    );
  }

  #storeSecret(id: string, secret: string): SecretState {
    this.#secrets.set(id, secret);
    return this.placeState.store ? 'kept' : 'for_session';
  }

  #findEndpoint(id: string): { endpoint: Endpoint; key: SecretState } {
    const found = this.placeState.endpoints.find((one) => one.endpoint.id === id);
    if (!found) throw refuse('endpoint_missing', 'This endpoint is not there any more.', 'Add it again.');
    return found;
  }
}
