import ts from 'typescript'

/** Code of any kind as plain text: one word that may begin a sentence. */
const code = 'Code'

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
  for (const { position, text } of comments(file)) {
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
function comments(file) {
  const content = file.text
  const ranges = new Map()
  const visit = (node) => {
    for (const range of [
      ...(ts.getLeadingCommentRanges(content, node.getFullStart()) ?? []),
      ...(ts.getTrailingCommentRanges(content, node.getEnd()) ?? []),
    ]) {
      ranges.set(range.pos, range)
    }
    for (const child of node.getChildren(file)) visit(child)
  }
  visit(file)
  const sorted = [...ranges.values()].sort((a, b) => a.pos - b.pos)
  return sorted.reduce((found, { pos, end, kind }) => {
    const isLine = kind === ts.SyntaxKind.SingleLineCommentTrivia
    const text = content.slice(pos, end)
    const last = found.at(-1)
    if (isLine && last?.isLine && /^\n?[ \t]*$/.test(content.slice(last.end, pos))) {
      found[found.length - 1] = { ...last, text: `${last.text}\n${text}`, end }
    } else found.push({ position: pos, text, isLine, end })
    return found
  }, [])
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
      .replaceAll(/(^|\s)@(param|returns|throws|default|see|example|typedef|property)\b/g, '\n\n@$2')
      .replaceAll(/@param\s+\S+/g, '')
      .replaceAll(/@throws\s+(\{[^}]*\})?/g, '')
      .replaceAll(/@(see|default|example)[^\n]*/g, '')
      .replaceAll(/@returns/g, ''),
  ).map((paragraph) => paragraph.text)
}

/** Paragraphs, list items, headings and cells of tables; no code blocks. */
function textsOfMarkdown(content) {
  const blocks = []
  let isOpen = false
  for (const [index, raw] of withoutCodeBlocks(content).entries()) {
    const line = raw.trim()
    const item = /^(#+|[-*+]|\d+\.|>)\s+(.*)$/.exec(line)
    if (line.startsWith('|')) {
      blocks.push(...line.split(/(?<!\\)\|/).map((text) => ({ line: index + 1, text })))
      isOpen = false
    } else if (line === '' || /^(<!--|\[[^\]]+\]:|---)/.test(line)) isOpen = false
    else if (isOpen && !item) blocks[blocks.length - 1].text += `\n${line}`
    else {
      blocks.push({ line: index + 1, text: item ? item[2] : line })
      isOpen = !line.startsWith('#')
    }
  }
  return blocks.map(({ line, text }) => ({ line, text: plain(text) })).filter(({ text }) => text !== '')
}

/** The lines of a document; those of code blocks, fences included, are empty. */
function withoutCodeBlocks(content) {
  let fence = ''
  return content.split('\n').map((line) => {
    const marker = /^\s*(```+|~~~+)/.exec(line)?.[1] ?? ''
    const isCode = marker !== '' || fence !== ''
    if (fence === '') fence = marker
    else if (marker.startsWith(fence)) fence = ''
    return isCode ? '' : line
  })
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
    .replaceAll(/<?https?:\/\/[^\s>]*[^\s>.,;:)]>?/g, code)
    .replaceAll(/&\w+;/g, code)
    .replaceAll(/\*\*|__/g, '')
    .replaceAll(/<[^>\s]+>/g, '')
    .trim()
}
