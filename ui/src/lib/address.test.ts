import { expect, it } from 'vitest';
import addresses from '../../../src-tauri/crates/protocol/tables/repository_addresses.json';
import { parseHost, isLocalAddress, formatRepositoryName } from './address';

it.each([
  ['https://github.com/acme/shop', 'acme/shop'],
  ['https://github.com/acme/shop.git', 'acme/shop'],
  ['https://git.acme.example:8443/tools/web/shop/', 'web/shop'],
  ['git@github.com:acme/shop.git', 'acme/shop'],
  ['file:///home/sam/Projects/acme-shop', 'acme-shop'],
  ['/home/sam/Projects/acme-shop', 'acme-shop'],
  ['C:\\Projects\\acme-shop', 'acme-shop'],
  ['shop', 'shop'],
  ['', ''],
])('%s is %s', (address, name) => {
  expect(formatRepositoryName(address)).toBe(name);
});

it.each([
  ['http://127.0.0.1:8787', true],
  ['http://localhost:8787/v1', true],
  ['http://[::1]:8787', true],
  ['https://api.cloudcoding.ai', false],
  ['https://localhost.example.com', false],
  ['https://127.0.0.1.example.com', false],
  ['127.0.0.1', false],
])('%s is here: %s', (address, here) => {
  expect(isLocalAddress(address)).toBe(here);
});

it('an address has a host, a folder has none', () => {
  expect(parseHost(' https://GitHub.com/acme/shop.git')).toBe('github.com');
  expect(parseHost('https://git.acme.example:8443/web/shop')).toBe('git.acme.example:8443');
  expect(parseHost('file:///srv/shop')).toBe('');
  expect(parseHost('/srv/shop')).toBe('');
});

it('a host is what it is in Rust', () => {
  expect(addresses.length).toBeGreaterThan(90);
  for (const { text, host } of addresses) expect(parseHost(text), text).toBe(host ?? '');
});
