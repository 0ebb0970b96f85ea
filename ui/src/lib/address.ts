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

/** The host of an https address, with its port where it has one; empty where there is none. */
export function parseHost(address: string): string {
  return /^https?:\/\/([^/?#]*)/i.exec(address.trim())?.[1]?.toLowerCase() ?? '';
}
