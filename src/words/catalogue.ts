import { cli as cliEn } from './en/cli.ts'
import { commands as commandsEn } from './en/commands.ts'
import { craft as craftEn } from './en/craft.ts'
import { endpoint as endpointEn } from './en/endpoint.ts'
import { faultVariants as faultVariantsEn, faults as faultsEn } from './en/faults.ts'
import { filter as filterEn } from './en/filter.ts'
import { findings as findingsEn } from './en/findings.ts'
import { graph as graphEn } from './en/graph.ts'
import { icmp as icmpEn } from './en/icmp.ts'
import { insights as insightsEn } from './en/insights.ts'
import { reasons as reasonsEn } from './en/reasons.ts'
import { script as scriptEn } from './en/script.ts'
import { shell as shellEn } from './en/shell.ts'
import { window as windowEn } from './en/window.ts'
import { cli as cliKo } from './ko/cli.ts'
import { commands as commandsKo } from './ko/commands.ts'
import { craft as craftKo } from './ko/craft.ts'
import { endpoint as endpointKo } from './ko/endpoint.ts'
import { faultVariants as faultVariantsKo, faults as faultsKo } from './ko/faults.ts'
import { filter as filterKo } from './ko/filter.ts'
import { findings as findingsKo } from './ko/findings.ts'
import { graph as graphKo } from './ko/graph.ts'
import { icmp as icmpKo } from './ko/icmp.ts'
import { insights as insightsKo } from './ko/insights.ts'
import { reasons as reasonsKo } from './ko/reasons.ts'
import { script as scriptKo } from './ko/script.ts'
import { shell as shellKo } from './ko/shell.ts'
import { window as windowKo } from './ko/window.ts'

/** A tree of sentences; `{name}` is a parameter. The characters `@ | { }` mean something to the formatter: write them as `{'@'}`. */
export interface Sentences { readonly [key: string]: string | Sentences }

/** The same keys as another catalogue, so that a sentence missing in one language does not compile. */
export type SameKeys<T> = { readonly [key in keyof T]: T[key] extends string ? string : SameKeys<T[key]> }

export const languages = ['en', 'ko'] as const
export type Language = typeof languages[number]

const en = {
  cli: cliEn,
  commands: commandsEn,
  craft: craftEn,
  endpoint: endpointEn,
  faults: faultsEn,
  faultVariants: faultVariantsEn,
  filter: filterEn,
  findings: findingsEn,
  graph: graphEn,
  icmp: icmpEn,
  insights: insightsEn,
  reasons: reasonsEn,
  script: scriptEn,
  shell: shellEn,
  window: windowEn,
}

const ko: SameKeys<typeof en> = {
  cli: cliKo,
  commands: commandsKo,
  craft: craftKo,
  endpoint: endpointKo,
  faults: faultsKo,
  faultVariants: faultVariantsKo,
  filter: filterKo,
  findings: findingsKo,
  graph: graphKo,
  icmp: icmpKo,
  insights: insightsKo,
  reasons: reasonsKo,
  script: scriptKo,
  shell: shellKo,
  window: windowKo,
}

/** Everything that a user reads, in each language; sections by who shows them. */
export const catalogues = { en, ko } as const
