import type { ConnectionRecord } from './connection-record.ts'

/** Connections that wait for their turn. Emptying it keeps its memory, so that a busy host allocates nothing here. */
export class RecordList {
  private readonly records: (ConnectionRecord | null)[] = []
  private used = 0

  get count(): number {
    return this.used
  }

  add(record: ConnectionRecord): void {
    this.records[this.used++] = record
  }

  at(index: number): ConnectionRecord {
    return this.records[index]!
  }

  clear(): void {
    this.records.fill(null, 0, this.used)
    this.used = 0
  }
}
