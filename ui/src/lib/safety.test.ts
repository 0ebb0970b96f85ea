import { expect, test } from 'vitest';
import type { AgentView } from '../bindings/protocol';
import { NO_OPTIONS } from './agents';
import { unboundMode } from './safety';

const view = (asks_in: string[]) =>
  ({ asks_in, offers: { models: [], modes: [{ id: 'yolo', name: 'Yolo', about: '' }], efforts: [], current: NO_OPTIONS } }) as unknown as AgentView;
const pick = (mode: string) => ({ agent: { kind: 'known', id: 'gemini' } as const, options: { ...NO_OPTIONS, mode } });

test('a mode in which the agent decides by itself is told from those in which it asks', () => {
  expect(unboundMode(view(['default', 'plan']), pick('yolo'))?.name).toBe('Yolo');
  expect(unboundMode(view(['default', 'plan']), pick('plan'))).toBeUndefined();
  expect(unboundMode(view(['default']), pick(''))).toBeUndefined();
  expect(unboundMode(view([]), pick('yolo'))).toBeUndefined();
  expect(unboundMode(undefined, pick('yolo'))).toBeUndefined();
});

test('one that is not offered any more is named by its id', () => {
  expect(unboundMode(view(['default']), pick('auto'))?.name).toBe('auto');
});
