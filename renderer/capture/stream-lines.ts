import { useThrottleFn } from '@vueuse/core'
import { computed, ref, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import type { StreamChoice, StreamPage } from '../../src/rpc/stream-contract.ts'
import type { Lab } from '../lab/store.ts'
import { layOutStream, type StreamLayout, type StreamLine } from './stream-layout.ts'

const pageBytes = 8192
/** Asked for beyond a page on either side: what is left of a line or of a character. */
const marginBytes = 64
const pagesKept = 24
/** While packets come, the stream is asked about this often. */
const renewMs = 300

/** A stream as lines in view. Pages are asked from the core when they come into view; memory does not grow with the stream. */
export interface StreamLines {
  /** What the core knows of the stream as a whole, or null until it has answered. */
  facts: ShallowRef<StreamPage | null>
  lines: ComputedRef<StreamLine[]>
  /** Position of the first line in view. */
  position: ComputedRef<number>
  /** Whether all there is fits into the view. */
  isShort: ComputedRef<boolean>
  moveBy(lines: number): void
  toEnd(): Promise<void>
  /** Brings a position into view, moving only where it is not; `atTop` makes it the first line. */
  reveal(position: number, atTop?: boolean): Promise<void>
  /** The page that holds a position. */
  pageAt(position: number): Promise<StreamPage | null>
}

/** @param choice null: no stream @param visible lines that fit */
export function useStreamLines(lab: Lab, choice: Ref<StreamChoice | null>, layout: Ref<StreamLayout>, visible: Ref<number>): StreamLines {
  const facts = shallowRef<StreamPage | null>(null)
  const pages = new Map<number, StreamPage>()
  const asked = new Map<number, Promise<StreamPage | null>>()
  const version = ref(0)
  const top = shallowRef({ page: 0, line: 0 })
  let following = false
  let generation = 0
  let laidOut = new WeakMap<StreamPage, { layout: StreamLayout, lines: StreamLine[] }>()

  const lastPage = (): number => Math.max(0, Math.ceil((facts.value?.total ?? 0) / pageBytes) - 1)

  function linesOf(number: number): StreamLine[] | null {
    const page = pages.get(number)
    if (page === undefined) return null
    const known = laidOut.get(page)
    if (known?.layout === layout.value) return known.lines
    const from = number * pageBytes
    const lines = layOutStream(page, from, from + pageBytes, layout.value)
    laidOut.set(page, { layout: layout.value, lines })
    return lines
  }

  function load(number: number): Promise<StreamPage | null> {
    const known = pages.get(number)
    if (known !== undefined || choice.value === null || number < 0 || number > lastPage()) return Promise.resolve(known ?? null)
    const asking = asked.get(number) ?? ask(number)
    asked.set(number, asking)
    return asking
  }

  async function ask(number: number): Promise<StreamPage | null> {
    const asking = generation
    const from = Math.max(0, number * pageBytes - marginBytes)
    try {
      const page = await lab.client.getStream({ ...choice.value!, from, count: (number + 1) * pageBytes + marginBytes - from })
      if (asking !== generation) return null
      if (page.version !== facts.value?.version) forgetPages()
      pages.set(number, page)
      facts.value = page
      for (const old of pages.keys()) if (pages.size > pagesKept && Math.abs(old - top.value.page) > 2) pages.delete(old)
      version.value++
      return page
    } catch {
      // The link to the core went; pages are asked for again once it is back.
      return null
    } finally {
      if (asking === generation) asked.delete(number)
    }
  }

  function forgetPages(): void {
    pages.clear()
    laidOut = new WeakMap()
  }

  const lines = computed(() => {
    void version.value
    const shown: StreamLine[] = []
    for (let { page, line } = top.value; shown.length < visible.value; page++, line = 0) {
      const all = page <= lastPage() ? linesOf(page) : null
      if (all === null) break
      shown.push(...all.slice(line, line + visible.value - shown.length))
    }
    return shown
  })
  const isShort = computed(() => {
    void version.value
    return top.value.page === 0 && top.value.line === 0 && lastPage() <= 1 && belowTop(visible.value + 1) <= visible.value
  })
  const position = computed(() => lines.value[0]?.position ?? top.value.page * pageBytes)

  /** Lines from the top on, as far as they are known, at most so many. */
  function belowTop(atMost: number): number {
    let count = 0
    for (let { page, line } = top.value; count < atMost && page <= lastPage(); page++, line = 0) {
      const all = linesOf(page)
      if (all === null) return atMost
      count += all.length - line
    }
    return Math.min(count, atMost)
  }

  function moveBy(delta: number): void {
    let { page, line } = top.value
    for (let left = delta; left < 0; left++) {
      if (line > 0) {
        line--
        continue
      }
      let before = page - 1
      while (before >= 0 && linesOf(before)?.length === 0) before--
      const all = linesOf(before)
      if (all === null) break
      page = before
      line = all.length - 1
    }
    top.value = { page, line }
    for (let left = delta; left > 0 && belowTop(visible.value + 1) > visible.value; left--) {
      const all = linesOf(top.value.page)
      if (all === null) break
      top.value = top.value.line + 1 < all.length ? { page: top.value.page, line: top.value.line + 1 } : { page: top.value.page + 1, line: 0 }
    }
    following = belowTop(visible.value + 1) <= visible.value
  }

  async function reveal(at: number, atTop = false): Promise<void> {
    const number = Math.min(lastPage(), Math.floor(at / pageBytes))
    const asking = generation
    await Promise.all([load(number - 1), load(number), load(number + 1)])
    if (asking !== generation) return
    const first = lines.value[0]
    const last = lines.value.at(-1)
    const isInView = first !== undefined && last !== undefined && first.position <= at && (at < last.position || endOf(last) > at)
    if (isInView && !atTop) return
    const all = linesOf(number) ?? []
    const line = Math.max(0, all.findLastIndex((each) => each.position <= at && each.hole === null))
    top.value = { page: number, line }
    moveBy(atTop ? 0 : -Math.floor(visible.value / 3))
    fillView()
  }

  async function toEnd(): Promise<void> {
    const asking = generation
    await Promise.all([load(lastPage() - 1), load(lastPage())])
    if (asking !== generation) return
    top.value = { page: lastPage(), line: Math.max(0, (linesOf(lastPage())?.length ?? 1) - 1) }
    fillView()
    following = true
  }

  /** Behind the end there is nothing to show: what is before it fills the view. */
  function fillView(): void {
    const missing = visible.value - belowTop(visible.value)
    if (missing > 0) moveBy(-missing)
  }

  let isRenewing = false
  async function renew(): Promise<void> {
    if (isRenewing || choice.value === null) return
    isRenewing = true
    try {
      let isComplete = false
      while (!isComplete && choice.value !== null) {
        const asking = generation
        const found = await lab.client.getStream({ ...choice.value, from: 0, count: 0 })
        if (asking !== generation) continue
        isComplete = found.packets >= found.totalPackets
        takeFacts(found)
      }
    } catch {
      // The link to the core went; the next packets start it again.
    } finally {
      isRenewing = false
    }
  }

  function takeFacts(found: StreamPage): void {
    const before = facts.value
    if (before?.version !== found.version) forgetPages()
    else if (before.total !== found.total || before.ends.some(({ length }, end) => length !== found.ends[end].length)) {
      // What ended the stream goes on now.
      pages.delete(lastPage())
      pages.delete(lastPage() - 1)
    }
    facts.value = found
    version.value++
    if (following) void toEnd()
  }

  watch([choice, lab.captureEpoch], ([now], before) => {
    if (before[0] !== undefined && now?.flow === before[0]?.flow && now?.end === before[0]?.end && before[1] === lab.captureEpoch.value) return
    generation++
    asked.clear()
    forgetPages()
    facts.value = null
    following = false
    isRenewing = false
    top.value = { page: 0, line: 0 }
    version.value++
    void renew()
  }, { immediate: true })

  const renewSoon = useThrottleFn(() => { void renew() }, renewMs, true)
  watch(() => choice.value === null ? 0 : packetsOf(lab, choice.value.flow), () => { void renewSoon() })
  watch([top, version, visible, layout], () => {
    for (let page = top.value.page - 1; page <= top.value.page + 1 + Math.ceil(visible.value / 256); page++) void load(page)
  })
  watch(layout, (now, before) => {
    // The same bytes stay at the top where lines break otherwise.
    if (now.view === before.view && now.columns === before.columns) return
    const at = position.value
    void reveal(at, true)
  }, { flush: 'pre' })
  return { facts, lines, position, isShort, moveBy, toEnd, reveal, pageAt: (at) => load(Math.floor(at / pageBytes)) }
}

function endOf(line: StreamLine): number {
  const last = line.spans.at(-1)
  return last === undefined ? line.position : last.position + last.length
}

function packetsOf(lab: Lab, flow: number): number {
  const row = lab.flows.value.get(flow)
  return row === undefined ? 0 : row.client.packets + row.server.packets
}
