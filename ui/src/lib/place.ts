/** Where tasks run, in words. */

import type {
  BatchView,
  Capability,
  RemoteBranch,
  Endpoint,
  Place,
  UserMessage,
  SecretState,
} from '../bindings/protocol';
import { isLocalAddress, formatRepositoryName } from './address';
import { formatCount } from './time';

/** Whether something can be done where a batch runs. */
export function can(batch: { place: Place }, capability: Capability): boolean {
  return batch.place.capabilities.includes(capability);
}

/** "This computer", "Work (cloud)". */
export function placeName(place: Place, endpoint: Endpoint | undefined): string {
  if (!endpoint) return place.label;
  return `${endpoint.name} (${isLocalAddress(endpoint.address) ? 'server on this computer' : 'cloud'})`;
}

/** What people call the project of a batch: the folder's name, else "acme/shop" by its address. */
export function projectName(batch: BatchView): string {
  return can(batch, 'local_folder') ? batch.project_name : formatRepositoryName(batch.project_path);
}

/** What running at an endpoint means: what leaves this computer, and what it may take. */
export function placeNotes(endpoint: Endpoint): string[] {
  const sent = 'the texts of your tasks, the repository’s address and, where it needs one, your GitHub token';
  if (isLocalAddress(endpoint.address)) {
    return [
      `A server on this computer gets ${sent}.`,
      'It works only while this computer is on. What its agent costs is up to that agent.',
    ];
  }
  return [
    `These leave this computer and go to ${endpoint.name}: ${sent}.`,
    'The work goes on while this computer sleeps. It may cost money there.',
  ];
}

/** The same in a few words, for a list. */
export function placeHint(address: string): string {
  return isLocalAddress(address) ? 'a server on this computer' : 'goes on while this computer sleeps, may cost money';
}

/** How it stands with a key or token: one sentence. */
export function formatSecretState(what: 'Key' | 'Token', state: SecretState): string {
  switch (state) {
    case 'kept':
      return `${what} is kept in your computer’s key store`;
    case 'for_session':
      return `${what} is kept only until you close Regatta`;
    case 'missing':
      return `No ${what.toLowerCase()} yet`;
  }
}

/** What a look at a task's branch found. */
export function formatRemoteBranch({ commit, commits }: RemoteBranch): string {
  if (commit === null) return 'No branch yet.';
  if (commits === null) return 'The branch is there.';
  return commits === 0
    ? 'The branch is there, without new commits.'
    : `The branch is there, ${formatCount(commits, 'commit')}.`;
}

/** What "Start again" and "Try again" mean for tasks that may still be at work in their place. */
export function retryNotes(place: Place, tasks: number, unknown: number): string[] {
  const only = tasks === 1 ? 'Only this task is' : `Only these ${tasks} tasks are`;
  const said = [`${only} sent to ${place.label} again, as new work. It may cost money again.`];
  if (unknown > 0) {
    const first = tasks === 1 ? 'The first try' : unknown === 1 ? 'One of them' : 'Some of them';
    said.push(
      `${first} may still be going on there, as the connection was lost. Checking the branch first costs nothing.`,
    );
  }
  said.push('What was received so far stays.');
  return said;
}

/** What is said of a task whose place can't be asked any more, where nothing else was said. */
export function connectionLostNotice(place: Place): UserMessage {
  return {
    code: 'connection_lost',
    what: `The connection to ${place.label || 'the place where it ran'} was lost, so it isn’t known how this task ended.`,
    safe: 'Everything that was received is saved.',
    next: 'Check whether its branch is there before you start it again.',
  };
}
