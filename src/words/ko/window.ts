import type { SameKeys } from '../catalogue.ts'
import type { window as en } from '../en/window.ts'

export const window: SameKeys<typeof en> = {
  workspace: {
    capture: '캡처',
    endpoint: '엔드포인트',
    craft: '패킷 만들기',
  },
}
