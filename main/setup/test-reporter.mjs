import { writeFileSync } from 'node:fs'

/** Writes what became of each test, with the reason where one was skipped, to the file named by TCPLAB_TEST_REPORT. */
export default class TestReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const report = { passed: 0, failed: 0, skipped: [], broken: [] }
    for (const module of modules) {
      const file = module.relativeModuleId ?? module.moduleId
      if (module.errors().length > 0) report.broken.push(file)
      for (const suite of module.children.allSuites()) if (suite.errors().length > 0) report.broken.push(`${file} › ${suite.fullName}`)
      for (const test of module.children.allTests()) {
        const result = test.result()
        if (result.state === 'passed') report.passed++
        else if (result.state === 'failed') report.failed++
        else report.skipped.push({ name: `${file} › ${test.fullName}`, reason: result.note ?? reasonInName(test.fullName) })
      }
    }
    if (unhandledErrors.length > 0) report.broken.push('unhandled error')
    writeFileSync(process.env.TCPLAB_TEST_REPORT, JSON.stringify(report))
  }
}

/** A test that is skipped before it could say why says it in its name: `… (needs tshark)`. */
function reasonInName(name) {
  return /\(([^()]* [^()]*)\)$/.exec(name)?.[1] ?? null
}
