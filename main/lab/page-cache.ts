import { readSync } from 'node:fs'

const pageBytes = 64 * 1024
const maxPages = 32

/** Reads pieces of a file that only grows, through the few pages that were used last. */
export class PageCache {
  /** Insertion order is order of use: the first one is the oldest. */
  private readonly pages = new Map<number, Uint8Array>()

  /**
   * @param fileBytes bytes that the file is known to hold; pages beyond are read but not kept
   * @returns a copy; null where the file has fewer bytes or cannot be read
   */
  read(file: number, offset: number, length: number, fileBytes: number): Uint8Array | null {
    if (offset < 0 || offset + length > fileBytes) return null
    const into = new Uint8Array(length)
    for (let done = 0; done < length;) {
      const number = Math.floor((offset + done) / pageBytes)
      const from = offset + done - number * pageBytes
      const count = Math.min(length - done, pageBytes - from)
      if ((number + 1) * pageBytes > fileBytes) {
        return readFully(file, into.subarray(done), offset + done) ? into : null
      }
      const page = this.page(file, number)
      if (!page) return null
      into.set(page.subarray(from, from + count), done)
      done += count
    }
    return into
  }

  clear(): void {
    this.pages.clear()
  }

  private page(file: number, number: number): Uint8Array | null {
    const known = this.pages.get(number)
    if (known) {
      this.pages.delete(number)
      this.pages.set(number, known)
      return known
    }
    const page = this.takeOldest() ?? new Uint8Array(pageBytes)
    if (!readFully(file, page, number * pageBytes)) return null
    this.pages.set(number, page)
    return page
  }

  private takeOldest(): Uint8Array | null {
    if (this.pages.size < maxPages) return null
    const [number, page] = this.pages.entries().next().value!
    this.pages.delete(number)
    return page
  }
}

/** Fills `into` from a file; false when there is less or reading fails. */
export function readFully(file: number, into: Uint8Array, position: number): boolean {
  try {
    for (let done = 0; done < into.length;) {
      const count = readSync(file, into, done, into.length - done, position + done)
      if (count === 0) return false
      done += count
    }
    return true
  } catch {
    return false
  }
}
