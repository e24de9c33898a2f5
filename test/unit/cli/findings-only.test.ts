import { describe, expect, it } from 'vitest'
import { fileOfFindings } from '../../../main/cli/findings-only.ts'

describe('a command line that asks for findings alone', () => {
  it.each([
    ['analyze a.pcap --findings tsv', 'a.pcap'], ['analyze --findings tsv a.pcap', 'a.pcap'], ['analyze --findings=tsv a.pcap --lang ko', 'a.pcap'],
    ['analyze - --lang=en --findings tsv', '-'],
  ])('names the file: %s', (line, file) => { expect(fileOfFindings(line.split(' '))).toBe(file) })

  it.each([
    'analyze a.pcap', 'analyze --findings tsv', 'analyze a.pcap --findings json', 'analyze a.pcap --findings', 'analyze a.pcap b.pcap --findings tsv', 'analyze a.pcap --findings tsv --flows',
    'analyze a.pcap --findings tsv --lang fr', 'analyze a.pcap --findings tsv --json', 'capture a.pcap --findings tsv', 'analyze -- a.pcap --findings tsv', 'analyze a.pcap --findings tsv -h', '',
  ])('is left to the whole program where it asks for more, or may be wrong: %s', (line) => { expect(fileOfFindings(line.split(' '))).toBeNull() })
})
