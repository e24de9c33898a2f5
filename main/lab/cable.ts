import { FaultError, fault } from '../../src/base/fault.ts'
import type { Impairments } from '../../src/link/impair.ts'
import { cableRanges, plainCable, segmentKinds, type CableSettings, type CableState } from '../../src/rpc/cable-contract.ts'
import type { VirtualLink } from '../link/virtual-link.ts'
import { choiceOf, fieldsOf, integerOf, optional } from './arguments.ts'
import type { OpenedLink } from './links.ts'

const reorderUs = 20_000
/** More than a window, so that a plain cable loses nothing. */
const queueFrames = 512
const loseAtMost = 1_000_000

export function impairmentsOf({ lossPercent, duplicatePercent, corruptPercent, reorderPercent, delayMs, rateKbps }: CableSettings): Impairments {
  return {
    lossRate: lossPercent / 100, duplicateRate: duplicatePercent / 100, corruptRate: corruptPercent / 100, reorderRate: reorderPercent / 100, reorderUs,
    delayUs: delayMs * 1000, rateBitsPerSecond: rateKbps * 1000, queueFrames,
  }
}

/** The cable between the two hosts of the virtual link, as a user disturbs it. */
export class Cable {
  private readonly link: VirtualLink
  private settings = plainCable

  constructor(link: VirtualLink) {
    this.link = link
  }

  /** @param given settings, unchecked; what is not said is that of a plain cable, and where nothing is said, nothing is waited for either. @throws FaultError `badArgument` */
  impair(given: unknown): CableState {
    const fields = fieldsOf(given, 'settings')
    if (Object.keys(fields).length === 0) for (const { kind } of this.link.awaitedLosses()) this.link.loseNext(kind, 0)
    const read = (name: keyof CableSettings) => {
      const [least, most] = cableRanges[name]
      return optional(fields[name], (value) => integerOf(value, name, least, most)) ?? plainCable[name]
    }
    this.settings = {
      lossPercent: read('lossPercent'), duplicatePercent: read('duplicatePercent'), corruptPercent: read('corruptPercent'), reorderPercent: read('reorderPercent'),
      delayMs: read('delayMs'), rateKbps: read('rateKbps'),
    }
    this.link.impair(impairmentsOf(this.settings))
    return this.state()
  }

  /** @param request kind and count, unchecked. @throws FaultError `badArgument` */
  loseNext(request: unknown): CableState {
    const { kind, count } = fieldsOf(request, 'request')
    this.link.loseNext(choiceOf(kind, 'kind', segmentKinds), integerOf(count, 'count', 0, loseAtMost))
    return this.state()
  }

  state(): CableState {
    const total = { lost: 0, duplicated: 0, corrupted: 0, reordered: 0 }
    for (const { lost, overflowed, duplicated, corrupted, reordered } of this.link.impairmentCounts()) {
      total.lost += lost + overflowed
      total.duplicated += duplicated
      total.corrupted += corrupted
      total.reordered += reordered
    }
    return { settings: this.settings, awaited: this.link.awaitedLosses(), ...total }
  }
}

/** The cable of an open link. @throws FaultError `linkNotVirtual` */
export function cableOf({ link, cable }: OpenedLink): Cable {
  if (cable === null) throw new FaultError(fault('linkNotVirtual', { name: link.info.name }))
  return cable
}
