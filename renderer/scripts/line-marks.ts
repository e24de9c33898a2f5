import { RangeSet, StateEffect, StateField } from '@codemirror/state'
import type { EditorView } from '@codemirror/view'
import { gutter, GutterMarker } from '@codemirror/view'

export interface LineMark { readonly line: number, readonly isGood: boolean, readonly title: string }

/** What came of each line, in a gutter of its own: a shape for each, and words for who cannot see it. */
export const setLineMarks = StateEffect.define<readonly LineMark[]>()

class Mark extends GutterMarker {
  constructor(readonly isGood: boolean, readonly title: string) { super() }

  override eq(other: Mark): boolean {
    return other.isGood === this.isGood && other.title === this.title
  }

  override toDOM(): Node {
    const mark = document.createElement('span')
    // What only holds the width.
    if (this.title === '') return Object.assign(mark, { textContent: '✓' })
    mark.className = this.isGood ? 'script-good' : 'script-bad'
    mark.textContent = this.isGood ? '✓' : '◆'
    mark.title = this.title
    mark.setAttribute('role', 'img')
    mark.setAttribute('aria-label', this.title)
    return mark
  }
}

const marks = StateField.define<RangeSet<GutterMarker>>({
  create: () => RangeSet.empty,
  update(value, transaction) {
    let now = value.map(transaction.changes)
    for (const effect of transaction.effects) {
      if (!effect.is(setLineMarks)) continue
      const { doc } = transaction.state
      now = RangeSet.of(effect.value.filter(({ line }) => line <= doc.lines).map(({ line, isGood, title }) => new Mark(isGood, title).range(doc.line(line).from)), true)
    }
    return now
  },
})

export const lineMarks = [marks, gutter({ class: 'script-marks', markers: (view: EditorView) => view.state.field(marks), initialSpacer: () => new Mark(true, '') })]
