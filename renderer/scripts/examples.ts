import fastRetransmit from '../../test/scripts/recovery/fast-retransmit-by-sack.pkt?raw'
import initialWindow from '../../test/scripts/congestion/initial-window.pkt?raw'
import established from '../../test/scripts/state-walks/established-fin.pkt?raw'
import firstRetransmission from '../../test/scripts/timeout/first-retransmission.pkt?raw'
import zeroWindow from '../../test/scripts/windows/zero-window-probe.pkt?raw'

/** A few of the scripts that test the engine, by what their first line says. */
export const examples: readonly { readonly title: string, readonly text: string }[] = [established, initialWindow, fastRetransmit, firstRetransmission, zeroWindow]
  .map((text) => ({ title: /^\/\/ (.*)$/m.exec(text)?.[1] ?? '', text }))
