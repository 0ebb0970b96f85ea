import { describe, expect, it } from 'vitest';
import {
  retryNotes,
  formatRemoteBranch,
  connectionLostNotice,
  placeHint,
  placeNotes,
  placeName,
  projectName,
  formatSecretState,
} from './place';
import { aBatch, placeAt } from './testing';

const WORK = { id: 'e1', name: 'Work', address: 'https://api.cloudcoding.ai' };
const HERE = { id: 'e2', name: 'Test server', address: 'http://127.0.0.1:8787' };

it('a place has a name that says where it is', () => {
  expect(placeName(placeAt(), undefined)).toBe('This computer');
  expect(placeName(placeAt(WORK), WORK)).toBe('Work (cloud)');
  expect(placeName(placeAt(HERE), HERE)).toBe('Test server (server on this computer)');
});

it('a batch in the cloud is called by owner and name, one here by its folder', () => {
  const address = { project_path: 'https://github.com/acme/shop.git', project_name: 'shop.git' };
  expect(projectName(aBatch({ ...address, endpoint: WORK }))).toBe('acme/shop');
  expect(projectName(aBatch())).toBe('acme-shop');
});

it('says what leaves this computer, and what it may take', () => {
  const [leaves = '', costs = ''] = placeNotes(WORK);
  for (const part of ['texts of your tasks', 'address', 'GitHub token', 'Work']) expect(leaves).toContain(part);
  expect(costs).toBe('The work goes on while this computer sleeps. It may cost money there.');
  expect(placeNotes(HERE).join(' ')).not.toContain('leave this computer');
});

it('says how it stands with a key', () => {
  expect(formatSecretState('Key', 'kept')).toBe('Key is kept in your computer’s key store');
  expect(formatSecretState('Key', 'for_session')).toBe('Key is kept only until you close Regatta');
  expect(formatSecretState('Token', 'missing')).toBe('No token yet');
});

it.each([
  [null, null, 'No branch yet.'],
  ['abc', 3, 'The branch is there, 3 commits.'],
  ['abc', 1, 'The branch is there, 1 commit.'],
  ['abc', 0, 'The branch is there, without new commits.'],
  ['abc', null, 'The branch is there.'],
])('commit %s with %s new ones: %s', (commit, commits, said) => {
  expect(formatRemoteBranch({ branch: 'b', commit, commits })).toBe(said);
});

describe('starting again', () => {
  it('is new work, and may cost', () => {
    expect(retryNotes(placeAt(WORK), 1, 0)).toEqual([
      'Only this task is sent to Work again, as new work. It may cost money again.',
      'What was received so far stays.',
    ]);
    expect(retryNotes(placeAt(WORK), 3, 0)[0]).toMatch(/^Only these 3 tasks are sent/);
  });

  it('says that a lost one may still be going on', () => {
    expect(retryNotes(placeAt(WORK), 1, 1)[1]).toMatch(/^The first try may still be going on/);
    expect(retryNotes(placeAt(WORK), 3, 2)[1]).toMatch(/^Some of them may still be going on/);
  });
});

it('a lost connection is said with what is safe and what to do, also when nobody else says it', () => {
  expect(connectionLostNotice(placeAt(WORK))).toMatchObject({
    what: 'The connection to Work was lost, so it isn’t known how this task ended.',
    safe: 'Everything that was received is saved.',
  });
  expect(connectionLostNotice({ ...placeAt(), label: '' }).what).toContain('the place where it ran');
});

it('a list says in a few words what a place means', () => {
  expect(placeHint(WORK.address)).toBe('goes on while this computer sleeps, may cost money');
  expect(placeHint(HERE.address)).toBe('a server on this computer');
});
