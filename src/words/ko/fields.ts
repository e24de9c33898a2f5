import type { SameKeys } from '../catalogue.ts'
import type { fields as en, fieldsShort as enShort } from '../en/fields.ts'

export const fields: SameKeys<typeof en> = {
  ethernet: { destination: '목적지 MAC', source: '출발지 MAC', type: 'EtherType' },
  vlan: { protocol: '태그 프로토콜', priority: '우선순위', dropEligible: '폐기 가능', id: 'VLAN 번호' },
  linuxSll: { packetType: '패킷 종류', hardwareType: '하드웨어 종류', addressLength: '주소 길이', address: '주소', protocol: '프로토콜' },
  linuxSll2: { protocol: '프로토콜', reserved: '예약', interface: '인터페이스 번호', hardwareType: '하드웨어 종류', packetType: '패킷 종류', addressLength: '주소 길이', address: '주소' },
  bsdNull: { family: '주소 체계' },
  radiotap: { header: '무선 헤더' },
  wlan: { header: '헤더' },
  llc: { destination: 'DSAP', source: 'SSAP', control: '제어', organization: '기관', type: 'EtherType' },
  ppp: { header: '프로토콜' },
  pppoe: { version: '버전', type: '유형', code: '코드', session: '세션', length: '길이' },
  mpls: { label: '레이블', trafficClass: '트래픽 클래스', bottom: '스택의 끝', ttl: 'TTL' },
  chdlc: { address: '주소', control: '제어', protocol: '프로토콜' },
  medium: { header: '헤더' },
  arp: {
    hardwareType: '하드웨어 종류', protocolType: '프로토콜 종류', hardwareLength: 'HW 길이', protocolLength: '주소 길이', operation: '동작',
    senderMac: '보낸 쪽 MAC', senderIp: '보낸 쪽 IP', targetMac: '대상 MAC', targetIp: '대상 IP', otherAddresses: '주소',
  },
  ipv4: {
    version: '버전', headerLength: '헤더 길이', dscp: 'DSCP', ecn: 'ECN', totalLength: '전체 길이', identification: '식별자',
    flags: { reserved: '예약 비트', dontFragment: '단편화 금지', moreFragments: '단편 더 있음' },
    fragmentOffset: '단편 오프셋', ttl: 'TTL', protocol: '프로토콜', checksum: '헤더 검사합', source: '출발지 주소', destination: '목적지 주소', option: '옵션',
  },
  ipv6: {
    version: '버전', dscp: 'DSCP', ecn: 'ECN', flowLabel: '흐름 라벨', payloadLength: '페이로드 길이', nextHeader: '다음 헤더', hopLimit: '홉 한도',
    source: '출발지 주소', destination: '목적지 주소',
    extension: { nextHeader: '다음 헤더', length: '길이', data: '확장 헤더' },
    fragment: { nextHeader: '다음 헤더', reserved: '예약', offset: '단편 오프셋', reserved2: '예약', more: '단편 더 있음', identification: '식별자' },
  },
  icmp: {
    type: '종류', code: '코드', checksum: '검사합', identifier: '식별자', sequence: '순서', unused: '사용 안 함', mtu: '다음 홉 MTU', gateway: '게이트웨이', rest: '헤더 나머지', quoted: '인용된 패킷',
  },
  icmpv6: {
    type: '종류', code: '코드', checksum: '검사합', identifier: '식별자', sequence: '순서', mtu: 'MTU', pointer: '포인터', reserved: '예약', rest: '헤더 나머지',
    flags: { router: '라우터', solicited: '요청에 대한 응답', override: '덮어쓰기' },
    target: '대상 주소', option: '옵션', body: '본문', quoted: '인용된 패킷',
  },
  udp: { sourcePort: '출발지 포트', destinationPort: '목적지 포트', length: '길이', checksum: '검사합' },
  tcp: {
    sourcePort: '출발지 포트', destinationPort: '목적지 포트', seq: '순서 번호', ack: '확인 응답 번호', dataOffset: '데이터 오프셋', reserved: '예약',
    flags: { ae: 'AE', cwr: 'CWR', ece: 'ECE', urg: 'URG', ack: 'ACK', psh: 'PSH', rst: 'RST', syn: 'SYN', fin: 'FIN' },
    window: '윈도', checksum: '검사합', urgentPointer: '긴급 포인터',
    option: {
      eol: '옵션 끝', nop: '빈 옵션', mss: '최대 세그먼트 크기', wscale: '윈도 배율', sackOK: 'SACK 허용', sack: 'SACK', ts: '타임스탬프', md5: 'MD5 서명',
      'user-timeout': '사용자 제한 시간', 'tcp-ao': 'TCP-AO', mptcp: 'Multipath TCP', tfo: 'Fast Open', accecn: 'Accurate ECN', experimental: '실험용', unknown: '알 수 없음', padding: '채움',
      malformed: '형식 오류',
    },
  },
  payload: { data: '페이로드' },
  trailer: { data: '꼬리 바이트' },
}

export const fieldsShort: SameKeys<typeof enShort> = {
  pppoe: { version: '버전', type: '유형' },
  mpls: { trafficClass: 'TC', bottom: 'S' },
  vlan: { priority: '순위', dropEligible: 'D' },
  ipv4: { version: '버전', headerLength: '길이', dscp: 'DSCP', ecn: 'ECN', flags: { reserved: 'R', dontFragment: 'D', moreFragments: 'M' } },
  ipv6: { version: '버전', dscp: 'DSCP', ecn: 'ECN', fragment: { reserved2: 'R', more: 'M' } },
  icmpv6: { flags: { router: 'R', solicited: 'S', override: 'O' } },
  tcp: { dataOffset: '오프셋', reserved: '예약', flags: { ae: 'AE' } },
}
