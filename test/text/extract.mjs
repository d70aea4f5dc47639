import ts from 'typescript'

/** What code of any kind becomes in plain text: one word. */
const code = 'code'

/**
 * Takes the texts out of a file that a person reads.
 *
 * @param {string} path its name tells the language
 * @param {string} content
 * @returns {{ line: number, text: string }[]} paragraphs with the number of their first line, from 1
 */
export function textsOf(path, content) {
  if (/\.(ts|mts|mjs|js)$/.test(path)) return textsOfScript(path, content)
  if (path.endsWith('.md')) return textsOfMarkdown(content)
  if (path.endsWith('.html')) return textsOfHtml(content)
  if (path.endsWith('.json')) return textsOfJson(content)
  return textsOfHashComments(content)
}

/** Comments, and strings that read as prose. */
function textsOfScript(path, content) {
  const file = ts.createSourceFile(path, content, ts.ScriptTarget.Latest, true)
  const found = []
  const add = (position, text) =>
    found.push({ line: file.getLineAndCharacterOfPosition(position).line + 1, text })
  for (const { position, text } of comments(content)) {
    for (const paragraph of commentParagraphs(text)) add(position, paragraph)
  }
  const visit = (node) => {
    if (ts.isImportDeclaration(node)) return
    const text = literalText(node)
    if (text !== undefined && isProse(text))
      for (const part of text.split(/\n\s*\n/)) add(node.getStart(file), plain(part))
    if (text === undefined || ts.isTemplateExpression(node)) ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

function literalText(node) {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text
  if (!ts.isTemplateExpression(node)) return undefined
  if (ts.isTaggedTemplateExpression(node.parent)) return ''
  return node.head.text + node.templateSpans.map((span) => code + span.literal.text).join('')
}

/** At least four words, most of them plain, and no SQL, CSS or path. */
function isProse(text) {
  const words = text.trim().split(/\s+/)
  const plainWords = words.filter((word) => /^["'(`]?\p{L}[\p{L}'’-]*["')`]?[.,:;!?]?$/u.test(word))
  if (words.length < 4 || plainWords.length * 2 < words.length) return false
  return !/^\s*(select|insert|delete|update|create|pragma|alter|begin|drop|with)\b|[{}<>]\s*$|^\s*[{<[]/i.test(
    text,
  )
}

/** The comments of a script; consecutive lines with // are one. */
function comments(content) {
  const scanner = ts.createScanner(ts.ScriptTarget.Latest, false, ts.LanguageVariant.Standard, content)
  const found = []
  const templates = []
  for (let token = scanner.scan(); token !== ts.SyntaxKind.EndOfFileToken; token = scanner.scan()) {
    if (token === ts.SyntaxKind.TemplateHead) templates.push(0)
    else if (token === ts.SyntaxKind.OpenBraceToken && templates.length > 0)
      templates.push(templates.pop() + 1)
    else if (token === ts.SyntaxKind.CloseBraceToken && templates.length > 0) {
      const depth = templates.pop()
      if (depth > 0) templates.push(depth - 1)
      else if (scanner.reScanTemplateToken(false) === ts.SyntaxKind.TemplateMiddle) templates.push(0)
    } else if (token === ts.SyntaxKind.SlashToken) scanner.reScanSlashToken()
    const isLine = token === ts.SyntaxKind.SingleLineCommentTrivia
    if (!isLine && token !== ts.SyntaxKind.MultiLineCommentTrivia) continue
    const text = scanner.getTokenText()
    const position = scanner.getTokenStart()
    const last = found.at(-1)
    if (isLine && last?.isLine && /^\n?\s*$/.test(content.slice(last.end, position))) {
      last.text += `\n${text}`
      last.end = position + text.length
    } else found.push({ position, text, isLine, end: position + text.length })
  }
  return found
}

function commentParagraphs(text) {
  if (/^\/[/*]\s*(biome-ignore|@ts-|#region)/.test(text)) return []
  const lines = text
    .replace(/^\/\*\*?|\*\/$/g, '')
    .split('\n')
    .map((line) => line.replace(/^\s*(\*|\/\/)\s?/, ''))
  return textsOfMarkdown(
    lines
      .join('\n')
      .replaceAll(/(^|\s)@(param|returns|throws|default|see|example)\b/g, '\n\n@$2')
      .replaceAll(/@param\s+\S+/g, '')
      .replaceAll(/@throws\s+(\{[^}]*\})?/g, '')
      .replaceAll(/@(see|default|example)[^\n]*/g, '')
      .replaceAll(/@returns/g, ''),
  ).map((paragraph) => paragraph.text)
}

/** Paragraphs, list items, headings and cells of tables; no code blocks. */
function textsOfMarkdown(content) {
  const found = []
  let open
  let fence = ''
  const close = () => {
    if (open) found.push({ line: open.line, text: plain(open.text) })
    open = undefined
  }
  for (const [index, raw] of content.split('\n').entries()) {
    const line = raw.trim()
    const marker = /^(```+|~~~+)/.exec(line)?.[1] ?? ''
    if (marker !== '' || fence !== '') {
      close()
      if (fence === '') fence = marker
      else if (marker.startsWith(fence)) fence = ''
      continue
    }
    if (line === '' || /^(<!--|\[[^\]]+\]:|---)/.test(line)) close()
    else if (line.startsWith('|')) {
      close()
      for (const cell of line.split(/(?<!\\)\|/)) found.push({ line: index + 1, text: plain(cell) })
    } else if (/^(#+|[-*+]|\d+\.|>)\s/.test(line)) {
      close()
      open = { line: index + 1, text: line.replace(/^(#+|[-*+]|\d+\.|>)\s+/, '') }
      if (line.startsWith('#')) close()
    } else if (open) open.text += `\n${line}`
    else open = { line: index + 1, text: line }
  }
  close()
  return found.filter(({ text }) => text !== '')
}

/** Text between tags, and the attributes that are read aloud. */
function textsOfHtml(content) {
  const lineAt = (position) => content.slice(0, position).split('\n').length
  return [
    ...content.matchAll(/>([^<]+)</g),
    ...content.matchAll(/\b(?:title|placeholder|aria-label|alt|content)="([^"]*)"/g),
  ]
    .map((match) => ({ line: lineAt(match.index), text: plain(match[1] ?? '') }))
    .filter(({ text }) => text !== '')
}

/** Every `description`, `summary` and `title` of a JSON document. */
function textsOfJson(content) {
  const found = []
  const visit = (value) => {
    if (typeof value !== 'object' || value === null) return
    for (const [key, below] of Object.entries(value)) {
      if (typeof below !== 'string') visit(below)
      else if (/^(description|summary|title)$/.test(key)) found.push(...textsOfMarkdown(below))
    }
  }
  visit(JSON.parse(content))
  return found
}

/** Comments of YAML, shell and the like. An empty line, or one without a comment, ends a paragraph. */
function textsOfHashComments(content) {
  const lines = content.split('\n').map((line) => /^\s*#(?!!)\s?(.*)$/.exec(line)?.[1] ?? '')
  return textsOfMarkdown(lines.join('\n'))
}

/** Without markup; code, links' addresses and entities become one word each. */
function plain(text) {
  return text
    .replaceAll(/`[^`]*`/g, code)
    .replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll(/\{@\w+\s+[^}]*\}/g, code)
    .replaceAll(/<?https?:\/\/\S+/g, code)
    .replaceAll(/&\w+;/g, code)
    .replaceAll(/\*\*|__/g, '')
    .replaceAll(/<[^>\s]+>/g, '')
    .trim()
}
