import { describe, expect, it, vi } from 'vitest';
import type { LinePage } from '../bindings/protocol';
import { MAX_PAGES, LineWindow, PAGE_SIZE } from './line-window';

/** A transcript of `total` lines that says which lines it was asked for. */
function transcript(total: number) {
  const asked: [number, number][] = [];
  const store = {
    total,
    asked,
    read: (from: number, max: number): Promise<LinePage> => {
      asked.push([from, max]);
      const count = Math.max(0, Math.min(max, store.total - from));
      const lines = Array.from({ length: count }, (_, i) => ({
        number: from + i,
        kind: 'out' as const,
        at: 0,
        text: `line ${from + i}`,
        cut: false,
      }));
      return Promise.resolve({ lines, total: store.total });
    },
  };
  return store;
}

const settled = () => new Promise((done) => setTimeout(done, 0));

function open(store: { total: number; read: (from: number, max: number) => Promise<LinePage> }) {
  const events = { onChange: vi.fn(), onError: vi.fn() };
  const window = new LineWindow(store.read, events);
  window.setTotal(store.total);
  return { window, events };
}

describe('pulling', () => {
  it('asks for nothing until something is in view', async () => {
    const store = transcript(1_000_000);
    open(store);
    await settled();
    expect(store.asked).toEqual([]);
  });

  it('opens the end of a million lines with two pages', async () => {
    const store = transcript(1_000_000);
    const { window } = open(store);
    window.setVisibleLines(999_960, 999_999);
    await settled();
    expect(window.line(999_999)?.text).toBe('line 999999');
    expect(store.asked).toEqual([
      [999_800, PAGE_SIZE],
      [999_600, PAGE_SIZE],
    ]);
  });

  it('asks for a page once, however often it is shown', async () => {
    const store = transcript(1_000);
    const { window } = open(store);
    for (let i = 0; i < 50; i += 1) window.setVisibleLines(0, 40);
    await settled();
    window.setVisibleLines(0, 40);
    await settled();
    expect(store.asked).toEqual([
      [0, PAGE_SIZE],
      [PAGE_SIZE, PAGE_SIZE],
    ]);
  });

  it('goes straight to where the view ended up', async () => {
    const store = transcript(100_000);
    const { window } = open(store);
    for (let first = 0; first < 90_000; first += 1_000) window.setVisibleLines(first, first + 40);
    await settled();
    expect(window.line(89_000)?.text).toBe('line 89000');
    expect(store.asked.length).toBeLessThan(8);
  });

  it('takes pages that come in parts', async () => {
    const store = transcript(300);
    const whole = store.read;
    store.read = (from, max) => whole(from, Math.min(max, 30));
    const { window } = open(store);
    window.setVisibleLines(0, 299);
    await settled();
    await settled();
    expect([0, 29, 30, 199, 200, 299].map((n) => window.line(n)?.number)).toEqual([0, 29, 30, 199, 200, 299]);
  });
});

describe('growing', () => {
  it('reads only the new lines of the last page', async () => {
    const store = transcript(250);
    const { window } = open(store);
    window.setVisibleLines(210, 249);
    await settled();
    store.asked.length = 0;
    store.total = 260;
    window.setTotal(260);
    window.setVisibleLines(220, 259);
    await settled();
    expect(store.asked).toEqual([[250, 150]]);
    expect(window.line(259)?.text).toBe('line 259');
  });

  it('learns of new lines from a page', async () => {
    const store = transcript(10);
    const { window } = open(store);
    store.total = 15;
    window.setVisibleLines(0, 9);
    await settled();
    expect(window.total).toBe(15);
    expect(window.line(14)?.text).toBe('line 14');
    window.setTotal(12);
    expect(window.total).toBe(15);
    expect(window.line(14)?.text).toBe('line 14');
  });

  it('starts over when there are fewer lines, and drops answers from before', async () => {
    const store = transcript(500);
    const { window } = open(store);
    window.setVisibleLines(0, 40);
    store.total = 3;
    window.setTotal(3);
    expect(window.line(0)).toBeUndefined();
    await settled();
    expect(window.total).toBe(3);
    expect(window.line(2)?.text).toBe('line 2');
    expect(window.line(3)).toBeUndefined();
    window.setVisibleLines(0, 2);
    await settled();
    expect(window.line(2)?.text).toBe('line 2');
  });
});

it('holds a bounded number of lines', async () => {
  const store = transcript(1_000_000);
  const { window } = open(store);
  for (let first = 0; first < 60_000; first += PAGE_SIZE) {
    window.setVisibleLines(first, first + 40);
    await settled();
  }
  expect(window.pageCount).toBe(MAX_PAGES);
  expect(window.line(0)).toBeUndefined();
  expect(window.line(59_800)?.number).toBe(59_800);
});

describe('bad luck', () => {
  it('says so once and tries again when asked to', async () => {
    const store = transcript(100);
    const good = store.read;
    let broken = true;
    store.read = (from, max) => (broken ? Promise.reject(new Error('gone')) : good(from, max));
    const events = { onChange: vi.fn(), onError: vi.fn() };
    const window = new LineWindow((from, max) => store.read(from, max), events);
    window.setTotal(100);
    window.setVisibleLines(0, 40);
    await settled();
    expect(events.onError).toHaveBeenCalledTimes(1);
    broken = false;
    window.setVisibleLines(0, 40);
    await settled();
    expect(window.line(0)?.text).toBe('line 0');
  });

  it('an empty answer is not asked for without end', async () => {
    const read = vi.fn(() => Promise.resolve({ lines: [], total: 100 }));
    const { window } = open({ total: 100, read });
    window.setVisibleLines(0, 40);
    await settled();
    expect(read).toHaveBeenCalledTimes(1);
  });

  it('a closed window takes nothing', async () => {
    const store = transcript(100);
    const { window, events } = open(store);
    window.setVisibleLines(0, 40);
    events.onChange.mockClear();
    window.close();
    await settled();
    expect(window.line(0)).toBeUndefined();
    expect(events.onChange).not.toHaveBeenCalled();
  });
});
