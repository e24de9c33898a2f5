/** The eight flags in their order on the wire (RFC 9293 §3.1), with the letter that stands for each. */
export const flagLetters = [
  { letter: 'C', name: 'CWR', bit: 0x80, cssClass: 'flag-c', token: '--flag-c' },
  { letter: 'E', name: 'ECE', bit: 0x40, cssClass: 'flag-e', token: '--flag-e' },
  { letter: 'U', name: 'URG', bit: 0x20, cssClass: 'flag-u', token: '--flag-u' },
  { letter: 'A', name: 'ACK', bit: 0x10, cssClass: 'flag-a', token: '--flag-a' },
  { letter: 'P', name: 'PSH', bit: 0x08, cssClass: 'flag-p', token: '--flag-p' },
  { letter: 'R', name: 'RST', bit: 0x04, cssClass: 'flag-r', token: '--flag-r' },
  { letter: 'S', name: 'SYN', bit: 0x02, cssClass: 'flag-s', token: '--flag-s' },
  { letter: 'F', name: 'FIN', bit: 0x01, cssClass: 'flag-f', token: '--flag-f' },
] as const

const ackBit = 0x10

/** Names of the set flags as people say them: `SYN, ACK`, with ACK last. */
export function flagNames(flags: number): string[] {
  const names: string[] = flagLetters.filter((light) => flags & light.bit && light.bit !== ackBit).map((light) => light.name)
  return flags & ackBit ? [...names, 'ACK'] : names
}

/** `SYN+ACK`, the label of a ladder arrow. */
export const flagLabel = (flags: number): string => flagNames(flags).join('+') || '0'
