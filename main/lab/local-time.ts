/** Seconds that this machine's clock on the wall is ahead of UTC at a wall time, which is given as if it were UTC. */
export function localTime(wallSec: number): number {
  const utc = new Date(wallSec * 1000)
  const same = new Date(utc.getUTCFullYear(), utc.getUTCMonth(), utc.getUTCDate(), utc.getUTCHours(), utc.getUTCMinutes(), utc.getUTCSeconds())
  return wallSec - Math.floor(same.getTime() / 1000)
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `Nov 14, 2023 22:13:20.000000000 UTC`: local time, with the name of its zone. */
export function localTimeText(nanoseconds: bigint): string {
  const date = new Date(Number(nanoseconds / 1_000_000_000n) * 1000)
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':')
  const fraction = (nanoseconds % 1_000_000_000n).toString().padStart(9, '0')
  const zone = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' }).formatToParts(date).find(({ type }) => type === 'timeZoneName')?.value ?? ''
  return `${months[date.getMonth()]} ${String(date.getDate()).padStart(2)}, ${date.getFullYear()} ${clock}.${fraction} ${zone}`
}
