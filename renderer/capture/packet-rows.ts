import { computed, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import type { LabClient } from '../../src/rpc/contract.ts'
import type { PacketRow, PacketRowPage } from '../../src/rpc/packets-contract.ts'
import type { Lab } from '../lab/store.ts'

const pageRows = 200
const pagesKept = 40
/** Pages on their way at once; what is wanted beyond that is asked when one has come. */
const askedAtMost = 4

/** The rows of the capture, or of one flow, as pages asked from the core when they come into view. Memory does not grow with the capture. */
export interface PacketRows {
  total: ComputedRef<number>
  /** With a display filter: packets that it has looked at so far; otherwise null. */
  scanned: ShallowRef<number | null>
  /** Grows whenever rows have come or gone, so that views repaint. */
  version: ShallowRef<number>
  /** The row at a position, or undefined while it is on its way. */
  at(index: number): PacketRow | undefined
  /** Position of the first colour rule that the row passes; -1 for none, or while it is on its way. */
  ruleAt(index: number): number
  /** Says which rows are in view; missing ones are asked for. */
  want(from: number, count: number): void
  /** Initial sequence numbers of a flow as [client, server]; -1 where unknown. */
  isns(flow: number): readonly [number, number]
  /** Whether those numbers are on their way. */
  isAsking(flow: number): boolean
}

/**
 * @param filter display filter, '' for none; a filter that is none of the language must not come here
 * @param rules display filters of the colour rules; the same holds for them
 */
export function usePacketRows(lab: Lab, flow: Ref<number>, filter: Ref<string>, rules: Ref<readonly string[]>): PacketRows {
  const pages = new Map<number, readonly (PacketRow | undefined)[]>()
  const matches = new Map<number, readonly number[]>()
  const asked = new Set<number>()
  const version = shallowRef(0)
  const answeredTotal = shallowRef(0)
  const scanned = shallowRef<number | null>(null)
  /** Packets of the flow that have left. */
  const flowLeft = shallowRef(0)
  /** Rows of all packets keep their pages as others leave: pages count from the first packet that ever came. */
  const left = computed(() => flow.value < 0 && filter.value === '' ? lab.packets.value.left : 0)
  /** The next answer's total stands in place of what was known. */
  let isTotalStale = false
  let generation = 0
  let wanted: [from: number, count: number] = [0, 0]

  /** Packets that the filter has to look at. */
  const unfiltered = computed(() => {
    if (flow.value < 0) return lab.packets.value.total - lab.packets.value.left
    const row = lab.flows.value.get(flow.value)
    return Math.max(filter.value === '' ? answeredTotal.value : 0, row ? row.client.packets + row.server.packets - flowLeft.value : 0)
  })
  const total = computed(() => filter.value === '' ? unfiltered.value : answeredTotal.value)

  function forget(): void {
    generation++
    pages.clear()
    matches.clear()
    asked.clear()
    answeredTotal.value = 0
    flowLeft.value = 0
    scanned.value = filter.value === '' ? null : 0
    version.value++
  }

  function at(index: number): PacketRow | undefined {
    const place = index + left.value
    return pages.get(Math.floor(place / pageRows))?.[place % pageRows]
  }

  function ruleAt(index: number): number {
    const place = index + left.value
    return matches.get(Math.floor(place / pageRows))?.[place % pageRows] ?? -1
  }

  function want(from: number, count: number): void {
    wanted = [from, count]
    const end = left.value + total.value
    const last = Math.min(left.value + from + count, end) - 1
    for (let page = Math.floor((left.value + Math.max(0, from)) / pageRows); page <= Math.floor(last / pageRows); page++) {
      const rowsThere = Math.min(pageRows, end - page * pageRows)
      if ((pages.get(page)?.length ?? 0) < rowsThere && !asked.has(page) && asked.size < askedAtMost) void ask(page)
    }
  }

  async function ask(page: number): Promise<void> {
    const asking = generation
    asked.add(page)
    try {
      const gone = left.value
      const before = Math.max(0, gone - page * pageRows)
      const from = page * pageRows + before - gone
      const answer = await lab.client.getPacketRows({ from, count: pageRows - before, ...rest(), ...(rules.value.length > 0 ? { rules: [...rules.value] } : {}) })
      if (asking !== generation) return
      // More have left on the way: these are other rows than were meant, and an update that says so is coming.
      if (gone > 0 && answer.rows[0]?.number !== gone + from + 1) return
      pages.delete(page)
      const absent = new Array<undefined>(before)
      pages.set(page, before === 0 ? answer.rows : [...absent, ...answer.rows])
      if (answer.matches) matches.set(page, before === 0 ? answer.matches : [...absent.fill(undefined).map(() => -1), ...answer.matches])
      takeScanned(answer)
      takeTotal(answer)
      for (const old of pages.keys()) {
        if (pages.size <= pagesKept) break
        pages.delete(old)
        matches.delete(old)
      }
      numbers.take(answer.rows)
      version.value++
    } catch {
      // The link to the core went; rows are asked for again once it is back.
    } finally {
      if (asking === generation) {
        asked.delete(page)
        if (asked.size === askedAtMost - 1) want(...wanted)
      }
    }
  }

  function askAnew(): void {
    generation++
    pages.clear()
    matches.clear()
    asked.clear()
    isTotalStale = true
    version.value++
    if (filter.value !== '') scanned.value = 0
    want(...wanted)
    void scan()
  }

  const rest = () => ({ ...(flow.value >= 0 ? { flow: flow.value } : {}), ...(filter.value === '' ? {} : { filter: filter.value }) })

  function takeScanned(answer: PacketRowPage): void {
    if (answer.scanned !== undefined) scanned.value = Math.max(scanned.value ?? 0, answer.scanned)
  }

  function takeTotal(answer: PacketRowPage): void {
    if (flow.value < 0 && filter.value === '') return
    answeredTotal.value = isTotalStale ? answer.total : Math.max(answeredTotal.value, answer.total)
    isTotalStale = false
    const row = flow.value >= 0 && filter.value === '' && lab.packets.value.left > 0 ? lab.flows.value.get(flow.value) : undefined
    if (row) flowLeft.value = Math.max(0, row.client.packets + row.server.packets - answer.total)
  }

  /** Lets the filter look on, a piece a call, until it has seen every packet there is; then waits for more. */
  let isScanning = false
  async function scan(): Promise<void> {
    if (isScanning) return
    isScanning = true
    try {
      while (filter.value !== '' && (scanned.value ?? 0) < unfiltered.value) {
        const asking = generation
        const answer = await lab.client.getPacketRows({ from: 0, count: 0, ...rest() })
        if (asking !== generation) continue
        const before = scanned.value
        takeScanned(answer)
        takeTotal(answer)
        if (scanned.value === before) break
      }
    } catch {
      // The link to the core went; the next packets start it again.
    } finally {
      isScanning = false
    }
  }
  watch([unfiltered, filter], () => { void scan() })

  const numbers = initialNumbers(lab.client, () => { version.value++ })
  watch([flow, filter, lab.captureEpoch], () => {
    forget()
    numbers.forget()
  }, { flush: 'sync' })
  // Among the rows of a flow or of a filter nobody knows how many have left: they are asked for anew.
  watch(() => lab.packets.value.left, () => {
    version.value++
    if (flow.value < 0 && filter.value === '') {
      for (const page of pages.keys()) if ((page + 1) * pageRows <= left.value) pages.delete(page)
      return
    }
    askAnew()
  })
  watch(() => lab.packets.value.commentChanges, askAnew)
  // Rows stay as they are; only their colours are asked for again.
  watch(() => rules.value.join('\n'), () => {
    pages.clear()
    matches.clear()
    asked.clear()
    generation++
    version.value++
    want(...wanted)
  })
  return { total, scanned, version, at, ruleAt, want, isns: numbers.of, isAsking: numbers.isAsking }
}

/** Initial sequence numbers: read off SYN rows as they pass, and asked once for flows whose SYN is out of view. */
function initialNumbers(client: LabClient, onChange: () => void) {
  const known = new Map<number, [number, number]>()
  const asked = new Set<number>()
  const pending = new Set<number>()

  async function ask(flow: number, packet: number): Promise<void> {
    asked.add(flow)
    pending.add(flow)
    try {
      const { clientIsn, serverIsn } = await client.getPacket(packet)
      const numbers = known.get(flow) ?? [-1, -1]
      known.set(flow, [clientIsn < 0 ? numbers[0] : clientIsn, serverIsn < 0 ? numbers[1] : serverIsn])
    } catch {
      asked.delete(flow)
    }
    pending.delete(flow)
    onChange()
  }

  return {
    of: (flow: number): readonly [number, number] => known.get(flow) ?? unknownNumbers,
    isAsking: (flow: number): boolean => pending.has(flow),
    forget: () => {
      known.clear()
      asked.clear()
    },
    take: (rows: readonly PacketRow[]) => {
      for (const { flow, tcp, number } of rows) {
        if (!tcp || flow < 0) continue
        const numbers = known.get(flow) ?? [-1, -1]
        if (tcp.flags & synBit && numbers[tcp.from] < 0) {
          numbers[tcp.from] = tcp.seq
          known.set(flow, numbers)
        } else if (numbers[tcp.from] < 0 && !asked.has(flow)) {
          void ask(flow, number)
        }
      }
    },
  }
}

const synBit = 0x02
const unknownNumbers = [-1, -1] as const
