const leastUs = 500_000

/** Packets a second over the last half second or more, from a count that is looked at now and then. */
export class PacketRate {
  private atUs = 0
  private packets = 0
  private pps = 0

  /** @param packets how many there are now; fewer than before means that counting began anew */
  at(packets: number, nowUs: number): number {
    if (packets < this.packets) this.note(packets, nowUs, 0)
    if (nowUs - this.atUs >= leastUs) this.note(packets, nowUs, Math.round((packets - this.packets) * 1e6 / (nowUs - this.atUs)))
    return this.pps
  }

  private note(packets: number, nowUs: number, pps: number): void {
    this.atUs = nowUs
    this.packets = packets
    this.pps = pps
  }
}
