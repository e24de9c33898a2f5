import type { PairLayer } from '../../src/trace/statistics/capture-statistics.ts'

const addressField = { eth: 'eth.addr', ipv4: 'ip.addr', ipv6: 'ipv6.addr' } as const

/** The display filter that leaves what one end has sent and received, or what two have sent to each other. */
export function pairFilter(layer: PairLayer, ends: readonly { address: string, port: number }[]): string {
  const tests = ends.flatMap(({ address, port }) => {
    const field = layer === 'tcp' || layer === 'udp' ? (address.includes(':') ? addressField.ipv6 : addressField.ipv4) : addressField[layer]
    return [`${field} == ${address}`, ...(port < 0 ? [] : [`${layer}.port == ${port}`])]
  })
  return tests.join(' and ')
}
