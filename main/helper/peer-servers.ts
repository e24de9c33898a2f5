import dgram from 'node:dgram'
import http from 'node:http'
import net from 'node:net'

const page = 'Hello from the Linux kernel\'s own TCP.\n'
const pieceBytes = 64 * 1024
const mostBytes = 1 << 30

/** The far end's servers, on the kernel's own sockets: HTTP on port 80, echo on port 7 over TCP and UDP. */
export async function servePeer(address: string, address6: string): Promise<void> {
  await Promise.all([address, address6].map((own) => serve(own).catch((error: unknown) => {
    // A kernel without IPv6 serves IPv4 alone.
    if (own === address) throw error
  })))
}

async function serve(address: string): Promise<void> {
  await Promise.all([listen(httpServer(), 80, address), listen(net.createServer({ allowHalfOpen: true }, echo), 7, address), echoDatagrams(7, address)])
}

/** Longer than the kernel holds an ACK back, so that its ACK of a client's FIN and its own FIN are two segments: a four-way close. */
const lingerMs = 100

function httpServer(): http.Server {
  const server = http.createServer(answer)
  server.on('connection', (socket: net.Socket) => {
    // Node's own listener answers a FIN at once; nothing of an unfinished request is owed here.
    socket.removeAllListeners('end')
    socket.on('end', () => { setTimeout(() => { socket.end() }, lingerMs) })
  })
  return server
}

function listen(server: net.Server, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => { server.once('error', reject).listen(port, address, 512, resolve) })
}

/** `/` is a line of text, `/bytes/N` is N bytes that count upwards, so that a receiver can tell what is missing. */
function answer(request: http.IncomingMessage, response: http.ServerResponse): void {
  const wanted = /^\/bytes\/(\d{1,10})$/.exec(request.url ?? '')
  if (request.url === '/') reply(response, 200, page)
  else if (wanted !== null && Number(wanted[1]) <= mostBytes) sendBytes(response, Number(wanted[1]))
  else reply(response, 404, 'There is / and /bytes/N here.\n')
}

function reply(response: http.ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': Buffer.byteLength(text) }).end(text)
}

function sendBytes(response: http.ServerResponse, total: number): void {
  response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': total })
  // Every piece starts at a multiple of 256, so one piece serves for all.
  const piece = Uint8Array.from({ length: pieceBytes }, (_, i) => i)
  let sent = 0
  const more = () => {
    while (sent < total) {
      const part = piece.subarray(0, Math.min(pieceBytes, total - sent))
      sent += part.length
      if (!response.write(part)) { response.once('drain', more); return }
    }
    response.end()
  }
  more()
}

function echoDatagrams(port: number, address: string): Promise<void> {
  const socket = dgram.createSocket(address.includes(':') ? 'udp6' : 'udp4')
  // Answering port 7 would never end: that is an echo service too.
  socket.on('message', (message, from) => { if (from.port !== 7) socket.send(message, from.port, from.address, () => { /* nobody there is their matter */ }) })
  return new Promise((resolve, reject) => { socket.once('error', reject).bind(port, address, resolve) })
}

function echo(socket: net.Socket): void {
  socket.setNoDelay(true)
  socket.on('error', () => socket.destroy())
  socket.pipe(socket)
}
