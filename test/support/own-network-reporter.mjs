import { writeFileSync } from 'node:fs'

/** Hands what became of each test, with the reason of a skip, to the run outside of the namespace. */
export default class OwnNetworkReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const assertions = []
    for (const module of modules) {
      const broken = [...module.errors(), ...[...module.children.allSuites()].flatMap((suite) => suite.errors())]
      if (broken.length > 0) assertions.push({ fullName: 'the test file loads', status: 'failed', failureMessages: broken.map(wordsOf) })
      for (const test of module.children.allTests()) {
        const { state, errors, note } = test.result()
        assertions.push({ fullName: test.fullName, status: state, failureMessages: (errors ?? []).map(wordsOf), meta: { reason: note } })
      }
    }
    if (unhandledErrors.length > 0) assertions.push({ fullName: 'no error is left unhandled', status: 'failed', failureMessages: unhandledErrors.map(wordsOf) })
    writeFileSync(process.env.TCPLAB_OWN_NETWORK, JSON.stringify(assertions))
  }
}

function wordsOf({ message, stack, diff }) {
  return [message, diff, stack].filter((part) => part !== undefined).join('\n')
}
