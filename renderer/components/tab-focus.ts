import { nextTick, watch, type Ref, type ShallowRef } from 'vue'

/** Panels that take turns each have the tabs in their head: the focus goes along to the tab of the one that is now shown. */
export function keepTabFocus(tab: Ref<unknown>, place: Readonly<ShallowRef<HTMLElement | null>>): void {
  watch(tab, async () => {
    const hadFocus = place.value?.contains(document.activeElement) === true && document.activeElement?.getAttribute('role') === 'tab'
    await nextTick()
    if (hadFocus) [...place.value!.querySelectorAll<HTMLElement>('[role=tab][aria-selected=true]')].find((element) => element.offsetParent !== null)?.focus()
  }, { flush: 'pre' })
}
