import { machineFields } from '../../generated/machine-variables.ts'
import { expand, ownName, publicName } from './variables.ts'

/** A task or block as Ansible reads it. Every one has a name; keys are in the order that ansible-lint wants. */
export type Task = Readonly<Record<string, unknown>>

const own = ownName
const set = publicName
const shape = own('shape')
const command = expand(own('command'))
/** Where files go: `/`, but in tests of this role a folder that stands for it. */
const root = expand(own('root'))

/** Includes another file of tasks. */
function include(name: string, file: string, more: Task = {}): Task {
  return { name, 'ansible.builtin.include_tasks': file, ...more }
}

/** Runs `mesh-machine`. */
function meshMachine(name: string, argv: readonly (string | number)[], more: Task = {}): Task {
  return { name, 'ansible.builtin.command': { argv: [command, ...argv] }, ...more }
}

const main: readonly Task[] = [
  include('Check the variables', 'variables.yml'),
  include('Check the machine', 'machine.yml'),
  include('Bring the machine into the mesh, or take it out', expand(`${set('state')} ~ '.yml'`)),
]

/** Before anything is templated with them: a hostile or mistyped variable stops here. */
const variables: readonly Task[] = [
  {
    name: 'Check the texts',
    'ansible.builtin.assert': {
      that: [
        'item.value is string',
        'item.value | length <= item.length',
        'item.value is match(item.pattern)',
      ],
      fail_msg: `${expand('item.variable')} is not as it has to be. ${expand('item.reason')}`,
      quiet: true,
    },
    loop: expand(own('checks')),
    loop_control: { label: expand('item.variable') },
  },
  ...checkList('addresses', machineFields.addresses.maxItems),
  ...checkList('local_addresses', machineFields.localAddresses.maxItems),
  {
    name: 'Check the list of ports',
    'ansible.builtin.assert': {
      that: [
        `${set('ports')} is sequence`,
        `${set('ports')} is not string`,
        `${set('ports')} is not mapping`,
        `${set('ports')} | length <= ${machineFields.ports.maxItems}`,
      ],
      fail_msg: `${set('ports')} has to be a list of at most ${machineFields.ports.maxItems} ports.`,
      quiet: true,
    },
  },
  {
    name: 'Check each port',
    'ansible.builtin.assert': {
      that: [
        'item is mapping',
        "item.keys() | difference(['name', 'port', 'opaque']) | length == 0",
        'item.name is defined',
        'item.name is string',
        `item.name | length <= ${own('check_port_names')}.length`,
        `item.name is match(${own('check_port_names')}.pattern)`,
        'item.port is defined',
        'item.port is integer',
        `item.port >= ${machineFields.portNumber.minimum}`,
        `item.port <= ${machineFields.portNumber.maximum}`,
        `item.port not in ${own('reserved_ports')}`,
        'item.port != ansible_port | default(22) | int',
        'item.opaque | default(false) is boolean',
      ],
      fail_msg: [
        `${set('ports')} has an entry that is not as it has to be: "name" is a text of at most ${machineFields.portName.maxLength} lower-case letters,`,
        `digits and hyphens, "port" a number without quotes from ${machineFields.portNumber.minimum} to ${machineFields.portNumber.maximum} that is neither SSH's nor the proxy's own`,
        `(${expand(`${own('reserved_ports')} | join(', ')`)}), "opaque" true or false.`,
      ].join(' '),
      quiet: true,
    },
    loop: expand(set('ports')),
    loop_control: { label: expand('ansible_loop.index'), extended: true },
  },
  {
    name: 'Check that every port is there once',
    'ansible.builtin.assert': {
      that: [
        `${set('ports')} | map(attribute='port') | unique | length == ${set('ports')} | length`,
        `${set('ports')} | map(attribute='name') | unique | length == ${set('ports')} | length`,
      ],
      fail_msg: `${set('ports')} has two entries of the same port or name.`,
      quiet: true,
    },
  },
  {
    name: 'Check that the document has files for such a machine',
    'ansible.builtin.assert': {
      that: [`${shape} | length > 0`],
      fail_msg: [
        `The document has no machine of the group "${expand(set('group'))}" that is ${expand(own('inside'))} of its`,
        'clusterNetworks, and such a machine needs other redirect rules. Add it to the document and generate again.',
      ].join(' '),
      quiet: true,
    },
  },
  {
    name: 'Check that no port is exempt from the redirect',
    'ansible.builtin.assert': {
      that: [
        `${shape}.exempt_ports | selectattr('first', 'le', item.port) | selectattr('last', 'ge', item.port) | length == 0`,
      ],
      fail_msg: `Port ${expand('item.port')} of ${set('ports')} is exempt from the redirect in the document.`,
      quiet: true,
    },
    loop: expand(set('ports')),
    loop_control: { label: expand('item.name') },
  },
]

function checkList(name: string, most: number): Task[] {
  const list = set(name)
  const checks = own(`check_${name}`)
  return [
    {
      name: `Check the list ${list}`,
      'ansible.builtin.assert': {
        that: [
          `${list} is sequence`,
          `${list} is not string`,
          `${list} is not mapping`,
          `${list} | length <= ${most}`,
          `${list} | unique | length == ${list} | length`,
        ],
        fail_msg: `${list} has to be a list of at most ${most} addresses, none twice.`,
        quiet: true,
      },
    },
    {
      name: `Check each entry of ${list}`,
      'ansible.builtin.assert': {
        that: [
          'item is string',
          `item | length <= ${checks}.length`,
          `item is match(${checks}.pattern)`,
          ...(name === 'addresses'
            ? [
                `${list} | select('search', ':') | length <= 1`,
                `${list} | reject('search', ':') | length <= 1`,
              ]
            : []),
        ],
        fail_msg: `${list} has an entry that is not as it has to be. ${expand(`${checks}.reason`)}`,
        quiet: true,
      },
      loop: expand(list),
      loop_control: { label: expand('ansible_loop.index'), extended: true },
    },
  ]
}

const machine: readonly Task[] = [
  {
    name: 'Read what is needed of the facts',
    'ansible.builtin.setup': { gather_subset: ['!all', '!min', 'distribution', 'platform', 'service_mgr'] },
    when: "['distribution', 'architecture', 'service_mgr'] | difference(ansible_facts.keys()) | length > 0",
  },
  {
    name: 'Check the operating system',
    'ansible.builtin.assert': {
      that: [
        "ansible_facts['service_mgr'] == 'systemd'",
        "ansible_facts['os_family'] in ['Debian', 'RedHat', 'Suse']",
        "ansible_facts['os_family'] != 'RedHat' or ansible_facts['distribution_major_version'] is version('9', '>=')",
      ],
      fail_msg: [
        `${expand("ansible_facts['distribution']")} ${expand("ansible_facts['distribution_version']")} cannot be joined:`,
        'that takes systemd 249 or later on a distribution of the families of Debian, RHEL 9 or SUSE.',
      ].join(' '),
      quiet: true,
    },
  },
  {
    name: 'Check that there are programs for its architecture',
    'ansible.builtin.assert': {
      that: [`${own('architectures')}[ansible_facts['architecture']] | default('none') in item.archives`],
      fail_msg: `The document has no sha256 of ${expand('item.name')} for ${expand("ansible_facts['architecture']")}.`,
      quiet: true,
    },
    loop: expand(own('programs')),
    loop_control: { label: expand('item.name') },
  },
  {
    name: 'Look whether it has joined before',
    'ansible.builtin.stat': { path: '/var/lib/linkerd/good/current/.meshjoin' },
    register: own('good'),
  },
  {
    name: 'Check that it has joined before',
    'ansible.builtin.assert': {
      that: [`${own('good')}.stat.exists`],
      fail_msg: 'This machine has not joined the mesh yet: join.yml first.',
      quiet: true,
    },
    when: [`${set('require_joined')} | bool`, `${set('state')} == 'present'`],
  },
]

const present: readonly Task[] = [
  include('Install packages', 'packages.yml', { when: `${set('manage_packages')} | bool` }),
  include('Fetch the programs once, for all machines', 'archives.yml', {
    when: `${set('download')} == 'controller'`,
  }),
  include('Place the files', 'files.yml'),
  include('Place the join token', 'token.yml', { when: `not ${own('good')}.stat.exists` }),
  include('Join', 'join.yml', { when: `not ${own('good')}.stat.exists` }),
  include('Upgrade', 'upgrade.yml', { when: `${own('good')}.stat.exists` }),
  include('Turn the redirect on', 'redirect.yml'),
]

const packages: readonly Task[] = [
  {
    name: 'Read the names of packages',
    'ansible.builtin.include_vars': `${expand("ansible_facts['os_family']")}.yml`,
  },
  {
    name: 'Look which commands are there',
    'ansible.builtin.stat': { path: expand('item.key') },
    loop: expand(`${own('packages_of')} | dict2items`),
    loop_control: { label: expand('item.key') },
    register: own('commands'),
  },
  {
    name: 'List the packages to install',
    'ansible.builtin.set_fact': {
      [own('packages')]: expand(
        [
          `${own('packages_always')} + ${own('packages_backend')}[${shape}.backend]`,
          `+ (${own('commands')}.results | rejectattr('stat.exists') | map(attribute='item.value') | list)`,
        ].join(' '),
      ),
    },
  },
  {
    name: 'Install packages with what is known of them',
    block: [
      {
        name: 'Install packages',
        'ansible.builtin.package': { name: expand(own('packages')), state: 'present' },
      },
    ],
    rescue: [
      {
        name: 'Install packages by a list that is read anew',
        'ansible.builtin.package': { name: expand(own('packages')), state: 'present', update_cache: true },
      },
    ],
  },
]

/** For machines without a way to the download server. What is there already, `mesh-machine` does not fetch. */
const archives: readonly Task[] = [
  {
    name: 'Make the folder for archives',
    'ansible.builtin.file': { path: expand(set('cache')), state: 'directory', mode: '0755' },
    delegate_to: 'localhost',
    become: false,
    run_once: true,
  },
  include('Fetch one program', 'archive.yml', {
    loop: expand(own('programs')),
    loop_control: { loop_var: own('program'), label: expand(`${own('program')}.name`) },
  }),
]

const archiveOf = `${own('program')}.archives[${own('architectures')}[ansible_facts['architecture']]]`
const folder = expand(own('folder'))

const archive: readonly Task[] = [
  {
    name: 'Fetch the archive',
    'ansible.builtin.get_url': {
      url: expand(`${archiveOf}.url`),
      dest: expand(`${set('cache')} ~ '/' ~ ${archiveOf}.sha256 ~ '.tar.gz'`),
      checksum: expand(`'sha256:' ~ ${archiveOf}.sha256`),
      mode: '0644',
    },
    delegate_to: 'localhost',
    become: false,
    throttle: 1,
    when: 'not ansible_check_mode',
    register: own('fetched'),
    until: `${own('fetched')} is succeeded`,
    retries: 3,
    delay: 5,
  },
  {
    name: 'Look whether the machine has any',
    'ansible.builtin.stat': { path: expand(`${own('program')}.base`) },
    register: own('base'),
  },
  {
    name: 'Look whether the machine has it',
    'ansible.builtin.find': {
      paths: [expand(`${own('program')}.base`)],
      patterns: ['.meshjoin'],
      hidden: true,
      recurse: true,
      contains: expand(`${archiveOf}.sha256`),
    },
    register: own('found'),
    when: `${own('base')}.stat.exists`,
  },
  {
    name: 'Look whether another archive of that version is there',
    'ansible.builtin.stat': {
      path: expand(`${own('program')}.base ~ '/' ~ ${own('program')}.version ~ '/.meshjoin'`),
    },
    register: own('other'),
  },
  {
    name: 'Unpack it beside what is in use',
    when: `${own('found')}.matched | default(0) == 0`,
    vars: {
      [own('folder')]: expand(
        [
          `${own('program')}.base ~ '/' ~ ${own('program')}.version`,
          `~ ('-' ~ ${archiveOf}.sha256[:8] if ${own('other')}.stat.exists else '')`,
        ].join(' '),
      ),
    },
    block: [
      {
        name: 'Make the folders of the version',
        'ansible.builtin.file': {
          path: expand('item'),
          state: 'directory',
          mode: '0755',
          owner: 'root',
          group: 'root',
        },
        loop: [expand(`${own('program')}.base`), folder],
      },
      {
        name: 'Unpack the program',
        'ansible.builtin.unarchive': {
          src: expand(`${set('cache')} ~ '/' ~ ${archiveOf}.sha256 ~ '.tar.gz'`),
          dest: folder,
          include: [expand(`${archiveOf}.member`)],
          extra_opts: ['--strip-components=1', '--no-same-owner'],
          mode: '0755',
          owner: 'root',
          group: 'root',
        },
        when: 'not ansible_check_mode',
      },
      {
        name: 'Read the sum of the program',
        'ansible.builtin.stat': {
          path: expand(`${own('folder')} ~ '/' ~ ${own('program')}.file`),
          checksum_algorithm: 'sha256',
        },
        register: own('unpacked'),
      },
      {
        name: 'Note which archive it is from',
        'ansible.builtin.copy': {
          content: `${expand(`${archiveOf}.sha256`)}\n${expand(`${own('unpacked')}.stat.checksum`)}\n`,
          dest: `${folder}/.meshjoin`,
          mode: '0644',
          owner: 'root',
          group: 'root',
        },
        when: 'not ansible_check_mode',
      },
    ],
  },
]

const machineLayer: readonly Task[] = [
  {
    name: 'Place the files of the machine layer',
    'ansible.builtin.template': {
      src: expand('item.src'),
      dest: `${root}${expand('item.path')}`,
      mode: expand('item.mode'),
      owner: 'root',
      group: 'root',
    },
    loop: expand(`${shape}.templates`),
    loop_control: { label: expand('item.path') },
    register: own('templates'),
  },
]

const files: readonly Task[] = [
  {
    name: 'Look which folders are there',
    'ansible.builtin.stat': { path: `${root}${expand('item')}` },
    loop: expand(`${shape}.folders`),
    register: own('folders'),
  },
  {
    name: 'Make those that are not',
    'ansible.builtin.file': { path: `${root}${expand('item.item')}`, state: 'directory', mode: '0755' },
    loop: expand(`${own('folders')}.results | rejectattr('stat.exists') | list`),
    loop_control: { label: expand('item.item') },
  },
  include('Place the machine layer', 'machine_layer.yml'),
  {
    name: 'Place the mesh layer',
    'ansible.builtin.copy': {
      src: expand('item.src'),
      dest: `${root}${expand('item.path')}`,
      mode: expand('item.mode'),
      owner: 'root',
      group: 'root',
    },
    loop: expand(`${shape}.files`),
    loop_control: { label: expand('item.path') },
    register: own('copies'),
  },
  {
    name: 'Look for files of an earlier document',
    'ansible.builtin.stat': { path: `${root}${expand('item')}` },
    loop: expand(
      `${own('every_path')} | difference((${shape}.files + ${shape}.templates) | map(attribute='path'))`,
    ),
    register: own('earlier'),
  },
  {
    name: 'Disable units of an earlier document',
    'ansible.builtin.systemd_service': { name: expand('item | basename'), enabled: false },
    loop: expand(
      `${own('earlier')}.results | selectattr('stat.exists') | map(attribute='item') | select('search', '[.](service|timer|path)$') | list`,
    ),
    when: `${own('root')} == ''`,
  },
  {
    name: 'Take away files of an earlier document',
    'ansible.builtin.file': { path: `${root}${expand('item')}`, state: 'absent' },
    loop: expand(`${own('earlier')}.results | selectattr('stat.exists') | map(attribute='item') | list`),
    register: own('removals'),
  },
]

const tokenFile = own('token_file')

const token: readonly Task[] = [
  {
    name: 'Look for the folder of the token',
    'ansible.builtin.stat': { path: expand(`${tokenFile} | dirname`) },
    register: own('token_folder'),
    when: `${tokenFile} | length > 0`,
  },
  {
    name: 'Make the folder of the token',
    'ansible.builtin.file': { path: expand(`${tokenFile} | dirname`), state: 'directory', mode: '0755' },
    when: [`${tokenFile} | length > 0`, `not ${own('token_folder')}.stat.exists`],
  },
  {
    name: 'Place the token',
    'ansible.builtin.copy': {
      content: `${expand(set('join_token'))}\n`,
      dest: expand(tokenFile),
      mode: '0600',
      owner: 'root',
      group: 'root',
    },
    no_log: true,
    diff: false,
    when: [`${tokenFile} | length > 0`, `${set('join_token')} | length > 0`],
  },
]

/** The redirect stays off through the first join: it comes last, under commit-confirm. */
const join: readonly Task[] = [
  {
    name: 'Keep the redirect off until the machine has joined',
    'ansible.builtin.copy': {
      content: expand(own('off_by_role')),
      dest: expand(own('off')),
      force: false,
      mode: '0644',
      owner: 'root',
      group: 'root',
    },
  },
  meshMachine('Join the mesh', ['install'], { changed_when: true }),
]

const changed = own('changed')
const confirmWithin = expand(set('confirm_within'))

const lookWhetherOff: Task = {
  name: 'Look whether the redirect is off',
  'ansible.builtin.stat': { path: expand(own('off')) },
  register: own('off_now'),
}

/** Asks over a new connection: one that is open already would show nothing. */
const proveConnection: Task = {
  name: 'Come in over a new SSH connection',
  'ansible.builtin.wait_for_connection': { timeout: expand(`${set('confirm_within')} | int // 2`) },
  vars: { ansible_control_path: 'none' },
}

const upgrade: readonly Task[] = [
  {
    name: 'See what of the files is new',
    'ansible.builtin.set_fact': {
      [changed]: expand(
        `(${['templates', 'copies', 'removals'].map((list) => `${own(list)}.results`).join(' + ')}) | selectattr('changed') | map(attribute='item') | list`,
      ),
    },
  },
  {
    name: 'Prepare for the upgrade',
    'ansible.builtin.include_tasks': expand(set('before_upgrade')),
    when: [`${set('before_upgrade')} | length > 0`, `${changed} | length > 0`],
  },
  {
    name: 'Load changed rules under commit-confirm',
    when: [
      'not ansible_check_mode',
      `${own('templates')}.results | selectattr('changed') | map(attribute='item.path') | select('search', '/redirect[.](v4|v6|nft)$') | length > 0`,
    ],
    block: [
      lookWhetherOff,
      {
        name: 'Try the new rules',
        when: `not ${own('off_now')}.stat.exists`,
        block: tryRules(),
      },
    ],
    rescue: [
      {
        name: 'Take the new rules away',
        'ansible.builtin.command': { argv: [command, 'redirect', 'down'] },
        changed_when: true,
      },
      {
        name: 'Stop',
        'ansible.builtin.fail': {
          msg: [
            'The new rules do not load, or let no new SSH connection in. The redirect is off, and the programs in use are',
            'the old ones. Correct the document, generate, run this again with linkerd_machine_redirect_up=true.',
          ].join(' '),
        },
      },
    ],
  },
  meshMachine('Use the new files, or go back', ['upgrade'], {
    register: own('upgraded'),
    changed_when: `'nothing to do' not in ${own('upgraded')}.stderr`,
  }),
  {
    name: 'Follow up on the upgrade',
    'ansible.builtin.include_tasks': expand(set('after_upgrade')),
    when: [`${set('after_upgrade')} | length > 0`, `${changed} | length > 0`],
  },
]

function tryRules(): Task[] {
  return [
    meshMachine('Load the rules on trial', ['redirect', 'up', '--confirm-within', confirmWithin], {
      changed_when: true,
    }),
    proveConnection,
    meshMachine('Keep the rules', ['redirect', 'confirm'], { changed_when: true }),
  ]
}

const redirect: readonly Task[] = [
  lookWhetherOff,
  {
    name: 'Read who turned it off',
    'ansible.builtin.slurp': { src: expand(own('off')) },
    register: own('off_by'),
    when: `${own('off_now')}.stat.exists`,
  },
  {
    name: 'Turn the redirect on under commit-confirm',
    when: [
      'not ansible_check_mode',
      `${own('off_now')}.stat.exists`,
      `${set('redirect_up')} | bool or ${own('off_by')}.content | b64decode == ${own('off_by_role')}`,
    ],
    block: tryRules(),
  },
  {
    name: 'Say that the redirect stays off',
    'ansible.builtin.debug': {
      msg: `The redirect of this machine was turned off, and stays off: ${set('redirect_up')} turns it on again.`,
    },
    when: [
      `${own('off_now')}.stat.exists`,
      `not ${set('redirect_up')} | bool`,
      `${own('off_by')}.content | default('') | b64decode != ${own('off_by_role')}`,
    ],
  },
]

/** The token first: `leave` then takes away the folder, too. */
const absent: readonly Task[] = [
  {
    name: 'Take away the join token that the role placed',
    'ansible.builtin.file': { path: expand(tokenFile), state: 'absent' },
    when: [`${tokenFile} | length > 0`, `${set('join_token')} | length > 0`],
  },
  {
    name: 'Leave the mesh',
    'ansible.builtin.command': { argv: [command, 'leave'], removes: '/etc/linkerd/mesh-machine.conf' },
  },
  {
    name: 'Look whether anything is left',
    'ansible.builtin.stat': { path: '/etc/linkerd/mesh-machine.conf' },
    register: own('left'),
  },
  {
    name: 'Check that nothing is left',
    'ansible.builtin.assert': {
      that: [`ansible_check_mode or not ${own('left')}.stat.exists`],
      fail_msg: 'mesh-machine leave did not come to its end: run this again.',
      quiet: true,
    },
  },
]

/** Looks, and changes nothing. */
const check: readonly Task[] = [
  meshMachine('Ask the machine how it is', ['status'], {
    check_mode: false,
    changed_when: false,
    register: own('status'),
  }),
  {
    name: 'Check that it is well',
    'ansible.builtin.assert': {
      that: [`(${own('status')}.stdout | from_json).state == 'joined'`],
      fail_msg: `This machine is not well in the mesh: ${expand(`${own('status')}.stdout`)}`,
      success_msg: `Joined as ${expand(`(${own('status')}.stdout | from_json).spiffeId`)}.`,
    },
  },
  meshMachine('Check the rules, and try connections', ['redirect', 'check'], {
    check_mode: false,
    changed_when: false,
  }),
]

/** The files below `tasks/`, by name. */
export const taskFiles: Readonly<Record<string, readonly Task[]>> = {
  main,
  variables,
  machine,
  present,
  packages,
  archives,
  archive,
  machine_layer: machineLayer,
  files,
  token,
  join,
  upgrade,
  redirect,
  absent,
  check,
}
