import { concatBytes } from '../../src/base/bytes.ts'
import { LinkType } from '../../src/wire/packet.ts'
import { bytesOf } from './frames.ts'

export interface LinkTypeFrame { name: string, linkType: number, frame: Uint8Array }

/** One IPv4 packet in the frame of every link type that is read, and in the headers that Ethernet may carry. */
export function linkTypeFrames(ip: Uint8Array): LinkTypeFrame[] {
  const frame = (name: string, linkType: number, header: string): LinkTypeFrame => ({ name, linkType, frame: concatBytes([bytesOf(header), ip]) })
  const macs = '02 00 00 00 00 01 02 00 00 00 00 02'
  const snap = 'aa aa 03 00 00 00 08 00'
  const lengthOf = (more: number): string => (ip.length + more).toString(16).padStart(4, '0').replace(/(..)(..)/, '$1 $2')
  const dataToAp = `08 01 00 00 02 00 00 00 00 09 ${macs} 10 00`
  const hexOf = (length: number): string => `${(length & 0xff).toString(16).padStart(2, '0')} ${(length >>> 8).toString(16).padStart(2, '0')}`
  return [
    frame('Ethernet', LinkType.ethernet, `${macs} 08 00`),
    frame('QinQ', LinkType.ethernet, `${macs} 88 a8 00 01 81 00 00 02 08 00`),
    frame('802.3 with LLC and SNAP', LinkType.ethernet, `${macs} ${lengthOf(8)} ${snap}`),
    frame('PPPoE', LinkType.ethernet, `${macs} 88 64 11 00 00 07 ${lengthOf(2)} 00 21`),
    frame('MPLS', LinkType.ethernet, `${macs} 88 47 00 01 00 40 00 02 01 40`),
    frame('PPPoE with MPLS', LinkType.ethernet, `${macs} 88 64 11 00 00 07 ${lengthOf(6)} 02 81 00 02 01 40`),
    frame('BSD null', LinkType.bsdNull, '02 00 00 00'),
    frame('BSD null, other order', LinkType.bsdNull, '00 00 00 02'),
    frame('BSD loop', LinkType.bsdLoop, '00 00 00 02'),
    frame('raw IP', LinkType.rawIp, ''),
    frame('raw IP of BSD', LinkType.rawIpOfBsd, ''),
    frame('IPv4', LinkType.ipv4, ''),
    frame('cooked', LinkType.linuxSll, '00 04 00 01 00 06 02 00 00 00 00 01 00 00 08 00'),
    frame('cooked with LLC', LinkType.linuxSll, `00 04 00 01 00 06 02 00 00 00 00 01 00 00 00 04 ${snap}`),
    frame('cooked v2', LinkType.linuxSll2, '08 00 00 00 00 00 00 02 00 01 04 06 02 00 00 00 00 01 00 00'),
    frame('PPP', LinkType.ppp, 'ff 03 00 21'),
    frame('PPP, compressed', LinkType.ppp, '21'),
    frame('PPP in HDLC', LinkType.pppHdlc, 'ff 03 00 21'),
    frame('PPP with direction', LinkType.pppWithDirection, '01 ff 03 00 21'),
    frame('Cisco HDLC', LinkType.ciscoHdlc, '0f 00 08 00'),
    frame('802.11', LinkType.wlan, `${dataToAp} ${snap}`),
    frame('802.11 between access points', LinkType.wlan, `08 03 00 00 02 00 00 00 00 09 ${macs} 10 00 02 00 00 00 00 08 ${snap}`),
    frame('802.11 QoS', LinkType.wlan, `88 02 00 00 02 00 00 00 00 09 ${macs} 10 00 00 00 ${snap}`),
    frame('radiotap', LinkType.radiotap, `00 00 09 00 02 00 00 00 00 ${dataToAp} ${snap}`),
    frame('radiotap, padded', LinkType.radiotap, `00 00 11 00 03 00 00 00 01 02 03 04 05 06 07 08 20 88 02 00 00 02 00 00 00 00 09 ${macs} 10 00 00 00 00 00 ${snap}`),
    frame('AVS', LinkType.avs, `80 21 10 01 00 00 00 40 ${'00 '.repeat(56)}${dataToAp} ${snap}`),
    frame('cooked with a VLAN tag', LinkType.linuxSll, '00 00 00 01 00 06 02 00 00 00 00 01 00 00 81 00 00 05 08 00'),
    frame('Token Ring', LinkType.tokenRing, `10 40 ${macs} ${snap}`),
    frame('Token Ring with routing', LinkType.tokenRing, `10 40 02 00 00 00 00 01 82 00 00 00 00 02 06 30 00 12 34 50 ${snap}`),
    frame('FDDI', LinkType.fddi, `50 ${macs} ${snap}`),
    frame('ATM', LinkType.atm, snap),
    frame('SunATM', LinkType.sunAtm, `82 00 00 20 ${snap}`),
    frame('Fibre Channel', LinkType.fibreChannel, `00 00 02 00 00 00 00 01 00 00 02 00 00 00 00 02 ${snap}`),
    frame('frame relay', LinkType.frameRelay, '18 41 03 cc'),
    frame('frame relay with SNAP', LinkType.frameRelay, '18 41 03 00 80 00 00 00 08 00'),
    frame('frame relay of Cisco', LinkType.frameRelay, '18 41 08 00'),
    frame('ARCNET', LinkType.arcnetOfBsd, '01 02 d4 00 00 01'),
    frame('ARCNET of Linux', LinkType.arcnetOfLinux, '01 02 00 00 d4 00 00 01'),
    frame('IEEE 1394', LinkType.firewire, `${'00 '.repeat(16)}08 00`),
    frame('InfiniBand', LinkType.infiniband, `${'00 '.repeat(40)}08 00 00 00`),
    frame('packet filter log', LinkType.packetFilterLog, `3d 02 00 00 ${'00 '.repeat(60)}`),
    frame('encapsulating interface', LinkType.encapsulation, '02 00 00 00 00 00 00 00 00 00 00 00'),
    frame('netfilter log', LinkType.netfilterLog, `02 00 00 00 05 00 0a 00 61 00 00 00 ${hexOf(ip.length + 4)} 09 00`),
    frame('firewall of Symantec', LinkType.symantecFirewall, `c0 00 02 01 00 00 08 00 ${'00 '.repeat(36)}`),
    frame('firewall of Symantec, later', LinkType.symantecFirewall, `c0 00 02 01 00 00 00 00 00 00 08 00 ${'00 '.repeat(44)}`),
    frame('PPI with Ethernet', LinkType.ppi, `00 00 08 00 01 00 00 00 ${macs} 08 00`),
    frame('PPI with Ethernet and a tag', LinkType.ppi, `00 00 08 00 01 00 00 00 ${macs} 81 00 00 07 08 00`),
    frame('PPI with an IP packet', LinkType.ppi, '00 00 08 00 65 00 00 00'),
    frame('SNAP with a tag', LinkType.fddi, `50 ${macs} aa aa 03 00 00 00 81 00 00 07 08 00`),
    frame('PPI', LinkType.ppi, `00 00 08 00 69 00 00 00 ${dataToAp} ${snap}`),
  ]
}
