/** Times and lengths of time in plain words. The moment "now" is always handed in. */

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** "18 s", "4 min 12 s", "1 h 5 min", "2 d 3 h". */
export function formatDuration(ms: number): string {
  const time = Math.max(0, ms);
  if (time < MINUTE_MS) return `${Math.floor(time / SECOND_MS)} s`;
  if (time < HOUR_MS) return formatTwoUnits(time, MINUTE_MS, 'min', SECOND_MS, 's');
  if (time < DAY_MS) return formatTwoUnits(time, HOUR_MS, 'h', MINUTE_MS, 'min');
  return formatTwoUnits(time, DAY_MS, 'd', HOUR_MS, 'h');
}

function formatTwoUnits(time: number, big: number, bigWord: string, small: number, smallWord: string): string {
  const whole = Math.floor(time / big);
  const rest = Math.floor((time % big) / small);
  return rest === 0 ? `${whole} ${bigWord}` : `${whole} ${bigWord} ${rest} ${smallWord}`;
}

/** A running time in a list: "0:56", "4:12", "1:02:33". */
export function formatStopwatch(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / SECOND_MS));
  const pad = (n: number) => String(n).padStart(2, '0');
  const minutes = Math.floor(seconds / 60) % 60;
  const hours = Math.floor(seconds / 3_600);
  if (hours === 0) return `${minutes}:${pad(seconds % 60)}`;
  return `${hours}:${pad(minutes)}:${pad(seconds % 60)}`;
}

/** A time that is over, in a list: "42 s", "6 min", "3 h", "2 d". */
export function formatRoughDuration(ms: number): string {
  const time = Math.max(0, ms);
  if (time < MINUTE_MS) return `${Math.floor(time / SECOND_MS)} s`;
  if (time < HOUR_MS) return `${Math.round(time / MINUTE_MS)} min`;
  if (time < DAY_MS) return `${Math.round(time / HOUR_MS)} h`;
  return `${Math.round(time / DAY_MS)} d`;
}

/** "just now", "12 s ago", "3 minutes ago", "2 hours ago", "4 days ago". */
export function formatTimeAgo(then: number, now: number): string {
  const time = now - then;
  if (time < 2 * SECOND_MS) return 'just now';
  if (time < MINUTE_MS) return `${Math.floor(time / SECOND_MS)} s ago`;
  if (time < HOUR_MS) return `${formatCount(Math.floor(time / MINUTE_MS), 'minute')} ago`;
  if (time < DAY_MS) return `${formatCount(Math.floor(time / HOUR_MS), 'hour')} ago`;
  return `${formatCount(Math.floor(time / DAY_MS), 'day')} ago`;
}

const TIME_FORMAT = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const TIME_SECONDS_FORMAT = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});
const DATE_FORMAT = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const DATE_YEAR_FORMAT = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
});

/** "14:02". */
export function formatTime(at: number): string {
  return TIME_FORMAT.format(at);
}

/** "14:02:07". */
export function formatTimeWithSeconds(at: number): string {
  return TIME_SECONDS_FORMAT.format(at);
}

/** "24 Nov", with the year when it is another one. */
export function formatDay(at: number, now: number): string {
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return (sameYear ? DATE_FORMAT : DATE_YEAR_FORMAT).format(at);
}

/** "14:02" today, "yesterday 14:02", else "24 Nov 14:02". */
export function formatMoment(at: number, now: number): string {
  const midnight = new Date(now).setHours(0, 0, 0, 0);
  if (at >= midnight) return formatTime(at);
  if (at >= new Date(midnight - HOUR_MS).setHours(0, 0, 0, 0)) return `yesterday ${formatTime(at)}`;
  return `${formatDay(at, now)} ${formatTime(at)}`;
}

/** A time to come: "14:05" today, "tomorrow 09:40", else "27 Nov 09:40". */
export function formatFutureTime(at: number, now: number): string {
  const midnight = new Date(now).setHours(24, 0, 0, 0);
  if (at < midnight) return formatTime(at);
  if (at < new Date(midnight + HOUR_MS).setHours(24, 0, 0, 0)) return `tomorrow ${formatTime(at)}`;
  return `${formatDay(at, now)} ${formatTime(at)}`;
}

/** "1st", "2nd", "3rd", "11th". */
export function formatOrdinal(n: number): string {
  const tens = n % 100;
  if (tens >= 11 && tens <= 13) return `${n}th`;
  return `${n}${{ 1: 'st', 2: 'nd', 3: 'rd' }[n % 10] ?? 'th'}`;
}

/** "1 file", "2 files", with thousands apart. */
export function formatCount(n: number, one: string, many = `${one}s`): string {
  return `${formatNumber(n)} ${n === 1 ? one : many}`;
}

/** "48,200". */
export function formatNumber(n: number): string {
  return n.toLocaleString('en-GB');
}
