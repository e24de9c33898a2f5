import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { framesOfLines } from '../../support/one-line-frames.ts'
import { frameOf, pcapFile, pcapngFile } from '../capture-file/files.ts'
import { startsLabOfTest } from './lab-harness.ts'
import type { TestLab } from './lab-harness.ts'

const startLab = startsLabOfTest()

const frames = framesOfLines(
  '10.0.0.1:4000 > 10.0.0.2:80 S 100:100(0) win 65535', '10.0.0.3:5000 > 10.0.0.2:80 S 7:7(0) win 65535', '10.0.0.2:80 > 10.0.0.1:4000 S. 500:500(0) ack 101 win 65535',
).map((bytes, i) => frameOf(0, i, { bytes, originalLength: bytes.length }))

/** A lab on a file of three packets: two connections, of which the first has two. */
async function labOn(bytes: Uint8Array): Promise<TestLab & { fileNamed(name: string): string, open(file: string): Promise<void>, comments(): Promise<string[][]> }> {
  const test = startLab()
  const fileNamed = (name: string) => path.join(test.lab.options.recordingFolder, name)
  const open = async (file: string) => {
    await test.client.openLink({ kind: 'file', name: file })
    await test.until(() => {
      const last = test.updates.at(-1)
      return last?.link.info?.name === path.basename(file) && last.link.loading === null && last.packets.total > 0
    }, 'the file has been read')
  }
  const comments = async () => {
    const { rows } = await test.client.getPacketRows({ from: 0, count: 10 })
    return Promise.all(rows.map(async ({ number }) => (await test.client.getPacket(number)).comments))
  }
  writeFileSync(fileNamed('source.pcapng'), bytes)
  await open(fileNamed('source.pcapng'))
  return { ...test, fileNamed, open, comments }
}

const numbersOf = async (test: TestLab, filter: string) => (await test.client.getPacketRows({ from: 0, count: 10, filter })).rows.map(({ number }) => number)
const unsaved = (test: TestLab, count: number) => test.until(() => test.updates.at(-1)?.packets.commentsUnsaved === count, `${count} unsaved comments`)

describe('comments of packets', () => {
  it.each([['pcapng', pcapngFile(frames)], ['pcap', pcapFile(frames, true, false)]])('written on a %s file are saved as pcapng, read back, changed and deleted', async (_, bytes) => {
    const test = await labOn(bytes)
    expect(await test.comments()).toEqual([[], [], []])
    expect(await test.client.commentPacket({ packet: 2, text: ' 다시 볼 것\nnext ' })).toEqual({ comments: ['다시 볼 것\nnext'] })
    await test.client.commentPacket({ packet: 3, text: 'answer' })
    await unsaved(test, 2)
    expect(await test.client.saveCapture({ path: test.fileNamed('a.pcapng') })).toMatchObject({ frames: 3, commentsLeft: 0 })
    await unsaved(test, 0)

    await test.open(test.fileNamed('a.pcapng'))
    expect(await test.comments()).toEqual([[], ['다시 볼 것\nnext'], ['answer']])
    expect((await test.client.getPacketRows({ from: 0, count: 3 })).rows.map(({ comment }) => comment)).toEqual(['', '다시 볼 것\nnext', 'answer'])
    expect(await test.client.commentPacket({ packet: 2 })).toEqual({ comments: ['다시 볼 것\nnext'] })
    await test.client.commentPacket({ packet: 2, text: '' })
    await test.client.commentPacket({ packet: 3, text: 'the answer' })
    expect(await test.comments()).toEqual([[], [], ['the answer']])
    await test.client.saveCapture({ path: test.fileNamed('b.pcapng') })
    await test.open(test.fileNamed('b.pcapng'))
    expect(await test.comments()).toEqual([[], [], ['the answer']])
  })

  it('go with every part of a capture that holds their packet', async () => {
    const test = await labOn(pcapngFile(frames))
    for (const packet of [1, 2, 3]) await test.client.commentPacket({ packet, text: `packet ${packet}` })
    const parts = [[{ flow: 0 }, [1, 3]], [{ first: 2 }, [2, 3]], [{ filter: 'tcp.port == 5000' }, [2]], [{ filter: 'frame.comment contains "3"' }, [3]]] as const
    for (const [i, [part]] of parts.entries()) {
      await test.client.saveCapture({ path: test.fileNamed(`${i}.pcapng`), ...part })
      await unsaved(test, i === 0 ? 1 : 0)
    }
    for (const [i, [, numbers]] of parts.entries()) {
      await test.open(test.fileNamed(`${i}.pcapng`))
      expect(await test.comments()).toEqual(numbers.map((number) => [`packet ${number}`]))
    }
  })

  it('are found by the display filter as soon as they are written, and no longer once deleted', async () => {
    const test = await labOn(pcapngFile(frames))
    expect(await numbersOf(test, 'frame.comment')).toEqual([])
    await test.client.commentPacket({ packet: 2, text: 'first loss' })
    await test.client.commentPacket({ packet: 3, text: 'second' })
    expect(await numbersOf(test, 'frame.comment')).toEqual([2, 3])
    expect(await numbersOf(test, 'frame.comment contains "loss"')).toEqual([2])
    expect(await numbersOf(test, 'frame.comment matches "^SEC"')).toEqual([3])
    expect(await numbersOf(test, '!frame.comment')).toEqual([1])
    await test.client.commentPacket({ packet: 2, text: '' })
    expect(await numbersOf(test, 'frame.comment')).toEqual([3])
  })

  it('that a pcap file has no place for are counted and stay unsaved', async () => {
    const test = await labOn(pcapngFile(frames))
    await test.client.commentPacket({ packet: 1, text: 'kept' })
    expect(await test.client.saveCapture({ path: test.fileNamed('a.pcap') })).toMatchObject({ frames: 3, commentsLeft: 1 })
    await unsaved(test, 1)
  })

  it('taken back leave the file as it was, byte for byte', async () => {
    const test = await labOn(pcapngFile(frames))
    await test.client.commentPacket({ packet: 1, text: 'no' })
    await test.client.commentPacket({ packet: 1, text: '' })
    await unsaved(test, 0)
    await test.client.saveCapture({ path: test.fileNamed('a.pcapng') })
    expect(readFileSync(test.fileNamed('a.pcapng'))).toEqual(readFileSync(test.fileNamed('source.pcapng')))
  })

  it('of packets that are being captured are saved with the recording', async () => {
    const test = startLab()
    await test.lab.start()
    await test.until(() => (test.updates.at(-1)?.packets.total ?? 0) > 3, 'packets')
    await test.client.commentPacket({ packet: 2, text: 'live' })
    const target = path.join(test.lab.options.recordingFolder, 'saved.pcapng')
    expect((await test.client.saveCapture({ path: target })).commentsLeft).toBe(0)
    await test.client.openLink({ kind: 'file', name: target })
    await test.until(() => test.updates.at(-1)!.link.info?.name === 'saved.pcapng' && test.updates.at(-1)!.packets.total > 3, 'the saved file')
    expect((await test.client.getPacket(2)).comments).toEqual(['live'])
  })

  it('that are too long, or of no packet, are refused with what to do', async () => {
    const test = await labOn(pcapngFile(frames))
    expect(await test.call('commentPacket', [{ packet: 1, text: '가'.repeat(22_000) }])).toMatchObject({ ok: false, fault: { code: 'commentTooLong', params: { bytes: 66_000, limit: 65_535 } } })
    expect(await test.call('commentPacket', [{ packet: 9, text: 'x' }])).toMatchObject({ ok: false, fault: { code: 'noSuchPacket' } })
    expect(await test.call('commentPacket', [{ packet: 1, text: 7 }])).toMatchObject({ ok: false, fault: { code: 'badArgument' } })
    expect((await test.client.commentPacket({ packet: 1, text: 'x'.repeat(65_535) })).comments[0]).toHaveLength(65_535)
  })
})
