import type { SameKeys } from '../catalogue.ts'
import type { graph as en } from '../en/graph.ts'

export const graph: SameKeys<typeof en> = {
  title: '{kind} · TCP 스트림 {stream} · {from} → {to}',
  kind: { sequence: '시퀀스 번호', throughput: '처리량', rtt: '왕복 시간', window: '수신 윈도와 전송 중인 바이트' },
  time: '첫 패킷 이후 시간 ({unit})',
  empty: '그릴 것이 없습니다. 이 스트림에는 해당하는 패킷이 없습니다',
  above: '(그래프 위쪽)',
  series: {
    segment: '세그먼트',
    retransmission: '재전송',
    outOfOrder: '순서 바뀜',
    ack: '확인 응답',
    windowEdge: '수신 윈도의 끝',
    sack: 'SACK 블록',
    throughputOfClient: '클라이언트: 보낸 양',
    goodputOfClient: '클라이언트: 새로 확인된 양',
    throughputOfServer: '서버: 보낸 양',
    goodputOfServer: '서버: 새로 확인된 양',
    rttOfClient: '클라이언트의 데이터',
    rttOfServer: '서버의 데이터',
    windowOfClient: '클라이언트가 알린 윈도',
    windowOfServer: '서버가 알린 윈도',
    flightOfClient: '클라이언트: 전송 중인 바이트',
    flightOfServer: '서버: 전송 중인 바이트',
  },
  note: { unscaled: '윈도 스케일을 알리는 SYN이 캡처되지 않아 윈도는 헤더의 값 그대로입니다.' },
  description: '{duration} {unit} 동안의 패킷 {packets}개를 그린 그래프입니다.',
  described: '{name}: 값 {count}개, {least}부터 {greatest} {unit}까지.',
}
