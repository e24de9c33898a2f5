import { openCapHelperLink } from '../../main/link/cap-helper-link.ts'
import { openNicLink } from '../../main/link/nic-link.ts'
import { bindingObstacle, capObstacle } from '../support/binding.ts'
import type { RemoteLink } from '../../main/link/remote-link.ts'
import type { FrameBatch } from '../../src/link/frame-batch.ts'
import { describeLinkContract } from '../support/link-contract.ts'
import { inOwnNetwork, makeVeth, removeVeth } from '../support/own-network.ts'

const near = 'tlcaph0'
const far = 'tlcaph1'

/** The far end holds its frames back until a filter that was just set is in force: in a helper that takes a moment. */
function patient(peer: ReturnType<typeof openNicLink>, link: RemoteLink) {
  const send = peer.send.bind(peer)
  peer.send = (batch: FrameBatch) => link.isFilterSettled ? send(batch) : 0
  return peer
}

inOwnNetwork(import.meta.url, () => {
  describeLinkContract({
    name: 'cap in a helper process',
    async open({ seeSent, filter }) {
      removeVeth(near)
      makeVeth(near, far)
      const link = await openCapHelperLink({ name: near, seeSent, filter })
      return { link, peer: patient(openNicLink({ name: far, seeSent: false, bufferBytes: 8 << 20 }), link), removeInterface: () => removeVeth(far) }
    },
    cleanUp: () => removeVeth(near),
    lacks: { snap: 'needs a snap length, and cap fixes its own at 65,535' },
  })
}, () => bindingObstacle() ?? capObstacle())
