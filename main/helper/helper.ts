import net from 'node:net'
import { parseArgs } from 'node:util'
import { FaultError, fault } from '../../src/base/fault.ts'
import type { Link } from '../../src/link/link.ts'
import { openCapLink } from '../link/cap-link.ts'
import { encodeControl } from '../link/helper-protocol.ts'
import type { OpenRequest } from '../link/helper-protocol.ts'
import { openNicLink } from '../link/nic-link.ts'
import { askerOf, becomeAsker, checkPipeName, enterSocketFolder } from './asker.ts'
import type { Asker } from './asker.ts'
import { LinkBridge } from './bridge.ts'
import { makeCable, peerAddress, peerAddress6 } from './namespace.ts'
import { servePeer } from './peer-servers.ts'

/**
 * The helper process: holds one link for a lab that calls it over a local socket, and ends when the lab goes away.
 *
 *     helper --socket PATH             serves a network interface that the lab itself may not open
 *     helper --socket PATH --sandbox   inside a fresh network namespace: makes the cable and the far end first
 *     helper --socket PATH --elevated --user UID
 *                                      with more rights than its lab: serves one network interface to the user who asked, and keeps none of them
 */
const { values } = parseArgs({
  options: { socket: { type: 'string' }, sandbox: { type: 'boolean', default: false }, elevated: { type: 'boolean', default: false }, user: { type: 'string' } },
})
if (values.socket === undefined) fail('--socket PATH is missing')
if (values.elevated && values.sandbox) fail('--elevated and --sandbox exclude each other')

/** A lab asks at once; with more rights than its lab a process waits for nothing else. */
const askedWithinMs = 10_000

let asker: Asker | null = null
let isAsked = false
const socket = net.connect(values.elevated ? checkedAddress(values.socket!) : values.socket!)
if (values.elevated) {
  // Neither the lab's folder nor anything below it is of use any more, and it is about to be removed.
  socket.once('connect', () => { if (asker !== null) process.chdir('/') })
  setTimeout(() => { if (!isAsked) fail('the lab did not say what to open') }, askedWithinMs).unref()
}
const bridge = new LinkBridge(socket, open)
socket.on('error', () => {})
// Without its lab there is nothing to do, whatever the link is doing.
socket.on('close', () => { bridge.close(); process.exit(0) })
// The lab decides when to stop; a Ctrl-C in its terminal reaches both.
process.on('SIGINT', () => {})

async function open(request: OpenRequest): Promise<void> {
  // One link a helper, whatever becomes of it.
  if (isAsked) return
  isAsked = true
  try {
    const isServed = values.elevated ? request.link === 'nic' : (request.link === 'sandbox') === values.sandbox
    if (!isServed) throw new FaultError(fault('badArgument', { name: 'link', value: request.link }))
    if (request.link === 'sandbox') await openSandbox(request)
    else serveInterface(request)
  } catch (error) {
    const reason = error instanceof FaultError ? error.fault : fault('internal', { message: error instanceof Error ? error.message : String(error) })
    socket.end(encodeControl({ kind: 'failed', fault: reason }))
  }
}

function serveInterface(request: OpenRequest): void {
  const link = openInterface(request)
  try {
    if (asker !== null) becomeAsker(asker)
  } catch (error) {
    link.close()
    throw error
  }
  bridge.start(link, request, null, '')
}

/** What to connect to, when it is the asking user's own. */
function checkedAddress(address: string): string {
  try {
    if (process.platform === 'win32') {
      checkPipeName(address)
      return address
    }
    const entered = enterSocketFolder(address, askerOf(process.env, values.user))
    asker = entered.asker
    return entered.name
  } catch (error) {
    fail((error as Error).message)
  }
}

function openInterface(request: OpenRequest): Link {
  const { name, filter, seeSent } = request
  return request.link === 'cap' ? openCapLink({ name, filter, seeSent }) : openNicLink({ ...captureOptions(request), name })
}

async function openSandbox(request: OpenRequest): Promise<void> {
  makeCable()
  await servePeer(peerAddress, peerAddress6)
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
