import type { TcpSnapshot } from '../../tcp/snapshot.ts'
import { TcpState, tcpStateNames } from '../../tcp/state.ts'
import type { Talker } from './talker.ts'

/**
 * What is wrong with how a connection stands, or ended, long after the network became perfect.
 * @param views of the two ends; null where there never was one
 * @param mayGiveUp an end may have had enough before the network was well again
 */
export function brokenEnding(talkers: readonly [Talker, Talker], views: readonly (TcpSnapshot | null)[], mayGiveUp: boolean): string | null {
  const [client, server] = talkers
  for (const [i, talker] of talkers.entries()) {
    const view = views[i]
    if (talker.ending !== null || view === null) continue
    const isBusy = view.sndUna !== view.sndNxt || view.sendQueuedBytes > 0
    if (isBusy) return `a connection is stuck in ${tcpStateNames[view.state]} with something to send\n${JSON.stringify(view)}`
  }
  const isOpen = (talker: Talker) => talker.socket !== null && talker.ending === null
  if (isOpen(client) && isOpen(server)) return `both ends stay open: ${said(client)}; ${said(server)}\n${views.map((view) => JSON.stringify(view)).join('\n')}`
  if (client.aborted || server.aborted || client.ending === 'refused' || server.ending === 'refused') return null
  if (client.ending === 'closed' && server.ending === 'closed' && !(isWhole(client, server) && isWhole(server, client))) return `both ends closed in order, but ${said(client)}; ${said(server)}`
  return mayGiveUp ? null : brokenPatience(talkers, views)
}

/** The one way to end otherwise: the last ACK was lost and TIME-WAIT was over when the FIN came again. */
function brokenPatience(talkers: readonly [Talker, Talker], views: readonly (TcpSnapshot | null)[]): string | null {
  const outlived = talkers.map(({ ending }, i) => ending === 'reset' && views[i] !== null && hasClosedLast(views[i]))
  const endedWell = talkers.every(({ ending }, i) => ending === 'closed' || outlived[i]) && !(outlived[0] && outlived[1])
  const heardAll = talkers.every((talker, i) => outlived[i] || isWhole(talkers[1 - i], talker))
  return endedWell && heardAll ? null : `nobody gave up, but ${said(talkers[0])}; ${said(talkers[1])}`
}

function hasClosedLast({ path }: TcpSnapshot): boolean {
  return path.some((state, i) => i % 2 === 0 && (state === TcpState.lastAck || state === TcpState.closing))
}

function isWhole(speaker: Talker, listener: Talker): boolean {
  return speaker.said === speaker.plan.bytes && listener.heard === speaker.said
}

function said({ ending, said, plan, heard }: Talker): string {
  return `${ending ?? 'open'} with ${said} of ${plan.bytes} bytes said and ${heard} heard`
}
