/** One measured figure; where a peer did the same work in the same run, its figure and the ratio to it. */
export interface BenchResult {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly peer?: string
  readonly peerValue?: number
  readonly ratio?: number
}
