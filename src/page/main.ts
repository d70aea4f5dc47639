import { buildForm } from './controls/build-form.ts'
import { graphChoice } from './controls/graph-choice.ts'
import { nodeSearch } from './controls/node-search.ts'
import { notice } from './controls/notice.ts'
import { progress } from './controls/progress.ts'
import { themeButton } from './controls/theme.ts'
import { askForToken } from './controls/token-dialog.ts'
import { viewOptions } from './controls/view-options.ts'
import { byId } from './elements/element.ts'
import { panel } from './panel/panel.ts'
import { Api } from './session/api.ts'
import { Session } from './session/session.ts'
import { Store } from './session/state.ts'
import { readView, writeView } from './session/view.ts'
import { stage } from './stage.ts'

const newerEveryMs = 15_000

const store = new Store({
  view: readView(location.search),
  graphs: undefined,
  shown: undefined,
  waiting: { what: 'Loading the graphs', cancel: () => {} },
  failure: undefined,
  newerBuiltAt: undefined,
  links: {},
})
const api = new Api(askForToken)
const session = new Session(api, store)

const canvas = stage(store, session)
themeButton(() => canvas.restyle())
graphChoice(store, session)
buildForm(store, session)
viewOptions(store, session)
progress(store)
panel(api, store, session)
nodeSearch(store, (id) => {
  const isDrawn = canvas.scene?.byId.has(id)
  session.look({ node: id, edge: undefined, ...(isDrawn ? {} : { focus: id }) })
  canvas.reveal(id)
  canvas.element.focus()
})
notice(store, session, async () => {
  if (await api.changeToken('Use another token')) void session.open()
})

store.listen(({ view }, before) => {
  const [is, was] = [writeView(view), writeView(before.view)]
  if (is === was || is === location.search) return
  const isStep = view.graph !== before.view.graph || view.focus !== before.view.focus
  history[isStep && before.view.graph !== undefined ? 'pushState' : 'replaceState'](null, '', `/${is}`)
})
addEventListener('popstate', () => {
  store.change({ view: readView(location.search) })
  void session.open()
})
addEventListener('keydown', (event) => {
  const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement
  if (event.key === '/' && !typing) {
    event.preventDefault()
    byId('search', HTMLInputElement).focus()
  } else if (event.key === 'Escape' && !typing) {
    const { node, edge } = store.state.view
    session.look((node ?? edge) ? { node: undefined, edge: undefined } : { focus: undefined })
  }
})
setInterval(() => void session.checkForNewer(), newerEveryMs)
void session.open()
