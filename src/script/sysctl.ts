import type { TcpSilence } from '../stack/tcp-input.ts'
import type { TcpConfig } from '../tcp/config.ts'
import type { SocketRules } from './profile.ts'

/** What a system setting changes here. */
export interface SystemChange {
  readonly tcp?: Partial<TcpConfig>
  readonly sockets?: Partial<SocketRules> | ((rules: SocketRules) => Partial<SocketRules>)
  readonly silence?: Partial<TcpSilence>
  readonly fastOpenKeys?: readonly Uint32Array[]
  readonly udpTunnelPort?: number
}

type Setting = (value: string) => SystemChange | null

const nothing: Setting = () => ({})
const onOff = (knob: (isOn: boolean) => Partial<TcpConfig>): Setting => (value) => ({ tcp: knob(value !== '0') })
const milliseconds = (knob: keyof TcpConfig): Setting => (value) => ({ tcp: { [knob]: Number(value) * 1000 } })
const count = (knob: keyof TcpConfig): Setting => (value) => ({ tcp: { [knob]: Number(value) } })
const seconds = (knob: keyof TcpConfig): Setting => (value) => ({ tcp: { [knob]: Number(value) * 1_000_000 } })

const onlyOff: Setting = (value) => value === '0' ? {} : null

const controllers: Readonly<Record<string, TcpConfig['congestionControl']>> = { cubic: 'cubic', newreno: 'newReno', reno: 'newReno' }

function controller(value: string): SystemChange | null {
  const name = controllers[value]
  return name === undefined ? null : { tcp: { congestionControl: name } }
}

/** The same three modes in both systems; accurate ECN is 3 and more, in Linux with and without asking for the classic one, in FreeBSD without its option. */
const ecnModes: readonly Partial<TcpConfig>[] = [
  { ecn: 'off', accurateEcn: 'off' }, { ecn: 'on', accurateEcn: 'off' }, { ecn: 'passive', accurateEcn: 'off' },
  { ecn: 'passive', accurateEcn: 'on' }, { ecn: 'on', accurateEcn: 'passive' }, { ecn: 'passive', accurateEcn: 'passive' },
]

function ecn(value: string): SystemChange | null {
  const tcp = ecnModes[Number(value)]
  return tcp === undefined ? null : { tcp }
}

function freebsdEcn(value: string): SystemChange | null {
  const tcp = ecnModes[value === '4' ? 5 : Number(value)]
  return tcp === undefined || Number(value) > 4 ? null : { tcp: { ...tcp, accurateEcnOption: false } }
}

/** Keys as `11223344-55667788-99aabbcc-ddeeff00`, the second behind a comma. */
function fastOpenKeys(value: string): SystemChange | null {
  const keys = value.split(',').map((key) => key.trim().split('-').map((word) => /^[0-9a-f]{1,8}$/i.test(word) ? Number.parseInt(word, 16) : Number.NaN))
  if (keys.some((words) => words.length !== 4 || words.some(Number.isNaN))) return null
  return { fastOpenKeys: keys.map((words) => Uint32Array.from(words)) }
}

function withBit(bits: number, bit: number, isOn: boolean): number {
  return isOn ? bits | bit : bits & ~bit
}

/** blackhole(4). */
function blackhole(value: string): SystemChange | null {
  const refusals = (['none', 'syns', 'closedPorts', 'allPorts'] as const)[Number(value)]
  return refusals === undefined ? null : { silence: { refusals } }
}

/** 0 and 1 turn both options off and on; 2 is window scaling alone, 3 timestamps alone. */
function rfc1323(value: string): SystemChange {
  return { tcp: { windowScaling: value === '1' || value === '2', timestamps: value === '1' || value === '3' } }
}

/** The smallest shift with which a window can reach the largest buffer. */
function largestBuffer(value: string): SystemChange {
  let shift = 0
  while (shift < 14 && 65_535 * 2 ** shift < Number(value)) shift++
  return { tcp: { windowShift: shift } }
}

const unlimitedChallenges: SystemChange = { tcp: { challengeAckLimit: 1_000_000 } }

/** net.inet.tcp and its neighbours, of FreeBSD (tcp(4) and the sysctl descriptions). */
const freebsd: Readonly<Record<string, Setting>> = {
  'net.inet.tcp.rfc1323': rfc1323,
  'net.inet.tcp.sack.enable': onOff((sackPermitted) => ({ sackPermitted })),
  'net.inet.tcp.recvspace': (value) => ({ tcp: { receiveBufferBytes: Number(value) }, sockets: { receiveBufferBytes: Number(value) } }),
  'net.inet.tcp.sendspace': (value) => ({ tcp: { sendBufferBytes: Number(value) }, sockets: { sendBufferBytes: Number(value) } }),
  'kern.ipc.maxsockbuf': largestBuffer,
  'net.inet.tcp.delacktime': milliseconds('delayedAckUs'),
  'net.inet.tcp.delayed_ack': onOff((delayedAck) => ({ delayedAck })),
  'net.inet.tcp.msl': milliseconds('mslUs'),
  'net.inet.tcp.rexmit_min': milliseconds('minRtoUs'),
  'net.inet.tcp.rexmit_slop': milliseconds('rtoSlopUs'),
  'net.inet.tcp.rexmit_initial': milliseconds('initialRtoUs'),
  'net.inet.tcp.initcwnd_segments': count('initialWindowSegments'),
  'net.inet.tcp.rfc3390': nothing,
  'net.inet.tcp.rfc3465': (value) => ({ tcp: { slowStartSegments: value === '0' ? 1 : 2 } }),
  'net.inet.tcp.abc_l_var': (value) => Number(value) >= 1 ? { tcp: { slowStartSegments: Number(value) } } : null,
  'net.inet.tcp.blackhole': blackhole,
  'net.inet.tcp.blackhole_local': nothing,
  'net.inet.tcp.drop_synfin': (value) => ({ silence: { synFins: value !== '0' } }),
  'net.inet.tcp.insecure_rst': onOff((resetAnywhereInWindow) => ({ resetAnywhereInWindow })),
  'net.inet.tcp.insecure_syn': onOff((synInWindowResets) => ({ synInWindowResets })),
  'net.inet.tcp.insecure_ack': onlyOff,
  'net.inet.tcp.ecn.enable': freebsdEcn,

  'net.inet.tcp.fastopen.client_enable': (value) => ({ sockets: (rules) => ({ fastOpen: withBit(rules.fastOpen, 1, value !== '0') }) }),
  'net.inet.tcp.fastopen.server_enable': (value) => ({ sockets: (rules) => ({ fastOpen: withBit(rules.fastOpen, 2, value !== '0') }) }),
  'net.inet.tcp.rexmit_drop_options': (value) => ({ tcp: { plainSynAfter: value === '0' ? 0 : 3 } }),
  'net.inet.tcp.keepinit': milliseconds('openTimeoutUs'),
  'net.inet.tcp.syncache.rexmtlimit': count('synAckRetries'),
  'net.inet.tcp.minmss': count('minMssBytes'),
  'net.inet.tcp.tolerate_missing_ts': onOff((toleratesMissingTimestamps) => ({ toleratesMissingTimestamps })),
  'net.inet.tcp.fast_finwait2_recycle': (value) => ({ tcp: { finWait2TimeoutUs: value === '0' ? 600_000_000 : 60_000_000 } }),
  // The value of a fresh system counts only together with the recycling.
  'net.inet.tcp.finwait2_timeout': (value) => value === '60000' ? {} : { tcp: { finWait2TimeoutUs: Number(value) * 1000 } },
  'net.inet.tcp.persmin': milliseconds('persistMinUs'),
  'net.inet.tcp.persmax': milliseconds('persistMaxUs'),
  'net.inet.tcp.ack_war_timewindow': (value) => value === '0' ? unlimitedChallenges : { tcp: { challengeAckIntervalUs: Number(value) * 1000 } },
  'net.inet.tcp.ack_war_cnt': (value) => value === '0' ? unlimitedChallenges : { tcp: { challengeAckLimit: Number(value) } },
  'net.inet.tcp.rfc3042': onOff((limitedTransmit) => ({ limitedTransmit })),
  'net.inet.tcp.do_prr': onOff((proportionalRate) => ({ proportionalRate })),
  'net.inet.tcp.keepidle': milliseconds('keepAliveIdleUs'),
  'net.inet.tcp.keepintvl': milliseconds('keepAliveIntervalUs'),
  'net.inet.tcp.keepcnt': count('keepAliveProbes'),
  'net.inet.tcp.always_keepalive': onOff((keepAlive) => ({ keepAlive })),
  'net.inet.tcp.cc.algorithm': controller,
  'net.inet.tcp.udp_tunneling_port': (value) => /^\d+$/.test(value) && Number(value) <= 65_535 ? { udpTunnelPort: Number(value) } : null,
}

/** Settings of FreeBSD that change nothing that is done here, at whatever value. */
const freebsdIgnored = new Set([
  'tso', 'nolocaltimewait', 'maxtcptw', 'path_mtu_discovery', 'mssdflt', 'v6mssdflt',
  'rfc6675_pipe', 'newcwv', 'ts_offset_per_conn', 'isn_reseed_interval', 'icmp_may_rst', 'per_cpu_timers',
  'soreceive_stream', 'do_lrd',
])
const freebsdIgnoredGroups = [
  'hostcache.', 'cc.', 'sendbuf_', 'recvbuf_', 'syncookies', 'syncache.', 'functions', 'log', 'pcb', 'sack.', 'reass.', 'udp_tunneling',
]
const otherIgnored = /^(?:kern\.(?:ipc|timecounter|hz)\b|net\.inet\.(?:icmp|ip)\.|net\.inet6\.(?:icmp6|ip6)\.)/

/** net.ipv4.tcp_… of Linux (Documentation/networking/ip-sysctl). */
const linux: Readonly<Record<string, Setting>> = {
  tcp_sack: onOff((sackPermitted) => ({ sackPermitted })),
  tcp_dsack: onOff((dsack) => ({ dsack })),
  tcp_timestamps: onOff((timestamps) => ({ timestamps })),
  tcp_window_scaling: onOff((windowScaling) => ({ windowScaling })),
  tcp_slow_start_after_idle: onOff((restartAfterIdle) => ({ restartAfterIdle })),
  tcp_min_tso_segs: count('burstSegments'),
  tcp_syn_retries: count('synRetries'),
  tcp_synack_retries: count('synAckRetries'),
  tcp_fin_timeout: seconds('finWait2TimeoutUs'),
  tcp_ecn: ecn,
  tcp_ecn_option: onOff((accurateEcnOption) => ({ accurateEcnOption })),
  tcp_ecn_option_beacon: nothing,
  tcp_fastopen: (value) => ({ sockets: { fastOpen: Number(value) } }),
  tcp_fastopen_key: fastOpenKeys,
  tcp_retries2: count('dataRetries'),
  tcp_keepalive_time: seconds('keepAliveIdleUs'),
  tcp_keepalive_intvl: seconds('keepAliveIntervalUs'),
  tcp_keepalive_probes: count('keepAliveProbes'),
  tcp_congestion_control: controller,
  tcp_rmem: (value) => linuxReceiveMemory(value.split(/\s+/).map(Number)),
  tcp_wmem: (value) => linuxSendMemory(value.split(/\s+/).map(Number)),
}

const linuxIgnored = new Set([
  'no_metrics_save', 'early_retrans', 'recovery', 'reordering', 'max_reordering', 'frto', 'mtu_probing', 'base_mss', 'min_snd_mss', 'tso_win_divisor',
  'limit_output_bytes', 'notsent_lowat', 'autocorking', 'syncookies', 'fack', 'app_win', 'adv_win_scale', 'moderate_rcvbuf', 'low_latency', 'abort_on_overflow',
  'orphan_retries', 'tw_reuse', 'rfc1337', 'stdurg', 'invalid_ratelimit', 'challenge_ack_limit', 'allowed_congestion_control', 'retrans_collapse',
  'workaround_signed_windows', 'backlog_ack_defer', 'max_syn_backlog', 'retries1', 'max_tw_buckets', 'shrink_window', 'migrate_req', 'pingpong_thresh', 'l3mdev_accept',
  'mem',
])
const linuxIgnoredGroups = [
  'pacing_', 'metrics', 'probe_', 'thin_', 'comp_sack_', 'plb_', 'fastopen_blackhole', 'rto_',
]
const linuxOthers = /^(?:ip_|ipfrag_|icmp_|route\.|min_pmtu|conf\.|neigh\.|somaxconn|[rw]mem_|optmem_max|default_qdisc|netdev_|busy_)/

/** @returns the change, null where the name or the value is not had here */
export function systemChange(name: string, value: string): SystemChange | null {
  const plain = value.replaceAll(/^["']|["']$/g, '').trim()
  const unified = name.replace(/^net\.inet6\.tcp\./, 'net.inet.tcp.')
  if (Object.hasOwn(freebsd, unified)) return freebsd[unified](plain)
  if (isIgnoredByFreebsd(name)) return {}
  const short = /^net[./](?:ipv[46]|core)[./](.+)$/.exec(name)?.[1]
  if (short === undefined) return null
  if (Object.hasOwn(linux, short)) return linux[short](plain)
  return isIgnoredByLinux(short) ? {} : null
}

function isIgnoredByFreebsd(name: string): boolean {
  const short = /^net\.inet6?\.tcp\.(.+)$/.exec(name)?.[1]
  if (short === undefined) return otherIgnored.test(name)
  return freebsdIgnored.has(short) || freebsdIgnoredGroups.some((group) => short.startsWith(group))
}

function isIgnoredByLinux(name: string): boolean {
  const short = /^tcp_(.+)$/.exec(name)?.[1]
  if (short === undefined) return linuxOthers.test(name)
  return linuxIgnored.has(short) || linuxIgnoredGroups.some((group) => short.startsWith(group))
}

/** Half of the memory is for the kernel's own (tcp_adv_win_scale 1), and the shift reaches the largest. */
function linuxReceiveMemory([, usual, largest]: number[]): SystemChange | null {
  if (!(usual > 0) || !(largest > 0)) return null
  let shift = 0
  for (let space = largest; space > 65_535 && shift < 14; space >>= 1) shift++
  return { tcp: { windowShift: shift, receiveBufferBytes: Math.min(65_535, Math.floor(usual / 2)) }, sockets: { receiveBufferBytes: usual } }
}

function linuxSendMemory([, usual, largest]: number[]): SystemChange | null {
  if (!(usual > 0) || !(largest > 0)) return null
  return { tcp: { sendBufferBytes: Math.max(largest, 262_144) }, sockets: { sendBufferBytes: usual } }
}
