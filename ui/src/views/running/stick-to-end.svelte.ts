import type { Attachment } from 'svelte/attachments';
import { tick } from 'svelte';

/** How near the end still counts as the end, in pixels. */
const NEAR = 32;

/** Keeps a scrolled element at its end while what `shown` reads grows, until a person scrolls away. */
export function stickToEnd(shown: () => unknown): Attachment<HTMLElement> {
  return (element) => {
    let sticks = true;
    const onscroll = () => {
      sticks = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR;
    };
    element.addEventListener('scroll', onscroll, { passive: true });
    $effect(() => {
      shown();
      if (sticks) void tick().then(() => element.scrollTo({ top: element.scrollHeight }));
    });
    return () => element.removeEventListener('scroll', onscroll);
  };
}
