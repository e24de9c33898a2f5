/** The design tokens as a canvas needs them: resolved colours and fonts. */
export interface CanvasTheme {
  color(token: string): string
  mono: string
  monoBold: string
  monoMicro: string
  monoMicroBold: string
  ui: string
  uiSmall: string
  uiSmallMedium: string
}

export function readCanvasTheme(element: Element): CanvasTheme {
  const style = getComputedStyle(element)
  const colors = new Map<string, string>()
  const token = (name: string) => style.getPropertyValue(name).trim()
  const [mono, ui, body, small, micro] = ['--font-mono', '--font-ui', '--fs-body', '--fs-small', '--fs-micro'].map(token)
  return {
    color: (name) => {
      let color = colors.get(name)
      if (color === undefined) {
        color = token(name)
        colors.set(name, color)
      }
      return color
    },
    mono: `${body} ${mono}`,
    monoBold: `700 ${body} ${mono}`,
    monoMicro: `${micro} ${mono}`,
    monoMicroBold: `700 ${micro} ${mono}`,
    ui: `${body} ${ui}`,
    uiSmall: `${small} ${ui}`,
    uiSmallMedium: `500 ${small} ${ui}`,
  }
}

/** Makes a canvas as large as its box in device pixels and hands out its context in CSS pixels. */
export function sizedContext(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D | null {
  const ratio = window.devicePixelRatio || 1
  const deviceWidth = Math.round(width * ratio)
  const deviceHeight = Math.round(height * ratio)
  if (canvas.width !== deviceWidth || canvas.height !== deviceHeight) {
    canvas.width = deviceWidth
    canvas.height = deviceHeight
  }
  const context = canvas.getContext('2d', { alpha: false })
  context?.setTransform(ratio, 0, 0, ratio, 0, 0)
  return context
}
