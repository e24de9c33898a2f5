import { TcpState } from '../tcp/state.ts'

/** Which system's numbers stand behind the names. */
export type System = 'linux' | 'freebsd'

/** Names in system calls: one number, or those of Linux and FreeBSD. */
const callConstants: Readonly<Record<string, number | readonly [linux: number, freebsd: number]>> = {
  AF_INET: 2, AF_INET6: [10, 28], PF_INET: 2, PF_INET6: [10, 28], SOCK_STREAM: 1, SOCK_DGRAM: 2, SOCK_RAW: 3, SOCK_NONBLOCK: [0x800, 0x2000_0000], SOCK_CLOEXEC:
  [0x80000, 0x1000_0000],
  IPPROTO_IP: 0, IPPROTO_TCP: 6, IPPROTO_UDP: 17, IPPROTO_IPV6: 41, IPPROTO_ICMP: 1, IPPROTO_ICMPV6: 58, SOL_SOCKET: [1, 0xffff], SOL_TCP: 6, SOL_IP: 0, SOL_IPV6: 41,
  O_RDONLY: 0, O_WRONLY: 1, O_RDWR: 2, O_NONBLOCK: [0x800, 4], O_CREAT: [0x40, 0x200], O_TRUNC: [0x200, 0x400], F_GETFL: 3, F_SETFL: 4, F_GETFD: 1, F_SETFD: 2, FD_CLOEXEC: 1,
  SHUT_RD: 0, SHUT_WR: 1, SHUT_RDWR: 2, INADDR_ANY: 0, INADDR_LOOPBACK: 0x7f00_0001,
  MSG_OOB: 1, MSG_PEEK: 2, MSG_DONTROUTE: 4, MSG_CTRUNC: [8, 0x20], MSG_TRUNC: [0x20, 0x10], MSG_DONTWAIT: [0x40, 0x80], MSG_EOR: [0x80, 8], MSG_WAITALL: [0x100, 0x40],
  MSG_NOSIGNAL: [0x4000, 0x20000], MSG_MORE: 0x8000, MSG_ERRQUEUE: 0x2000, MSG_FASTOPEN: 0x2000_0000, MSG_ZEROCOPY: 0x400_0000,
  POLLIN: 1, POLLPRI: 2, POLLOUT: 4, POLLERR: 8, POLLHUP: 0x10, POLLNVAL: 0x20, POLLRDNORM: 0x40, POLLRDBAND: 0x80, POLLWRNORM: [0x100, 4], POLLWRBAND: [0x200, 0x100],
  POLLRDHUP: [0x2000, 0x4000],
  EPOLLIN: 1, EPOLLPRI: 2, EPOLLOUT: 4, EPOLLERR: 8, EPOLLHUP: 0x10, EPOLLRDNORM: 0x40, EPOLLRDBAND: 0x80, EPOLLWRNORM: 0x100, EPOLLWRBAND: 0x200, EPOLLRDHUP: 0x2000,
  EPOLLET: 0x8000_0000, EPOLLONESHOT: 0x4000_0000, EPOLL_CTL_ADD: 1, EPOLL_CTL_DEL: 2, EPOLL_CTL_MOD: 3,
  IPTOS_LOWDELAY: 0x10, IPTOS_THROUGHPUT: 8, IPTOS_RELIABILITY: 4, IPTOS_ECN_NOT_ECT: 0, IPTOS_ECN_ECT1: 1, IPTOS_ECN_ECT0: 2, IPTOS_ECN_CE: 3,
  IP_PMTUDISC_DONT: 0, IP_PMTUDISC_WANT: 1, IP_PMTUDISC_DO: 2, IP_PMTUDISC_PROBE: 3, SPLICE_F_MOVE: 1, SPLICE_F_NONBLOCK: 2, SPLICE_F_MORE: 4,
  TCP_INQ: 36, TCP_CM_INQ: 36, SIOCINQ: 0x541b, SIOCOUTQ: 0x5411, FIONREAD: [0x541b, 0x4004_667f], FIONBIO: [0x5421, 0x8004_667e], FIONWRITE: 0x4004_6677,
}

/** Error numbers of Linux and FreeBSD. */
export const errnos: Readonly<Record<string, readonly [linux: number, freebsd: number]>> = {
  EPERM: [1, 1], EINTR: [4, 4], EBADF: [9, 9], EAGAIN: [11, 35], EWOULDBLOCK: [11, 35], ENOMEM: [12, 12], EACCES: [13, 13], EFAULT: [14, 14], EINVAL: [22, 22], ENOTTY: [25, 25],
  EPIPE: [32, 32],
  ENOTSOCK: [88, 38], EDESTADDRREQ: [89, 39], EMSGSIZE: [90, 40], ENOPROTOOPT: [92, 42], EPROTONOSUPPORT: [93, 43], EOPNOTSUPP: [95, 45], EAFNOSUPPORT: [97, 47],
  EADDRINUSE: [98, 48],
  EADDRNOTAVAIL: [99, 49], ENETDOWN: [100, 50], ENETUNREACH: [101, 51], ECONNABORTED: [103, 53], ECONNRESET: [104, 54], ENOBUFS: [105, 55], EISCONN: [106, 56],
  ENOTCONN: [107, 57],
  ESHUTDOWN: [108, 58], ETIMEDOUT: [110, 60], ECONNREFUSED: [111, 61], EHOSTDOWN: [112, 64], EHOSTUNREACH: [113, 65], EALREADY: [114, 37], EINPROGRESS: [115, 36],
}

export type Errno = keyof typeof errnos

/** Every name that calls may use, errors included. */
export const constantNames: readonly string[] = [...Object.keys(callConstants), ...Object.keys(errnos)]

/** Options of sockets by level and number, for scripts that write numbers. */
export const optionNumbers: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  IPPROTO_TCP: {
    1: 'TCP_NODELAY', 2: 'TCP_MAXSEG', 3: 'TCP_CORK', 4: 'TCP_KEEPIDLE', 5: 'TCP_KEEPINTVL', 6: 'TCP_KEEPCNT', 7: 'TCP_SYNCNT', 8: 'TCP_LINGER2', 9: 'TCP_DEFER_ACCEPT',
    10: 'TCP_WINDOW_CLAMP',
    11: 'TCP_INFO', 12: 'TCP_QUICKACK', 13: 'TCP_CONGESTION', 16: 'TCP_THIN_LINEAR_TIMEOUTS', 17: 'TCP_THIN_DUPACK', 18: 'TCP_USER_TIMEOUT', 23: 'TCP_FASTOPEN', 25:
    'TCP_NOTSENT_LOWAT', 30: 'TCP_FASTOPEN_CONNECT', 33: 'TCP_FASTOPEN_KEY', 34: 'TCP_FASTOPEN_NO_COOKIE',
    36: 'TCP_INQ', 37: 'TCP_TX_DELAY',
  },
}

export function callConstant(name: string, system: System): number | null {
  const value = callConstants[name] ?? errnos[name]
  if (value === undefined) return null
  return typeof value === 'number' ? value : value[system === 'linux' ? 0 : 1]
}

export function errnoNumber(name: Errno, system: System): number {
  return errnos[name][system === 'linux' ? 0 : 1]
}

/** The state numbers that TCP_INFO gives: those of Linux; FreeBSD's names stand for the same here. */
export const infoStates: Readonly<Record<TcpState, number>> = {
  [TcpState.established]: 1, [TcpState.synSent]: 2, [TcpState.synReceived]: 3, [TcpState.finWait1]: 4, [TcpState.finWait2]: 5, [TcpState.timeWait]: 6, [TcpState.closed]: 7,
  [TcpState.closeWait]: 8, [TcpState.lastAck]: 9, [TcpState.listen]: 10, [TcpState.closing]: 11,
}

/** Names in code blocks. */
export const codeConstants: Readonly<Record<string, number | boolean | null>> = {
  True: true, False: false, None: null,
  TCP_ESTABLISHED: 1, TCP_SYN_SENT: 2, TCP_SYN_RECV: 3, TCP_FIN_WAIT1: 4, TCP_FIN_WAIT2: 5, TCP_TIME_WAIT: 6, TCP_CLOSE: 7, TCP_CLOSE_WAIT: 8, TCP_LAST_ACK: 9,
  TCP_LISTEN: 10, TCP_CLOSING: 11,
  TCPI_ESTABLISHED: 1, TCPI_SYN_SENT: 2, TCPI_SYN_RECEIVED: 3, TCPI_SYN_RCVD: 3, TCPI_SYN_RECV: 3, TCPI_FIN_WAIT_1: 4, TCPI_FIN_WAIT_2: 5, TCPI_TIME_WAIT: 6,
  TCPI_CLOSED: 7, TCPI_CLOSE_WAIT: 8,
  TCPI_LAST_ACK: 9, TCPI_LISTEN: 10, TCPI_CLOSING: 11,
  TCP_CA_Open: 0, TCP_CA_Disorder: 1, TCP_CA_CWR: 2, TCP_CA_Recovery: 3, TCP_CA_Loss: 4,
  TCPI_OPT_TIMESTAMPS: 1, TCPI_OPT_SACK: 2, TCPI_OPT_WSCALE: 4, TCPI_OPT_ECN: 8, TCPI_OPT_ECN_SEEN: 16, TCPI_OPT_SYN_DATA: 32,
}

export const codeConstantNames: readonly string[] = Object.keys(codeConstants)
