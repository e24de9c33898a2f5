import { openCapLink } from '../../main/link/cap-link.ts'
import { openNicLink } from '../../main/link/nic-link.ts'
import { bindingObstacle, capObstacle } from '../support/binding.ts'
import { describeLinkContract } from '../support/link-contract.ts'
import { inOwnNetwork, makeVeth, removeVeth } from '../support/own-network.ts'

const near = 'tlcap0'
const far = 'tlcap1'

inOwnNetwork(import.meta.url, () => {
  describeLinkContract({
    name: 'cap',
    open({ seeSent, filter }) {
      removeVeth(near)
      makeVeth(near, far)
      return { link: openCapLink({ name: near, seeSent, filter }), peer: openNicLink({ name: far, seeSent: false, bufferBytes: 8 << 20 }) }
    },
    cleanUp: () => removeVeth(near),
    lacks: {
      snap: 'needs a snap length, and cap fixes its own at 65,535',
      remove: 'needs a link that outlives its interface, and cap ends the process by an assertion then',
    },
  })
}, () => bindingObstacle() ?? capObstacle())
