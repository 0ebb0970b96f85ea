import type { RequestProblem } from '../../bindings/protocol';
import type { Row } from '../../state/row.svelte';

/** What a task of the sheet is given, open or closed. */
export interface RowProps {
  row: Row;
  /** From 0. */
  place: number;
  count: number;
  problems: RequestProblem[];
  onmove: (by: -1 | 1) => void;
  onduplicate: () => void;
  onremove: () => void;
}
