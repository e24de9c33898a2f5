import { openNicLink } from '../../main/link/nic-link.ts'
import { describeLinkContract } from '../support/link-contract.ts'
import type { ContractOptions, LinkContract } from '../support/link-contract.ts'
import { inOwnNetwork, makeVeth, removeVeth } from '../support/own-network.ts'

const near = 'tlnic0'
const far = 'tlnic1'

function nicContract(name: string, more: { immediate: boolean }): LinkContract {
  return {
    name,
    open({ seeSent, filter, snapLength }: ContractOptions) {
      removeVeth(near)
      makeVeth(near, far)
      const link = openNicLink({ name: near, seeSent, filter, snapLength, ...more })
      return { link, peer: openNicLink({ name: far, seeSent: false }), removeInterface: () => removeVeth(far) }
    },
    cleanUp: () => removeVeth(near),
    lacks: {},
  }
}

inOwnNetwork(import.meta.url, () => {
  describeLinkContract(nicContract('nic', { immediate: false }))
  describeLinkContract(nicContract('nic, each frame at once', { immediate: true }))
})
