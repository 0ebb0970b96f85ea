import { expect, test } from 'vitest';
import type { AgentView } from '../bindings/protocol';
import { NO_OPTIONS } from './agents';
import { findAutonomousMode } from './safety';

const view = (asks_in: string[]) =>
  ({
    asks_in,
    offers: { models: [], modes: [{ id: 'yolo', name: 'Yolo', about: '' }], efforts: [], current: NO_OPTIONS },
  }) as unknown as AgentView;
const pick = (mode: string) => ({ agent: { kind: 'known', id: 'gemini' } as const, options: { ...NO_OPTIONS, mode } });

test('a mode in which the agent decides by itself is told from those in which it asks', () => {
  expect(findAutonomousMode(view(['default', 'plan']), pick('yolo'))?.name).toBe('Yolo');
  expect(findAutonomousMode(view(['default', 'plan']), pick('plan'))).toBeUndefined();
  expect(findAutonomousMode(view(['default']), pick(''))).toBeUndefined();
  expect(findAutonomousMode(view([]), pick('yolo'))).toBeUndefined();
  expect(findAutonomousMode(undefined, pick('yolo'))).toBeUndefined();
});

test('one that is not offered any more is named by its id', () => {
  expect(findAutonomousMode(view(['default']), pick('auto'))?.name).toBe('auto');
});
