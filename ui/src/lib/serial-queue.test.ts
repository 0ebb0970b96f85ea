import { expect, it } from 'vitest';
import { serialQueue } from './serial-queue';

it('what comes later waits, and a failure stops nobody', async () => {
  const turn = serialQueue();
  const seen: string[] = [];
  let release = () => {};
  const gate = new Promise<void>((done) => (release = done));
  const first = turn(async () => {
    await gate;
    seen.push('first');
    throw new Error('no');
  });
  const second = turn(async () => {
    seen.push('second');
    return 2;
  });
  expect(seen).toEqual([]);
  release();
  await expect(first).rejects.toThrow('no');
  expect(await second).toBe(2);
  expect(seen).toEqual(['first', 'second']);
});
