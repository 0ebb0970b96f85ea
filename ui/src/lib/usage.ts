import type { Usage } from '../bindings/protocol';
import { formatNumber } from './time';

/** What an agent says it used: "48,200 tokens, $0.31". */
export function formatUsage({ tokens, cost_usd }: Usage): string {
  const said = tokens > 0 || cost_usd === undefined ? [`${formatNumber(tokens)} tokens`] : [];
  if (cost_usd !== undefined)
    said.push(cost_usd > 0 && cost_usd < 0.01 ? 'less than $0.01' : `$${cost_usd.toFixed(2)}`);
  return said.join(', ');
}
