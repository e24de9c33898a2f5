import type { PacketRecord } from './packet-store.ts'

/** Comments of packets: those of the capture file, and in their place those that were written since. */
export class PacketComments {
  /** Grows with every change, so that who shows comments sees it. */
  changes = 0
  /** By packet number; '' where the comments of the file were deleted. */
  private readonly written = new Map<number, string>()
  private readonly unsaved = new Set<number>()

  /** @param ofFile what stands in the file */
  constructor(private readonly ofFile: (record: PacketRecord) => readonly string[]) {}

  /** Packets whose comments differ from those of the file. */
  get writtenCount(): number { return this.written.size }
  /** Packets whose comments no saved file has yet. */
  get unsavedCount(): number { return this.unsaved.size }

  of(number: number, record: PacketRecord): readonly string[] {
    const text = this.written.get(number)
    if (text === undefined) return this.ofFile(record)
    return text === '' ? [] : [text]
  }

  /** The comment of a packet from now on, in place of all that it has; '' deletes them. */
  write(number: number, record: PacketRecord, text: string): void {
    const standing = this.ofFile(record)
    const isAsInFile = text === '' ? standing.length === 0 : standing.length === 1 && standing[0] === text
    const wasSaved = this.written.has(number) && !this.unsaved.has(number)
    if (isAsInFile) this.written.delete(number)
    else this.written.set(number, text)
    // What was saved elsewhere and is taken back differs from the saved file again.
    if (isAsInFile && !wasSaved) this.unsaved.delete(number)
    else this.unsaved.add(number)
    this.changes++
  }

  /** What to write in place of the comments of the file; null where they stay. */
  changeOf(number: number): string | null {
    return this.written.get(number) ?? null
  }

  /** A file holds these comments now. Those that were changed again meanwhile are not saved. */
  noteSaved(saved: ReadonlyMap<number, string | null>): void {
    for (const number of this.unsaved) if (saved.has(number) && saved.get(number) === this.changeOf(number)) this.unsaved.delete(number)
    this.changes++
  }

  /** A file has every packet as it was: of what was written, nothing stands any more. */
  noteAllSaved(): void {
    this.unsaved.clear()
    this.changes++
  }

  /** Packets before this number have left, and their comments with them. */
  leaveBefore(number: number): void {
    for (const known of this.written.keys()) if (known < number) this.written.delete(known)
    for (const known of this.unsaved) if (known < number) this.unsaved.delete(known)
  }
}
