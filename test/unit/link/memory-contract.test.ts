import { Random } from '../../../src/base/random.ts'
import { ImpairedLink } from '../../../src/link/impair.ts'
import { memoryLinkPair } from '../../../src/link/memory.ts'
import { openVirtualLink } from '../../../main/link/virtual-link.ts'
import { describeLinkContract } from '../../support/link-contract.ts'
import { farMac, labMac } from '../../support/link-frames.ts'

const lacks = {
  snap: 'an in-memory link hands out whole frames',
  filter: 'an in-memory link has no filter machine',
  remove: 'an in-memory link has no interface that could go',
}

describeLinkContract({
  name: 'memory',
  lacks,
  open({ seeSent }) {
    const [link, peer] = memoryLinkPair({ seeSent, mac: labMac }, { mac: farMac })
    return { link, peer }
  },
})

describeLinkContract({
  name: 'memory, impaired by nothing',
  lacks,
  open({ seeSent }) {
    const [link, peer] = memoryLinkPair({ seeSent, mac: labMac }, { mac: farMac })
    return { link: new ImpairedLink(link, { random: new Random(1), clock: () => 0 }), peer }
  },
})

describeLinkContract({
  name: 'virtual',
  lacks,
  open({ seeSent }) {
    const link = openVirtualLink({ clock: () => Math.floor((performance.timeOrigin + performance.now()) * 1000), seed: 1, seeSent })
    // The peer's announcement of its address is not what the suite wants to count.
    link.drain(() => {}, 1000)
    return { link, peer: link.attach('far') }
  },
})
