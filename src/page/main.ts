import { connectCanvas } from './connect-canvas.ts'
import { setUpBuildForm } from './controls/build-form.ts'
import { setUpGraphChoice } from './controls/graph-choice.ts'
import { setUpNodeSearch } from './controls/node-search.ts'
import { setUpNotices } from './controls/notice.ts'
import { setUpProgress } from './controls/progress.ts'
import { setUpThemeButton } from './controls/theme.ts'
import { askForToken } from './controls/token-dialog.ts'
import { setUpViewOptions } from './controls/view-options.ts'
import { byId } from './elements/element.ts'
import { setUpPanel } from './panel/panel.ts'
import { Api } from './session/api.ts'
import { Session } from './session/session.ts'
import { Store } from './session/state.ts'
import { readView, writeView } from './session/view.ts'

const newerBuildCheckMs = 15_000

const store = new Store({
  view: readView(location.search),
  graphs: undefined,
  shown: undefined,
  activity: { what: 'Loading graphs', cancel: () => {} },
  failure: undefined,
  newerBuiltAt: undefined,
  links: {},
})
const api = new Api(askForToken)
const session = new Session(api, store)

const canvas = connectCanvas(store, session)
setUpThemeButton(() => canvas.restyle())
setUpGraphChoice(store, session)
setUpBuildForm(store, session)
setUpViewOptions(store, session)
setUpProgress(store)
setUpPanel(api, store, session)
setUpNodeSearch(store, (id) => {
  const isDrawn = canvas.scene?.byId.has(id)
  session.changeView({ node: id, edge: undefined, ...(isDrawn ? {} : { focus: id }) })
  canvas.reveal(id)
  canvas.element.focus()
})
setUpNotices(store, session, async () => {
  if (await api.changeToken('Enter another token.')) void session.open()
})

store.listen(({ view }, before) => {
  const query = writeView(view)
  if (query === writeView(before.view) || query === location.search) return
  // The back button returns to the previous graph or focus, not to every change of the view.
  const isStep = view.graph !== before.view.graph || view.focus !== before.view.focus
  history[isStep && before.view.graph !== undefined ? 'pushState' : 'replaceState'](null, '', `/${query}`)
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
    session.changeView((node ?? edge) ? { node: undefined, edge: undefined } : { focus: undefined })
  }
})
setInterval(() => void session.checkForNewer(), newerBuildCheckMs)
void session.open()
