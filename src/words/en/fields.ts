/** Names of header fields, by the ids of `describeFields`. */
export const fields = {
  ethernet: { destination: 'Destination MAC', source: 'Source MAC', type: 'EtherType' },
  vlan: { protocol: 'Tag protocol', priority: 'Priority', dropEligible: 'Drop eligible', id: 'VLAN id' },
  linuxSll: { packetType: 'Packet type', hardwareType: 'Hardware type', addressLength: 'Address length', address: 'Address', protocol: 'Protocol' },
  linuxSll2: {
    protocol: 'Protocol', reserved: 'Reserved', interface: 'Interface index', hardwareType: 'Hardware type', packetType: 'Packet type', addressLength: 'Addr. length', address: 'Address',
  },
  bsdNull: { family: 'Address family' },
  radiotap: { header: 'Radio header' },
  wlan: { header: 'Header' },
  llc: { destination: 'DSAP', source: 'SSAP', control: 'Control', organization: 'Organization', type: 'EtherType' },
  ppp: { header: 'Protocol' },
  pppoe: { version: 'Version', type: 'Type', code: 'Code', session: 'Session', length: 'Length' },
  mpls: { label: 'Label', trafficClass: 'Traffic class', bottom: 'Bottom of stack', ttl: 'TTL' },
  chdlc: { address: 'Address', control: 'Control', protocol: 'Protocol' },
  medium: { header: 'Header' },
  arp: {
    hardwareType: 'Hardware type', protocolType: 'Protocol type', hardwareLength: 'HW length', protocolLength: 'Prot. length', operation: 'Operation',
    senderMac: 'Sender MAC', senderIp: 'Sender IP', targetMac: 'Target MAC', targetIp: 'Target IP', otherAddresses: 'Addresses',
  },
  ipv4: {
    version: 'Version', headerLength: 'Header length', dscp: 'DSCP', ecn: 'ECN', totalLength: 'Total length', identification: 'Identification',
    flags: { reserved: 'Reserved bit', dontFragment: 'Don’t fragment', moreFragments: 'More fragments' },
    fragmentOffset: 'Fragment offset', ttl: 'TTL', protocol: 'Protocol', checksum: 'Header checksum', source: 'Source address', destination: 'Destination address', option: 'Option',
  },
  ipv6: {
    version: 'Version', dscp: 'DSCP', ecn: 'ECN', flowLabel: 'Flow label', payloadLength: 'Payload length', nextHeader: 'Next header', hopLimit: 'Hop limit',
    source: 'Source address', destination: 'Destination address',
    extension: { nextHeader: 'Next header', length: 'Length', data: 'Extension header' },
    fragment: { nextHeader: 'Next header', reserved: 'Reserved', offset: 'Fragment offset', reserved2: 'Reserved', more: 'More fragments', identification: 'Identification' },
  },
  icmp: {
    type: 'Type', code: 'Code', checksum: 'Checksum', identifier: 'Identifier', sequence: 'Sequence', unused: 'Unused', mtu: 'Next-hop MTU', gateway: 'Gateway', rest: 'Rest of header',
    quoted: 'Quoted packet',
  },
  icmpv6: {
    type: 'Type', code: 'Code', checksum: 'Checksum', identifier: 'Identifier', sequence: 'Sequence', mtu: 'MTU', pointer: 'Pointer', reserved: 'Reserved', rest: 'Rest of header',
    flags: { router: 'Router', solicited: 'Solicited', override: 'Override' },
    target: 'Target address', option: 'Option', body: 'Body', quoted: 'Quoted packet',
  },
  udp: { sourcePort: 'Source port', destinationPort: 'Destination port', length: 'Length', checksum: 'Checksum' },
  tcp: {
    sourcePort: 'Source port', destinationPort: 'Destination port', seq: 'Sequence number', ack: 'Acknowledgment number', dataOffset: 'Data offset', reserved: 'Reserved',
    flags: { ae: 'AE', cwr: 'CWR', ece: 'ECE', urg: 'URG', ack: 'ACK', psh: 'PSH', rst: 'RST', syn: 'SYN', fin: 'FIN' },
    window: 'Window', checksum: 'Checksum', urgentPointer: 'Urgent pointer',
    option: {
      eol: 'End of options', nop: 'No operation', mss: 'Maximum segment size', wscale: 'Window scale', sackOK: 'SACK permitted', sack: 'SACK', ts: 'Timestamps', md5: 'MD5 signature',
      'user-timeout': 'User timeout', 'tcp-ao': 'TCP-AO', mptcp: 'Multipath TCP', tfo: 'Fast Open', accecn: 'Accurate ECN', experimental: 'Experimental', unknown: 'Unknown', padding: 'Padding',
      malformed: 'Malformed',
    },
  },
  payload: { data: 'Payload' },
  trailer: { data: 'Trailer' },
}

/** The same where a cell is only a few bits wide. */
export const fieldsShort = {
  pppoe: { version: 'Ver', type: 'Type' },
  mpls: { trafficClass: 'TC', bottom: 'S' },
  vlan: { priority: 'Pri', dropEligible: 'D' },
  ipv4: { version: 'Version', headerLength: 'Length', dscp: 'DSCP', ecn: 'ECN', flags: { reserved: 'R', dontFragment: 'D', moreFragments: 'M' } },
  ipv6: { version: 'Version', dscp: 'DSCP', ecn: 'ECN', fragment: { reserved2: 'R', more: 'M' } },
  icmpv6: { flags: { router: 'R', solicited: 'S', override: 'O' } },
  tcp: { dataOffset: 'Offset', reserved: 'Rsrvd', flags: { ae: 'AE' } },
}
