/** Times and lengths of time in plain words. The moment "now" is always handed in. */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** "18 s", "4 min 12 s", "1 h 5 min", "2 d 3 h". */
export function duration(ms: number): string {
  const time = Math.max(0, ms);
  if (time < MINUTE) return `${Math.floor(time / SECOND)} s`;
  if (time < HOUR) return two(time, MINUTE, 'min', SECOND, 's');
  if (time < DAY) return two(time, HOUR, 'h', MINUTE, 'min');
  return two(time, DAY, 'd', HOUR, 'h');
}

function two(time: number, big: number, bigWord: string, small: number, smallWord: string): string {
  const whole = Math.floor(time / big);
  const rest = Math.floor((time % big) / small);
  return rest === 0 ? `${whole} ${bigWord}` : `${whole} ${bigWord} ${rest} ${smallWord}`;
}

/** A running time in a list: "0:56", "4:12", "1:02:33". */
export function stopwatch(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / SECOND));
  const pad = (n: number) => String(n).padStart(2, '0');
  const minutes = Math.floor(seconds / 60) % 60;
  const hours = Math.floor(seconds / 3_600);
  if (hours === 0) return `${minutes}:${pad(seconds % 60)}`;
  return `${hours}:${pad(minutes)}:${pad(seconds % 60)}`;
}

/** A time that is over, in a list: "42 s", "6 min", "3 h", "2 d". */
export function rough(ms: number): string {
  const time = Math.max(0, ms);
  if (time < MINUTE) return `${Math.floor(time / SECOND)} s`;
  if (time < HOUR) return `${Math.round(time / MINUTE)} min`;
  if (time < DAY) return `${Math.round(time / HOUR)} h`;
  return `${Math.round(time / DAY)} d`;
}

/** "just now", "12 s ago", "3 minutes ago", "2 hours ago", "4 days ago". */
export function ago(then: number, now: number): string {
  const time = now - then;
  if (time < 2 * SECOND) return 'just now';
  if (time < MINUTE) return `${Math.floor(time / SECOND)} s ago`;
  if (time < HOUR) return `${count(Math.floor(time / MINUTE), 'minute')} ago`;
  if (time < DAY) return `${count(Math.floor(time / HOUR), 'hour')} ago`;
  return `${count(Math.floor(time / DAY), 'day')} ago`;
}

const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const CLOCK_SECONDS = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});
const DATE = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const DATE_YEAR = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
});

/** "14:02". */
export function clock(at: number): string {
  return CLOCK.format(at);
}

/** "14:02:07". */
export function clockSeconds(at: number): string {
  return CLOCK_SECONDS.format(at);
}

/** "24 Nov", with the year when it is another one. */
export function day(at: number, now: number): string {
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return (sameYear ? DATE : DATE_YEAR).format(at);
}

/** "14:02" today, "yesterday 14:02", else "24 Nov 14:02". */
export function moment(at: number, now: number): string {
  const midnight = new Date(now).setHours(0, 0, 0, 0);
  if (at >= midnight) return clock(at);
  if (at >= new Date(midnight - HOUR).setHours(0, 0, 0, 0)) return `yesterday ${clock(at)}`;
  return `${day(at, now)} ${clock(at)}`;
}

/** A time to come: "14:05" today, "tomorrow 09:40", else "27 Nov 09:40". */
export function later(at: number, now: number): string {
  const midnight = new Date(now).setHours(24, 0, 0, 0);
  if (at < midnight) return clock(at);
  if (at < new Date(midnight + HOUR).setHours(24, 0, 0, 0)) return `tomorrow ${clock(at)}`;
  return `${day(at, now)} ${clock(at)}`;
}

/** "1st", "2nd", "3rd", "11th". */
export function ordinal(n: number): string {
  const tens = n % 100;
  if (tens >= 11 && tens <= 13) return `${n}th`;
  return `${n}${{ 1: 'st', 2: 'nd', 3: 'rd' }[n % 10] ?? 'th'}`;
}

/** "1 file", "2 files", with thousands apart. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${grouped(n)} ${n === 1 ? one : many}`;
}

/** "48,200". */
export function grouped(n: number): string {
  return n.toLocaleString('en-GB');
}
