/**
 * A failure that a person has to read: what went wrong as a code of the closed list, and the words' parameters.
 * `src` returns faults as values; `main` throws them as {@link FaultError}; the shells word them from the catalogues.
 */
export interface Fault {
  readonly code: FaultCode
  readonly params: Readonly<Record<string, string | number>>
}

/** Every fault a user can meet. The catalogues `src/words/*` have one sentence for each: what, why, what to do. */
export const faultCodes = [
  'internal',
  'badArgument',
  'unknownCommand',
  'noSuchInterface',
  'interfaceNoPermission',
  'interfaceGone',
  'interfaceDown',
  'captureUnavailable',
  'badFilter',
  'badDisplayFilter',
  'linkClosed',
  'linkCannotInject',
  'linkNotVirtual',
  'sandboxUnavailable',
  'sandboxDied',
  'helperDied',
  'addressInUse',
  'addressInvalid',
  'hostNotRunning',
  'hostUnreachable',
  'leaseUnavailable',
  'leaseLost',
  'portInUse',
  'noSuchConnection',
  'noSuchListener',
  'noSuchPacket',
  'commentTooLong',
  'noSuchFlow',
  'noSuchStream',
  'noHandshake',
  'peerProgramFailed',
  'connectionRefused',
  'connectionReset',
  'connectionTimedOut',
  'connectionClosing',
  'connectionExists',
  'bufferFull',
  'packetSyntax',
  'hexSyntax',
  'frameTooLong',
  'frameTooShort',
  'targetNeedsConsent',
  'rateLimited',
  'fileNotFound',
  'fileNotReadable',
  'fileNotWritable',
  'fileExists',
  'fileInUse',
  'fileDamaged',
  'fileFormatUnknown',
  'manyLinkTypes',
  'wiresharkNotFound',
  'diskFull',
  'serverPortInUse',
  'unauthorized',
] as const

export type FaultCode = typeof faultCodes[number]

export function fault(code: FaultCode, params: Fault['params'] = {}): Fault {
  return { code, params }
}

/** Thrown where a call cannot return a value; carries the fault across threads and processes. */
export class FaultError extends Error {
  readonly fault: Fault

  constructor(fault: Fault, options?: ErrorOptions) {
    super(`${fault.code} ${JSON.stringify(fault.params)}`, options)
    this.name = 'FaultError'
    this.fault = fault
  }
}
