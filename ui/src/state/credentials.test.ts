import { beforeEach, expect, it, vi } from 'vitest';
import { FakeBackend } from '../backend/fake';
import { App } from './app.svelte';
import { Credentials, GITHUB_TEST_ID } from './credentials.svelte';

let backend: FakeBackend;
let app: App;
let credentials: Credentials;

async function open(scene: string) {
  backend = new FakeBackend({ scene });
  app = new App(backend);
  credentials = new Credentials(app);
  await app.open();
  await credentials.load();
}

const CLOUD = { id: 'new', name: 'Cloud', address: 'https://api.cloudcoding.example' };

beforeEach(() => open('home'));

it('an endpoint is added, its key kept and tried at once, and the settings know it', async () => {
  expect(await credentials.saveEndpoint(CLOUD, 'sk-1')).toBeNull();
  const [view] = credentials.view?.endpoints ?? [];
  const id = view?.endpoint.id ?? '';
  expect(view).toMatchObject({ endpoint: { name: 'Cloud' }, key: 'kept' });
  await vi.waitFor(() =>
    expect(credentials.tests.get(id)).toMatchObject({ ok: true, said: 'The key works. 2 agents are there.' }),
  );
  expect(app.settings.endpoints.map(({ name }) => name)).toEqual(['Cloud']);
  expect(JSON.stringify([credentials.view, app.settings])).not.toContain('sk-1');
});

it('other settings that are set after it do not undo it', async () => {
  await credentials.saveEndpoint(CLOUD, '');
  const save = vi.spyOn(backend, 'saveSettings');
  await app.updateSettings({ notify: false });
  expect(save.mock.calls[0]?.[0].endpoints).toHaveLength(1);
});

it('an address that a key can’t be sent to is refused, where it was typed', async () => {
  const error = await credentials.saveEndpoint({ ...CLOUD, address: 'http://cloud.example' }, 'sk-1');
  expect(error?.what).toContain('not an address');
  expect(credentials.view?.endpoints).toEqual([]);
  expect(app.toasts.visible).toEqual([]);
});

it('another address has no key, and its test is forgotten', async () => {
  await credentials.saveEndpoint(CLOUD, 'sk-1');
  const endpoint = credentials.view?.endpoints[0]?.endpoint ?? CLOUD;
  await vi.waitFor(() => expect(credentials.tests.get(endpoint.id)).toBeTruthy());
  await credentials.saveEndpoint({ ...endpoint, address: 'https://other.example' }, '');
  expect(credentials.findEndpoint(endpoint.id)?.key).toBe('missing');
  expect(credentials.tests.has(endpoint.id)).toBe(false);
});

it('a key that could not be kept is said at its endpoint, which is there', async () => {
  const notice = { code: 'key_store_missing', what: 'The key store is locked.', safe: '', next: '' } as const;
  vi.spyOn(backend, 'setEndpointKey').mockRejectedValue(notice);
  expect(await credentials.saveEndpoint(CLOUD, 'sk-1')).toBeNull();
  const id = credentials.view?.endpoints[0]?.endpoint.id ?? '';
  expect(credentials.tests.get(id)).toEqual({ ok: false, said: 'The key store is locked.', notice });
});

it('a refused key is said, and so is a test that could not be made', async () => {
  await credentials.saveEndpoint(CLOUD, 'wrong');
  const id = credentials.view?.endpoints[0]?.endpoint.id ?? '';
  await vi.waitFor(() =>
    expect(credentials.tests.get(id)).toMatchObject({ ok: false, said: 'Cloud refused the key.' }),
  );
  await credentials.removeKey(id);
  expect(credentials.tests.has(id)).toBe(false);
  await credentials.test(id);
  expect(credentials.tests.get(id)).toMatchObject({ ok: false, said: 'Cloud has no key yet.' });
});

it('without a key store a token is there for the session', async () => {
  await open('no-store');
  expect(credentials.view?.store?.code).toBe('key_store_missing');
  await credentials.setToken('short');
  expect(credentials.view?.github.token).toBe('for_session');
  await vi.waitFor(() => expect(credentials.tests.get(GITHUB_TEST_ID)?.notice?.next).toContain('scope “repo”'));
  await credentials.removeToken();
  expect(credentials.view?.github.token).toBe('missing');
});

it('another address of the API asks for its token', async () => {
  await credentials.setToken('ghp_1');
  expect(await credentials.setGithubApi('https://git.acme.example/api/v3')).toBeNull();
  expect(credentials.view?.github).toEqual({ host: 'git.acme.example', token: 'missing' });
  expect(app.settings.github_api).toBe('https://git.acme.example/api/v3');
});

it('says what is against the token only for repositories of its host', async () => {
  const shop = 'https://github.com/acme/shop.git';
  expect(credentials.findTokenProblem(shop)?.what).toBe('No token yet.');
  expect(credentials.findTokenProblem('https://git.acme.example/shop')).toBeNull();
  await credentials.setToken('short');
  await vi.waitFor(() =>
    expect(credentials.findTokenProblem(shop)?.what).toBe('This token may not write to repositories.'),
  );
  await credentials.setToken('ghp_1');
  await vi.waitFor(() => expect(credentials.tests.get(GITHUB_TEST_ID)?.ok).toBe(true));
  expect(credentials.findTokenProblem(shop)).toBeNull();
});
