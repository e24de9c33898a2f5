import type { ApplicationFactory } from './application.ts'
import { Chargen } from './chargen.ts'
import { DatagramDiscard, DatagramEcho } from './datagram-services.ts'
import type { DatagramApplication } from './datagram-services.ts'
import { Discard } from './discard.ts'
import { Echo } from './echo.ts'
import { HttpServer } from './http-server.ts'

/** The servers a host can run, with their well-known ports. */
export const services = {
  echo: { port: 7, create: () => new Echo() },
  discard: { port: 9, create: () => new Discard() },
  chargen: { port: 19, create: () => new Chargen() },
  http: { port: 80, create: () => new HttpServer() },
} as const satisfies Readonly<Record<string, { port: number, create: ApplicationFactory }>>

/** The same over UDP. */
export const datagramServices = {
  'udp-echo': { port: 7, create: () => new DatagramEcho() },
  'udp-discard': { port: 9, create: () => new DatagramDiscard() },
} as const satisfies Readonly<Record<string, { port: number, create: () => DatagramApplication }>>
