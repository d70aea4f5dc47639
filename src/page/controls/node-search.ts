import { byId, h } from '../elements/element.ts'
import { shortCount } from '../elements/format.ts'
import { type DrawnNode, nameOf } from '../session/drawn-graph.ts'
import type { Store } from '../session/state.ts'

const maxResults = 8

/** Sets up the field that finds nodes by any part of their name (combobox pattern of the ARIA APG). */
export function setUpNodeSearch(store: Store, onChoice: (id: string) => void): void {
  const input = byId('search', HTMLInputElement)
  const list = byId('search-results', HTMLUListElement)
  let found: DrawnNode[] = []
  let active = 0

  input.addEventListener('input', () => {
    active = 0
    show()
  })
  input.addEventListener('focus', show)
  input.addEventListener('blur', hide)
  input.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') {
      input.value = ''
      hide()
    } else if (event.key === 'Enter') choose(found[active])
    else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      active = (active + (event.key === 'ArrowDown' ? 1 : -1) + found.length) % Math.max(found.length, 1)
      show()
    } else return
    event.preventDefault()
  })

  function show(): void {
    found = matches(store.state.shown?.graph.nodes ?? [], input.value)
    const items = found.map((node, at) => {
      const name = h('bdi', {}, nameOf(node))
      const option = { role: 'option', id: `found-${at}`, 'aria-selected': String(at === active) }
      // A click would come too late: the field would lose the focus first, and that hides the list.
      const take = (event: Event) => {
        event.preventDefault()
        choose(node)
      }
      return h(
        'li',
        { ...option, onpointerdown: take },
        name,
        h('span', { class: 'muted' }, shortCount(node.count)),
      )
    })
    if (items.length === 0 && input.value !== '') items.push(h('li', { class: 'muted' }, 'No matching nodes'))
    list.replaceChildren(...items)
    list.hidden = input.value === ''
    input.setAttribute('aria-expanded', String(!list.hidden))
    if (found.length > 0 && !list.hidden) input.setAttribute('aria-activedescendant', `found-${active}`)
    else input.removeAttribute('aria-activedescendant')
  }

  function hide(): void {
    list.hidden = true
    input.setAttribute('aria-expanded', 'false')
  }

  function choose(node: DrawnNode | undefined): void {
    if (!node) return
    input.value = ''
    hide()
    onChoice(node.id)
  }
}

/** Finds nodes whose name contains every word: names that start with the text first, then by calls. */
function matches(nodes: readonly DrawnNode[], text: string): DrawnNode[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return []
  const rank = (node: DrawnNode) => (node.title.toLowerCase().startsWith(words[0] ?? '') ? 1 : 0)
  return nodes
    .filter((node) => {
      const name = `${node.title} ${node.subTitle}`.toLowerCase()
      return words.every((word) => name.includes(word))
    })
    .sort((a, b) => rank(b) - rank(a) || b.count - a.count)
    .slice(0, maxResults)
}
