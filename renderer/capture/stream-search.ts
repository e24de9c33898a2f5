import { ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import { parseHex, utf8Bytes } from '../../src/base/bytes.ts'
import type { StreamChoice } from '../../src/rpc/stream-contract.ts'
import type { FaultList } from '../fault-list.ts'
import { faultOf } from '../lab/client.ts'
import type { Lab } from '../lab/store.ts'
import type { StreamView } from './stream-layout.ts'

export type SearchState = 'none' | 'searching' | 'found' | 'wrapped' | 'notFound' | 'badHex' | 'badLatin1'

export interface StreamFinder {
  text: Ref<string>
  /** What is typed are hexadecimal digits. */
  isHex: Ref<boolean>
  /** A is not a. */
  isExact: Ref<boolean>
  state: ShallowRef<SearchState>
  match: ShallowRef<readonly [from: number, to: number] | null>
  /** Goes to the next match from a position on, or to the one before it; past the end it begins again. */
  find(backwards: boolean): Promise<void>
}

/** Looks for bytes in the stream. The core looks on for a while at each call. */
export function useStreamSearch(lab: Lab, faults: FaultList, choice: Ref<StreamChoice | null>, view: Ref<StreamView>, at: () => number): StreamFinder {
  const text = ref('')
  const isHex = ref(false)
  const isExact = ref(false)
  const state = shallowRef<SearchState>('none')
  const match = shallowRef<readonly [number, number] | null>(null)
  let generation = 0

  function pattern(): Uint8Array | null {
    if (isHex.value) return parseHex(text.value.replaceAll(/\s/g, ''))
    if (view.value !== 'latin1') return utf8Bytes(text.value)
    const codes = Array.from(text.value, (char) => char.codePointAt(0)!)
    return codes.every((code) => code <= 0xff) ? Uint8Array.from(codes) : null
  }

  async function find(backwards: boolean): Promise<void> {
    const asking = ++generation
    const bytes = pattern()
    if (choice.value === null || text.value === '') return
    if (bytes === null || bytes.length === 0) {
      state.value = isHex.value ? 'badHex' : 'badLatin1'
      return
    }
    state.value = 'searching'
    const from = match.value === null ? at() : match.value[0] + (backwards ? -1 : 1)
    try {
      const found = await search(bytes, from, backwards, asking)
      const wrapped = found === -1 ? await search(bytes, backwards ? Number.MAX_SAFE_INTEGER : 0, backwards, asking) : found
      if (asking !== generation || wrapped === null) return
      match.value = wrapped < 0 ? null : [wrapped, wrapped + bytes.length]
      state.value = wrapped < 0 ? 'notFound' : found === -1 ? 'wrapped' : 'found'
    } catch (error) {
      state.value = 'none'
      if (lab.state.value === 'connected') faults.report(faultOf(error))
    }
  }

  /** @returns the position, -1 for none, null where something else was asked meanwhile */
  async function search(bytes: Uint8Array, from: number, backwards: boolean, asking: number): Promise<number | null> {
    if (from < 0) return -1
    for (let next = from; ;) {
      const found = await lab.client.findInStream({ ...choice.value!, pattern: bytes, from: next, backwards, ignoreCase: !isHex.value && !isExact.value })
      if (asking !== generation || choice.value === null) return null
      if (found.position >= 0 || found.next < 0) return found.position
      next = found.next
    }
  }

  watch([text, isHex, isExact, view, choice], () => {
    generation++
    match.value = null
    state.value = 'none'
  })
  return { text, isHex, isExact, state, match, find }
}
