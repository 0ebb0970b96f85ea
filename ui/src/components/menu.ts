import type { Component } from 'svelte';

/** Something to do, in a menu. */
export interface MenuItem {
  label: string;
  icon?: Component<{ size?: string | number; 'aria-hidden'?: 'true' }>;
  disabled?: boolean;
  run: () => void;
}
