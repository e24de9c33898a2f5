import net from 'node:net'
import { parseArgs } from 'node:util'
import { FaultError, fault } from '../../src/base/fault.ts'
import type { Link } from '../../src/link/link.ts'
import { openCapLink } from '../link/cap-link.ts'
import { encodeControl } from '../link/helper-protocol.ts'
import type { OpenRequest } from '../link/helper-protocol.ts'
import { openNicLink } from '../link/nic-link.ts'
import { LinkBridge } from './bridge.ts'
import { makeCable, peerAddress } from './namespace.ts'
import { servePeer } from './peer-servers.ts'

/**
 * The helper process: holds one link for a lab that calls it over a local socket, and ends when the lab goes away.
 *
 *     helper --socket PATH             serves a network interface that the lab itself may not open
 *     helper --socket PATH --sandbox   inside a fresh network namespace: makes the cable and the far end first
 */
const { values } = parseArgs({ options: { socket: { type: 'string' }, sandbox: { type: 'boolean', default: false } } })
if (values.socket === undefined) fail('--socket PATH is missing')

const socket = net.connect(values.socket!)
const bridge = new LinkBridge(socket, open)
socket.on('error', () => {})
// Without its lab there is nothing to do, whatever the link is doing.
socket.on('close', () => { bridge.close(); process.exit(0) })
// The lab decides when to stop; a Ctrl-C in its terminal reaches both.
process.on('SIGINT', () => {})

async function open(request: OpenRequest): Promise<void> {
  try {
    if ((request.link === 'sandbox') !== values.sandbox) throw new FaultError(fault('badArgument', { name: 'link', value: request.link }))
    if (request.link === 'sandbox') await openSandbox(request)
    else bridge.start(openInterface(request), request, null, '')
  } catch (error) {
    const reason = error instanceof FaultError ? error.fault : fault('internal', { message: error instanceof Error ? error.message : String(error) })
    socket.end(encodeControl({ kind: 'failed', fault: reason }))
  }
}

function openInterface(request: OpenRequest): Link {
  const { name, filter, seeSent } = request
  return request.link === 'cap' ? openCapLink({ name, filter, seeSent }) : openNicLink({ ...captureOptions(request), name })
}

async function openSandbox(request: OpenRequest): Promise<void> {
  makeCable()
  await servePeer(peerAddress)
  // Frames of the sandbox are never longer than the interface's MTU and headers, so short slots are enough.
  const link = openCable({ ...request, name: 'lab0', snapLength: request.snapLength || 4096 })
  bridge.start(link, request, 'sandbox', peerAddress)
}

/** Through our binding; where it was not built, through `cap` and with what that cannot know. */
function openCable(request: OpenRequest): Link {
  try {
    return openNicLink({ ...captureOptions(request), name: request.name })
  } catch (error) {
    if (!(error instanceof FaultError) || error.fault.code !== 'captureUnavailable') throw error
    return openCapLink({ name: request.name, filter: request.filter, seeSent: request.seeSent })
  }
}

function captureOptions(request: OpenRequest) {
  const { filter, promiscuous, seeSent, snapLength } = request
  return snapLength === 0 ? { filter, promiscuous, seeSent } : { filter, promiscuous, seeSent, snapLength }
}

function fail(reason: string): never {
  console.error(`tcplab helper: ${reason}`)
  process.exit(2)
}
