import { createServer } from 'node:net'
import type { Socket } from 'node:net'

/** The kernel's side of the engine bench: port 9 throws away what comes, port 19 sends for as long as it is taken. */
const chunk = Buffer.alloc(128 * 1024, 0x2e)

function quiet(socket: Socket): void {
  socket.on('error', () => socket.destroy())
}

createServer((socket) => {
  quiet(socket)
  socket.resume()
}).listen(9)

createServer((socket) => {
  quiet(socket)
  socket.resume()
  const fill = () => { while (socket.writable && socket.write(chunk)); }
  socket.on('drain', fill)
  fill()
}).listen(19, () => console.log('listening'))
