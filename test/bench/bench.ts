/** One measured figure; where a peer did the same work in the same run, its figure and the ratio to it. */
export interface BenchResult {
  readonly name: string
  /** The median, where there were several runs. */
  readonly value: number
  readonly unit: string
  /** Of several runs the least and the largest. */
  readonly min?: number
  readonly max?: number
  readonly peer?: string
  readonly peerValue?: number
  readonly ratio?: number
}

export interface BenchOptions {
  /** A short run that only shows that the bench works. */
  readonly quick?: boolean
  /** How long to measure, where that can be chosen. */
  readonly seconds?: number
  /** How many packets to measure with, where that can be chosen. */
  readonly packets?: number
  /** How many packets a live capture keeps; all unless said. */
  readonly keepPackets?: number
}

export interface Bench {
  readonly name: string
  run(options: BenchOptions): Promise<BenchResult[]>
}
