/** The time in whole µs since 1970 that never goes back: the wall clock at the start of the process, and the monotonic clock from there. */
export type Clock = () => number

export const machineClock: Clock = () => Math.floor((performance.timeOrigin + performance.now()) * 1000)
