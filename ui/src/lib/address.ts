/** Addresses of repositories and endpoints, as people read them. */

/** "owner/name" of a repository's address, or the last part where there is no owner. */
export function formatRepositoryName(address: string): string {
  const text = address
    .trim()
    .replace(/\/+$/, '')
    .replace(/\.git$/, '');
  const path = /^[a-z+]+:\/\/[^/]+\/(.*)$/i.exec(text)?.[1] ?? /^[^/\\]+@[^/\\]+:(.*)$/.exec(text)?.[1];
  const parts = (path ?? text).split(/[/\\]/).filter((part) => part !== '');
  const owned = path !== undefined && !text.startsWith('file:');
  return parts.slice(owned ? -2 : -1).join('/') || text;
}

/** Whether what answers at an address is on this computer. */
export function isLocalAddress(address: string): boolean {
  const host = /^https?:\/\/(\[[^\]]*\]|[^/:]*)/i.exec(address.trim())?.[1]?.toLowerCase() ?? '';
  return host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}

/**
 * The host of a repository's web address, with its port unless that is the scheme's own; empty where there is none. It is
 * what RepositoryAddress::host says in Rust (crates/protocol): both run through the table there, since a token belongs to a host.
 */
export function parseHost(address: string): string {
  const found = WEB_ADDRESS.exec(address.trim());
  if (!found) return '';
  const [, scheme = '', name = '', digits, path = ''] = found;
  if (/[\p{Cc}\s?#\\]/u.test(path) || /%([01][\da-f]|7f)/i.test(path) || /^\/*$/.test(path)) return '';
  const port = digits === undefined ? null : Number(digits);
  if (port !== null && (port < 1 || port > 65535)) return '';
  const host = name.startsWith('[') ? normalizeIpv6(name) : name.toLowerCase();
  const isHttps = scheme.toLowerCase() === 'https';
  if (host === '' || (!isHttps && !isLocalAddress(`http://${host}`))) return '';
  return port === null || port === (isHttps ? 443 : 80) ? host : `${host}:${port}`;
}

const WEB_ADDRESS = /^(https?):\/\/(\[[^\]]*\]|[a-z\d][a-z\d._-]*)(?::(\d+))?\/(.*)$/is;

function normalizeIpv6(name: string): string {
  return URL.canParse(`http://${name}`) ? new URL(`http://${name}`).hostname : '';
}
