import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { LabWorker } from '../../main/lab/worker-client.ts'
import { LabServer } from '../../main/server/server.ts'
import type { LinkSpec } from '../../src/rpc/contract.ts'

const root = path.resolve(import.meta.dirname, '../..')

/** A folder for the recordings of a lab, and for what it opens. */
export function temporaryFolder(): string {
  return mkdtempSync(path.join(os.tmpdir(), 'tcplab-window-'))
}

/** The built lab on `link`, recording into `folder`, and the built window at `url`. */
export interface ServedLab {
  readonly url: string
  /** Ends the lab and removes the folder. */
  close(): Promise<void>
}

export async function serveLab(link: LinkSpec, folder: string): Promise<ServedLab> {
  const worker = new LabWorker({ version: '0', recordingFolder: folder, electron: false, defaultLink: link, workerUrl: pathToFileURL(path.join(root, 'out/main/worker.js')) })
  const server = await LabServer.open({ port: 0, rendererFolder: path.join(root, 'out/renderer'), connectShell: () => worker.connect(), unauthorizedText: 'no' })
  return {
    url: server.url,
    close: async () => {
      await server.close()
      await worker.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
