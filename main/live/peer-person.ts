import readline from 'node:readline'
import type { Peer, PeerAnswer, PeerRequest } from './peer-program.ts'

/** Somebody who performs the calls by hand: each is printed, and taken to have given what the script expects when Enter is pressed. */
export class PeerPerson implements Peer {
  readonly failure = null
  private readonly input = readline.createInterface({ input: process.stdin })
  private readonly waiting: (() => void)[] = []

  /** @param notify a call was performed */
  constructor(private readonly print: (line: string) => void, private readonly notify: () => void) {
    this.input.on('line', () => {
      this.waiting.shift()?.()
      this.notify()
    })
  }

  ready(): Promise<void> {
    return Promise.resolve()
  }

  ask({ line, expected }: PeerRequest, answered: (answer: PeerAnswer) => void): void {
    this.waiting.push(() => answered(expected))
    this.print(line)
  }

  close(): Promise<void> {
    this.input.close()
    return Promise.resolve()
  }
}
