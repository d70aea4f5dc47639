import { byId } from '../elements/element.ts'

const themes = ['auto', 'dark', 'light'] as const
type Theme = (typeof themes)[number]
const key = 'tta.theme'

/** The button that goes from the system's colours to dark ones to light ones. */
export function themeButton(onChange: () => void): void {
  const button = byId('theme', HTMLButtonElement)
  let theme = themes.find((one) => one === localStorage.getItem(key)) ?? 'auto'
  const apply = () => {
    if (theme === 'auto') delete document.documentElement.dataset.theme
    else document.documentElement.dataset.theme = theme
    const words: Record<Theme, string> = { auto: 'as the system', dark: 'dark', light: 'light' }
    button.setAttribute('aria-label', `Colours: ${words[theme]}`)
    button.title = `Colours: ${words[theme]}`
    button.textContent = { auto: '◐', dark: '●', light: '○' }[theme]
    onChange()
  }
  button.addEventListener('click', () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length] ?? 'auto'
    localStorage.setItem(key, theme)
    apply()
  })
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', onChange)
  apply()
}
