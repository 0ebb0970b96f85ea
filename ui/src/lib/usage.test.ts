import { expect, it } from 'vitest';
import { formatUsage } from './usage';

it('says tokens and cost as far as the agent told them', () => {
  expect(formatUsage({ tokens: 48_200 })).toBe('48,200 tokens');
  expect(formatUsage({ tokens: 48_200, cost_usd: 0.314 })).toBe('48,200 tokens, $0.31');
  expect(formatUsage({ tokens: 0, cost_usd: 0.002 })).toBe('less than $0.01');
  expect(formatUsage({ tokens: 0 })).toBe('0 tokens');
});
