import { codeConstantNames, constantNames } from './constants.ts'
import { optionNames } from './settings.ts'
import { callNames } from './sockets/calls.ts'

export interface ScriptWord { readonly text: string, readonly kind: 'call' | 'constant' | 'option' | 'word' }

/** Words of TCP options, of the IP header and of ICMP, where packets have them. */
const packetWords = [
  'ack', 'win', 'urg', 'mss', 'wscale', 'sackOK', 'sack', 'TS val', 'ecr', 'nop', 'eol', 'noecn', 'ect0', 'ect1', 'ect01', 'ce', 'tos', 'ttl', 'hlim', 'flowlabel',
  'icmp unreachable', 'port_unreachable', 'host_unreachable', 'net_unreachable', 'frag_needed', 'mtu', 'assert',
] as const

/** Everything that has a name in the language, for completion and colours. */
export const scriptVocabulary: readonly ScriptWord[] = [
  ...callNames.map((text) => ({ text, kind: 'call' } as const)),
  ...[...constantNames, ...codeConstantNames].map((text) => ({ text, kind: 'constant' } as const)),
  ...optionNames.map((name) => ({ text: `--${name}`, kind: 'option' } as const)),
  ...packetWords.map((text) => ({ text, kind: 'word' } as const)),
]
