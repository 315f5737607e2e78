/** The toys of recipes.test.ts: what each recipe of docs/adding-a-kind.md makes of the sources. */
import { backendFunctions } from '../unit/mesh-machine/backend-functions.ts'

/** The text of a new file, or what becomes of one that is there. */
export type Change = string | Edit

type Edit = (text: string) => string

/** Adds a line behind the last one that matches. */
function behind(pattern: RegExp, line: string): Edit {
  return (text) => {
    const lines = text.split('\n')
    const at = lines.findLastIndex((candidate) => pattern.test(candidate))
    if (at < 0) throw new Error(`no line is like ${pattern}`)
    return lines.toSpliced(at + 1, 0, line).join('\n')
  }
}

/** Both, one after the other. */
function both(first: Edit, second: Edit): Edit {
  return (text) => second(first(text))
}

/** Replaces a text that has to be there. */
function instead(from: string, to: string): Edit {
  return (text) => {
    if (!text.includes(from)) throw new Error(`${from} is not there`)
    return text.replace(from, () => to)
  }
}

function addEnum(definition: string, property: string, more?: object): Edit {
  return (text) => {
    const schema = JSON.parse(text) as {
      definitions: Record<string, { properties: Record<string, { enum: string[] }> }>
    }
    const { properties } = schema.definitions[definition] ?? { properties: {} }
    properties[property]?.enum.push('toy')
    Object.assign(properties, more)
    return JSON.stringify(schema)
  }
}

const path = {
  title: 'Toy file',
  description: 'Absolute path of the toy. Only `toy`, required there.',
  type: 'string',
  pattern: '^(/[A-Za-z0-9._-]+)+$',
  maxLength: 255,
  examples: ['/etc/toy.secret'],
}

const shellFunctions = backendFunctions
  .map((name) => `# toy_${name}: as a toy.\ntoy_${name}() { echo toy; }\n`)
  .join('\n')

const schema = 'schemas/meshjoin.v1.schema.json'

export const toys: Readonly<Record<string, Readonly<Record<string, Change>>>> = {
  'A node attestor': {
    [schema]: addEnum('Attestation', 'type', { toyFile: path }),
    'lib/kinds/attestors/toy.ts': `import type { Attestor } from './attestor.ts'

export const toy: Attestor = {
  options: { toyFile: { required: true, key: 'toy_path', credential: { id: 'toy', fallback: '' } } },
  machineOptions: [],
  nodeOf: ({ name }) => ({ by: 'selectors', selectors: ['toy:' + name] }),
  server: { options: {} },
  canReattest: true,
  steps: { template: 'readme/attestors/toy.md.hbs', data: () => ({}) },
}
`,
    'lib/kinds/attestors/index.ts': both(
      behind(/^import .*tpm-devid/, "import { toy } from './toy.ts'"),
      behind(/^ {2}http_challenge:/, '  toy,'),
    ),
    'templates/readme/attestors/toy.md.hbs': '- Put the toy where the machine finds it.\n\n',
  },
  'A DNS provider': {
    [schema]: addEnum('MeshDns', 'provider'),
    'lib/kinds/resolvers/toy.ts': `import { handedOver } from './resolver.ts'

export const toy = handedOver('toy.conf')
`,
    'lib/kinds/resolvers/index.ts': both(
      behind(/^import .*systemd-resolved/, "import { toy } from './toy.ts'"),
      behind(/^ {2}none,/, '  toy,'),
    ),
    'templates/resolvers/toy.conf.hbs':
      '# Servers of the cluster\n{{#each resolverServers}}\nserver {{resolvedValue this}}\n{{/each}}\n',
    'templates/mesh-machine/resolver/toy.sh':
      '# shellcheck shell=sh\n# A toy.\n\n# toy_file: as a toy.\ntoy_file() { echo /etc/toy; }\n',
    'templates/mesh-machine/resolver/hand-over.sh': instead('echo dnsmasq ', 'echo toy dnsmasq '),
    'templates/mesh-machine/check/resolver.sh': behind(
      /./,
      '\n# toy_check: whether the toy answers.\ntoy_check() { find_fitting; }',
    ),
    'scripts/machine-program.ts': behind(/^ {4}'resolver\/dnsmasq',/, "    'resolver/toy',"),
  },
  'A redirect backend': {
    [schema]: addEnum('Redirect', 'backend'),
    'lib/kinds/backends/toy.ts': `import type { RedirectRule } from '../../plan/rule.ts'
import { alike } from '../packages.ts'
import type { Backend } from './backend.ts'

const path = '/etc/linkerd/redirect.toy'
const count = (rules: readonly RedirectRule[], direction: RedirectRule['direction']) =>
  rules.filter((rule) => rule.direction === direction).length

export const toy: Backend = {
  paths: [path],
  needs: [{ anyOf: ['toy'], packages: alike('toy-rules'), stock: [] }],
  print: (rules) => [
    { path, content: \`inbound \${count(rules, 'inbound')} rules, outbound \${count(rules, 'outbound')}\\n\` },
  ],
  printOne: (rule) => ({ path, text: rule.reason }),
}
`,
    'lib/kinds/backends/index.ts': both(
      behind(/^import .*nftables/, "import { toy } from './toy.ts'"),
      instead('{ iptables, nftables }', '{ iptables, nftables, toy }'),
    ),
    'templates/mesh-machine/backends/toy.sh': `# shellcheck shell=sh\n# Rules as a toy.\n\n${shellFunctions}`,
    'templates/mesh-machine/backends/backend.sh': behind(/^ {4}nft\) /, '    toy) "toy_$1" toy ;;'),
    'scripts/machine-program.ts': behind(/^ {4}'backends\/nftables',/, "    'backends/toy',"),
  },
  'A target': {
    'lib/targets/toy/target.ts': `import { emitOperatorDocs } from '../shared/operator-docs.ts'
import { type Target, textArtifact } from '../shared/target.ts'

export const toyTarget: Target = {
  name: 'toy',
  purpose: 'the labels of each machine',
  placesMachineFiles: true,
  check: () => {},
  emitMachine: ({ machine }) => [
    textArtifact(
      \`toy/\${machine.name}/labels.txt\`,
      Object.entries(machine.labels)
        .map(([key, value]) => \`\${key}=\${value}\\n\`)
        .join(''),
    ),
  ],
  emitShared: (config, machines) => emitOperatorDocs('toy', config, machines),
}
`,
    'lib/targets/index.ts': both(
      behind(/^import .*systemd/, "import { toyTarget } from './toy/target.ts'"),
      behind(/^ {2}systemdTarget,/, '  toyTarget,'),
    ),
    'lib/targets/shared/target.ts': behind(/^ {2}'systemd',/, "  'toy',"),
    'templates/readme/toy.md.hbs': '# Machines as toys\n\n{{#if hasSteps}}\n{{> steps}}\n{{/if}}\n',
    'templates/readme/attestors/join_token.md.hbs': behind(
      /./,
      '{{#if with.toy}}\n- Put the token into {{markdownCode tokenFile}}.\n{{/if}}',
    ),
  },
  'A unit': {
    'templates/systemd/linkerd-toy.service.hbs':
      '[Unit]\nDescription=A toy\n\n[Service]\nType=exec\nExecStart=/bin/true\n',
    'lib/files/units.ts': behind(
      /^ {2}\{ name: 'linkerd-redirect\.service'/,
      "  { name: 'linkerd-toy.service', stage: 'upkeep', restartOn: [] },",
    ),
  },
}
