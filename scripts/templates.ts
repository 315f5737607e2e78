import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import Handlebars from 'handlebars'
import { helperNames } from '../lib/files/helper-names.ts'

const knownHelpers = Object.fromEntries(helperNames.map((name) => [name, true]))
const blocks = ['if', 'unless', 'each']

/** Refuses every mustache that is not a call to an escaping helper, and what could bring text in unescaped. */
class Lint extends Handlebars.Visitor {
  readonly faults: string[] = []

  report(node: hbs.AST.Node, text: string): void {
    this.faults.push(`${node.loc.start.line}:${node.loc.start.column + 1} ${text}`)
  }

  override MustacheStatement(node: hbs.AST.MustacheStatement): void {
    const name = 'original' in node.path ? String(node.path.original) : ''
    if (!Object.hasOwn(knownHelpers, name))
      this.report(node, `{{${name}}} is not a call to an escaping helper`)
    if (node.params.length !== 1 || node.hash !== undefined) this.report(node, `${name} takes one value`)
    if (!node.escaped) this.report(node, 'triple braces are not allowed')
    super.MustacheStatement(node)
  }

  override BlockStatement(node: hbs.AST.BlockStatement): void {
    if (!blocks.includes(node.path.original))
      this.report(node, `the block ${node.path.original} is not allowed`)
    super.BlockStatement(node)
  }

  override PartialStatement(node: hbs.AST.PartialStatement): void {
    this.report(node, 'partials are not allowed')
  }

  override PartialBlockStatement(node: hbs.AST.PartialBlockStatement): void {
    this.report(node, 'partials are not allowed')
  }

  override DecoratorBlock(node: hbs.AST.DecoratorBlock): void {
    this.report(node, 'decorators are not allowed')
  }
}

/** The faults of one template, as `line:column reason`. */
export function lintTemplate(source: string): string[] {
  const lint = new Lint()
  lint.accept(Handlebars.parse(source))
  return lint.faults
}

/** Every template under a folder as one module: `.hbs` files compiled, all others as text. */
export function compileTemplates(folder: string): string {
  const specs: string[] = []
  const texts: string[] = []
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    const name = JSON.stringify(file.replaceAll('\\', '/'))
    if (file.endsWith('.hbs')) {
      // Reasons stay in this repository, and in docs/machine.md: user-data for EC2 has no room for them.
      const source = readFileSync(join(folder, file), 'utf8').replace(/^# .*\n/gm, (line) =>
        file.startsWith('systemd') ? '' : line,
      )
      const faults = lintTemplate(source)
      if (faults.length > 0) throw new Error(`${folder}/${file}: ${faults.join('; ')}`)
      const options = {
        strict: true,
        noEscape: true,
        knownHelpersOnly: true,
        knownHelpers,
        preventIndent: true,
      }
      specs.push(`${name}: ${String(Handlebars.precompile(source, options))}`)
    } else if (file.endsWith('.sh')) {
      texts.push(`${name}: ${JSON.stringify(withoutComments(readFileSync(join(folder, file), 'utf8')))}`)
    }
  }
  return `export const templates = {\n${specs.join(',\n')}\n}\nexport const texts = {\n${texts.join(',\n')}\n}\n`
}

/**
 * A shell command without its comment lines, but for those at its top, which are its usage text; without braces around
 * names that need none; and indented by as little as shows its blocks. The machine's copy travels in user-data, where
 * every platform counts bytes; this repository keeps all of it. What shellcheck was told about single lines, the copy
 * tells it once.
 */
export function withoutComments(script: string): string {
  const end = script.indexOf('\n\n')
  const told = [...script.matchAll(/^ *# shellcheck disable=(.*)$/gm)].flatMap(([, codes = '']) =>
    codes.split(','),
  )
  const body = script
    .slice(end)
    .replace(/^ *#.*\n/gm, '')
    .replace(/\n{2,}/g, '\n')
    .replace(/^(?: {2})+/gm, (indent) => ' '.repeat(indent.length / 2))
    .replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}(?![A-Za-z0-9_])/g, '$$$1')
  const directive = told.length === 0 ? '' : `\n# shellcheck disable=${[...new Set(told)].sort().join(',')}`
  return `${script.slice(0, end)}\n${directive}${body}`
}
