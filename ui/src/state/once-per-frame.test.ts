import { expect, it, vi } from 'vitest';
import { oncePerFrame } from './once-per-frame';

const frames = async (count: number) => {
  for (let i = 0; i < count; i += 1) await new Promise(requestAnimationFrame);
};

it('reads once a frame, however often it is asked', async () => {
  const read = vi.fn(() => Promise.resolve());
  const pull = oncePerFrame(read);
  for (let i = 0; i < 100; i += 1) pull.request();
  await frames(3);
  expect(read).toHaveBeenCalledTimes(1);
});

it('never reads twice at once, and once more for what was asked meanwhile', async () => {
  let finish = () => {};
  const read = vi.fn(() => new Promise<void>((done) => (finish = done)));
  const pull = oncePerFrame(read);
  pull.request();
  await frames(2);
  pull.request();
  pull.request();
  await frames(2);
  expect(read).toHaveBeenCalledTimes(1);
  finish();
  await frames(3);
  expect(read).toHaveBeenCalledTimes(2);
});

it('reads nothing after its end', async () => {
  const read = vi.fn(() => Promise.resolve());
  const pull = oncePerFrame(read);
  pull.request();
  pull.stop();
  await frames(2);
  expect(read).not.toHaveBeenCalled();
});
