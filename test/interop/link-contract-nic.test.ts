import { openNicLink } from '../../main/link/nic-link.ts'
import type { NicLinkOptions } from '../../main/link/nic-link.ts'
import { bindingObstacle } from '../support/binding.ts'
import { describeLinkContract } from '../support/link-contract.ts'
import type { ContractOptions, LinkContract } from '../support/link-contract.ts'
import { inOwnNetwork, makeVeth, removeVeth } from '../support/own-network.ts'

const near = 'tlnic0'
const far = 'tlnic1'
const quickToOpen = { bufferBytes: 8 << 20 }

function nicContract(name: string, more: Partial<NicLinkOptions>): LinkContract {
  return {
    name,
    open({ seeSent, filter, snapLength }: ContractOptions) {
      removeVeth(near)
      makeVeth(near, far)
      const link = openNicLink({ name: near, seeSent, filter, snapLength, ...more })
      return { link, peer: openNicLink({ name: far, seeSent: false, ...quickToOpen }), removeInterface: () => removeVeth(far) }
    },
    cleanUp: () => removeVeth(near),
    lacks: {},
  }
}

inOwnNetwork(import.meta.url, () => {
  describeLinkContract(nicContract('nic', quickToOpen))
  describeLinkContract(nicContract('nic, each frame at once', { immediate: true }))
}, bindingObstacle)
