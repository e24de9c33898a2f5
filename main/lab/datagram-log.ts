import type { DatagramRow } from '../../src/rpc/host-contract.ts'

const rowsAtMost = 1000
const bytesAtMost = 4 * 1024 * 1024

/** What a user sent and received over UDP by hand: the latest of it. */
export class DatagramLog {
  total = 0
  private readonly rows: DatagramRow[] = []
  private bytes = 0

  add(row: Omit<DatagramRow, 'id'>): void {
    this.rows.push({ id: ++this.total, ...row })
    this.bytes += row.data.length
    while (this.rows.length > rowsAtMost || this.bytes > bytesAtMost) this.bytes -= this.rows.shift()!.data.length
  }

  /** Oldest first. */
  latest(count: number): DatagramRow[] {
    return count === 0 ? [] : this.rows.slice(-count)
  }
}
