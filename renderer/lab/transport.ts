import { Packr } from 'msgpackr'

/** Carries messages of the contract; either a socket to the headless server or the preload bridge. */
export interface Transport {
  post(message: unknown): void
  onMessage: (message: unknown) => void
  /** `true` when messages pass, `false` when they do not. */
  onLink: (up: boolean) => void
  start(): void
}

/** What the preload script puts on `window.tcplab`. Structured clone carries the messages, so nothing is packed. */
export interface PreloadBridge {
  post(message: unknown): void
  onMessage(listener: (message: unknown) => void): void
}

declare global {
  interface Window { tcplab?: PreloadBridge }
}

export function openTransport(): Transport {
  if (window.tcplab) return bridgeTransport(window.tcplab)
  const url = labSocketUrl(window.location)
  // The server has put the token into a cookie by now; what stands in the address bar gets copied, bookmarked and shown.
  if (url.includes('?token=')) window.history.replaceState(null, '', window.location.pathname)
  return socketTransport(url)
}

/** The address of the lab's socket: same host as the page, with the token that the page was opened with. */
export function labSocketUrl(location: { protocol: string, host: string, search: string }): string {
  const token = new URLSearchParams(location.search).get('token')
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
  return `${scheme}://${location.host}/lab${token ? `?token=${encodeURIComponent(token)}` : ''}`
}

const retryAfterMs = [250, 500, 1000, 2000, 4000] as const

/** Opens the socket and opens it again when it closes, waiting longer each time up to four seconds. */
function socketTransport(url: string): Transport {
  const packr = new Packr({ useRecords: false, moreTypes: true })
  let socket: WebSocket | null = null
  let attempt = 0
  const transport: Transport = {
    post: (message) => { if (socket?.readyState === WebSocket.OPEN) socket.send(packr.pack(message) as Uint8Array<ArrayBuffer>) },
    onMessage: () => {},
    onLink: () => {},
    start: () => open(),
  }
  const open = () => {
    socket = new WebSocket(url)
    socket.binaryType = 'arraybuffer'
    socket.onopen = () => { attempt = 0; transport.onLink(true) }
    socket.onmessage = (event: MessageEvent<ArrayBuffer>) => transport.onMessage(packr.unpack(new Uint8Array(event.data)))
    socket.onclose = () => {
      transport.onLink(false)
      setTimeout(open, retryAfterMs[Math.min(attempt++, retryAfterMs.length - 1)])
    }
  }
  return transport
}

function bridgeTransport(bridge: PreloadBridge): Transport {
  const transport: Transport = {
    post: (message) => bridge.post(message),
    onMessage: () => {},
    onLink: () => {},
    start: () => {
      bridge.onMessage((message) => transport.onMessage(message))
      transport.onLink(true)
    },
  }
  return transport
}
