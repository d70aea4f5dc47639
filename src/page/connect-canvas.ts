import { showLegend } from './controls/legend.ts'
import { GraphCanvas } from './drawing/graph-canvas.ts'
import { listenToKeys } from './drawing/key-input.ts'
import { listenToPointer } from './drawing/pointer-input.ts'
import { chooseShades, type Shades } from './drawing/shades.ts'
import { byId } from './elements/element.ts'
import { counted, grouped } from './elements/format.ts'
import { nameOf } from './session/drawn-graph.ts'
import { filterGraph, type VisibleGraph } from './session/filter-graph.ts'
import type { Session } from './session/session.ts'
import type { State, Store } from './session/state.ts'

const layoutKeys = ['focus', 'hops', 'min', 'trouble'] as const

/** Draws the state on the canvas and turns input on the canvas into changes of the state. */
export function connectCanvas(store: Store, session: Session): GraphCanvas {
  const canvas = new GraphCanvas(byId('canvas', HTMLCanvasElement))
  let visible: VisibleGraph = { nodes: [], edges: [] }

  const selectNode = (node: string) => session.changeView({ node, edge: undefined })
  const toggleFocus = (id: string) =>
    session.changeView({ focus: store.state.view.focus === id ? undefined : id, node: id, edge: undefined })
  listenToPointer(canvas, {
    select: (target) => {
      const id = target?.id
      session.changeView(
        target?.kind === 'edge' ? { edge: id, node: undefined } : { node: id, edge: undefined },
      )
    },
    focus: toggleFocus,
  })
  listenToKeys(canvas, {
    selected: () => store.state.view.node,
    selectNode: (id) => {
      selectNode(id)
      canvas.reveal(id)
    },
    toggleFocus,
    enterDetails: () => byId('panel', HTMLElement).querySelector<HTMLElement>('button, a')?.focus(),
  })
  for (const [id, act] of [
    ['zoom-in', () => canvas.viewport.zoomBy(1.25)],
    ['zoom-out', () => canvas.viewport.zoomBy(0.8)],
    ['zoom-fit', () => canvas.fit()],
  ] as const) {
    byId(id, HTMLButtonElement).addEventListener('click', () => {
      act()
      canvas.draw()
    })
  }

  store.listen((state, before) => {
    const { view, shown } = state
    if (shown !== before.shown || layoutKeys.some((key) => view[key] !== before.view[key])) void redraw(state)
    else if (view.colour !== before.view.colour) canvas.recolour(shades(state))
    if (view.node !== before.view.node || view.edge !== before.view.edge || view.focus !== before.view.focus)
      mark(state)
  })
  return canvas

  async function redraw(state: State): Promise<void> {
    const { shown, view } = state
    if (!shown) return
    const next = filterGraph(shown.graph, view)
    if (!(await canvas.show(next, shades(state, next)))) return
    visible = next
    mark(store.state)
    shades(store.state)
    const { nodes, edges } = next
    announce(`Graph drawn: ${counted(nodes.length, 'node')} and ${counted(edges.length, 'edge')}.`)
  }

  function shades({ view, shown }: State, graph = visible): Shades {
    const colour = shown?.comparison ? 'changes' : view.colour
    const chosen = chooseShades(graph.edges, graph.nodes, colour)
    const all = shown?.graph.nodes.length ?? 0
    const some = graph.nodes.length
    const nodes = some === all ? counted(all, 'node') : `${grouped(some)} of ${counted(all, 'node')}`
    showLegend(chosen, colour, `${nodes} · ${counted(graph.edges.length, 'edge')}`)
    return chosen
  }

  function mark({ view, shown }: State): void {
    const { node, edge, focus } = view
    const target = node
      ? ({ kind: 'node', id: node } as const)
      : edge
        ? ({ kind: 'edge', id: edge } as const)
        : undefined
    canvas.mark(target, focus)
    const named = node === undefined ? undefined : shown?.graph.nodeById.get(node)
    if (named) announce(`${nameOf(named)}: ${counted(named.count, 'call')}, ${grouped(named.failed)} failed`)
  }
}

/** Announces a text to screen readers. */
function announce(text: string): void {
  byId('spoken', HTMLElement).textContent = text
}
