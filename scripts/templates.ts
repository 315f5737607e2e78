import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import Handlebars from 'handlebars'
import { helpers, slotNames } from '../lib/files/helpers.ts'
import { joinPrograms } from './machine-program.ts'

const knownHelpers = Object.fromEntries(Object.keys(helpers).map((name) => [name, true]))
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
    const name = 'original' in node.name ? String(node.name.original) : ''
    if (!slotNames.some((slot) => slot === name) || node.params.length > 0 || node.hash !== undefined)
      this.report(node, 'partials are not allowed, but for a slot')
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

/** Every template under a folder as one module: `.hbs` files compiled, the machine's programs joined, Ansible's YAML and SPIRE's shell as they are, and texts that are made. */
export function compileTemplates(folder: string, made: Readonly<Record<string, string>> = {}): string {
  const specs: string[] = []
  const texts = Object.entries(made).map(([name, text]) => `${JSON.stringify(name)}: ${JSON.stringify(text)}`)
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
    } else if (/^(ansible[\\/].*(\.yml|\.yamllint)|(spire|kubernetes)[\\/].*\.sh)$/.test(file)) {
      texts.push(`${name}: ${JSON.stringify(readFileSync(join(folder, file), 'utf8'))}`)
    }
  }
  const checksums: string[] = []
  for (const [program, text] of joinPrograms(folder)) {
    const name = JSON.stringify(program)
    texts.push(`${name}: ${JSON.stringify(text)}`)
    checksums.push(`${name}: '${createHash('sha256').update(text).digest('hex')}'`)
  }
  return [
    printMap('templates', specs),
    printMap('texts', texts),
    // Known here, where there is a SHA-256: the library would need a package for it.
    printMap('checksums', checksums),
  ].join('')
}

function printMap(name: string, entries: readonly string[]): string {
  return `export const ${name} = {\n${entries.join(',\n')}\n}\n`
}
