import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { generate } from '../../lib/index.ts'
import { readDocuments } from './support/cases.ts'
import { runCommand } from './support/root.ts'

/**
 * The programs that let the mesh in through a firewall, run by real shells against the kernel's tables. What firewalld and ufw make
 * of theirs, and whether a connection then comes in, is told on a booted machine: test/machine/firewall.test.ts.
 */
const test = suite("the firewalls' programs")
const names = ['firewalld', 'iptables', 'nftables', 'ufw'] as const
const documents = readPrograms()

/** Each program of each document, by `<document>/<program>`; each text once. */
function readPrograms(): Map<string, string> {
  const programs = new Map<string, string>()
  const seen = new Set<string>()
  for (const [name, text] of readDocuments()) {
    const generated = generate(text, { targets: ['systemd'] })
    if (!generated.ok) continue
    for (const { path, content } of generated.value) {
      const [, program] = /^systemd\/firewall\/(.+)\.sh$/.exec(path) ?? []
      if (program === undefined || typeof content !== 'string' || seen.has(content)) continue
      seen.add(content)
      programs.set(`${name}/${program}`, content)
    }
  }
  return programs
}

test('there are some of each kind, with and without IPv6', () => {
  for (const name of names) {
    const texts = [...documents].filter(([title]) => title.endsWith(`/${name}`)).map(([, text]) => text)
    assert.ok(
      texts.some((text) => text.includes("'fd00:")),
      name,
    )
    assert.ok(
      texts.some((text) => !text.includes("'fd00:")),
      name,
    )
  }
})

test('shellcheck finds nothing, and finds a planted mistake', async () => {
  for (const [title, text] of documents) {
    const { status, stdout } = await runCommand('shellcheck', ['-s', 'sh', '-'], text)
    assert.is(stdout, '', title)
    assert.is(status, 0, title)
    const planted = await runCommand('shellcheck', ['-s', 'sh', '-'], `${text}\necho $planted\n`)
    assert.match(planted.stdout, /SC2086/)
  }
})

for (const shell of [['dash'], ['bash', '--posix'], ['busybox', 'sh']]) {
  test(`${shell.join(' ')} reads them, and refuses a planted mistake`, async () => {
    for (const [title, text] of documents) {
      const read = (script: string) => runCommand(shell[0] ?? '', [...shell.slice(1), '-n'], script)
      const { status, stderr } = await read(text)
      assert.is(stderr, '', title)
      assert.is(status, 0, title)
      assert.is.not((await read(`${text}\nif\n`)).status, 0)
    }
  })
}

/** Runs a script in a network of its own; `$1` is the program, and `iptables` of the variant. */
async function inNetwork(variant: 'nft' | 'legacy', program: string, script: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'meshjoin-firewall-'))
  try {
    const file = join(folder, 'program.sh')
    writeFileSync(file, program)
    mkdirSync(join(folder, 'sbin'))
    for (const command of ['iptables', 'ip6tables'])
      for (const suffix of ['', '-save', '-restore'])
        symlinkSync(`/usr/sbin/${command}-${variant}${suffix}`, join(folder, 'sbin', `${command}${suffix}`))
    const { status, stdout, stderr } = await runCommand('unshare', [
      '--net',
      'sh',
      '-euc',
      `export PATH=${folder}/sbin:/usr/sbin:/usr/bin:/sbin:/bin; ${script}`,
      'sh',
      file,
    ])
    assert.is(stderr, '')
    assert.is(status, 0)
    return stdout
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function programOf(document: string, name: (typeof names)[number]): string {
  const found = documents.get(`${document}/${name}`)
  if (found === undefined) throw new Error(`there is no ${document}/${name}`)
  return found
}

/** What stands between two marks of a script's output. */
function between(said: string, from: string, to: string): string {
  return said.slice(said.indexOf(from) + from.length, said.indexOf(to)).trim()
}

const dualStack = 'golden/dual-stack-groups'

for (const variant of ['nft', 'legacy'] as const) {
  test(`iptables (${variant}): in front, the same after a second run, and gone without a trace`, async () => {
    const said = await inNetwork(
      variant,
      programOf(dualStack, 'iptables'),
      `list() { for t in iptables ip6tables; do $t-save | sed '/^#/d; s/\\[[0-9]*:[0-9]*\\]//'; done; }
       iptables -P INPUT DROP; iptables -A INPUT -i lo -j ACCEPT; iptables -A INPUT -p tcp --dport 4143 -s 10.0.0.0/8 -j DROP
       ip6tables -P INPUT DROP; list >"$1.before"
       sh "$1" >"$1.said"; list >"$1.once"; sh "$1" >/dev/null; list >"$1.twice"
       sh "$1" remove; list >"$1.after"; sh "$1" remove; list >"$1.again"
       cmp "$1.once" "$1.twice"; cmp "$1.before" "$1.after"; cmp "$1.before" "$1.again"
       ! sh "$1" wrong 2>/dev/null
       echo ONCE; cat "$1.once"; echo SAID; cat "$1.said"; echo END`,
    )
    const once = between(said, 'ONCE', 'SAID')
    const printed = between(said, 'SAID', 'END')
    const input = once.split('\n').filter((line) => line.startsWith('-A INPUT'))
    assert.is(input[0], '-A INPUT -p tcp -m tcp --dport 4143 -j LINKERD-MESH')
    for (const network of ['10.42.0.0/16', '198.51.100.11', 'fd00:10:42::/56', '2001:db8::11'])
      assert.match(
        once,
        new RegExp(
          `^-A LINKERD-MESH -s ${network.replaceAll('.', '\\.')}(/32|/128)? -p tcp -m tcp --dport 4143 -j ACCEPT$`,
          'm',
        ),
      )
    // What it tells the operator to save is what it did.
    const accepts = (text: string) =>
      text
        .split('\n')
        .filter((line) => line.startsWith('-A LINKERD-MESH'))
        .map((line) => line.replace(/\/(32|128)(?= )/, ''))
    assert.equal(accepts(printed), accepts(once))
  })
}

const foreignTables = `
table inet filter {
	chain input {
		type filter hook input priority filter; policy drop;
		iif "lo" accept
		ct state established,related accept
	}
	chain forward {
		type filter hook forward priority filter; policy drop;
	}
	chain more {
		tcp dport 4143 drop
	}
}
table ip own {
	chain in_put {
		type filter hook input priority 10; policy accept;
		jump last
	}
	chain last {
		counter reject
	}
}
table ip6 own {
	chain INPUT {
		type filter hook input priority 10; policy drop;
	}
}
table inet firewalld {
	chain filter_INPUT {
		type filter hook input priority filter + 10; policy accept;
	}
}
table ip nat {
	chain prerouting {
		type nat hook prerouting priority dstnat; policy accept;
	}
}
table arp own {
	chain input {
		type filter hook input priority filter; policy accept;
	}
}
table bridge own {
	chain input {
		type filter hook input priority filter; policy accept;
	}
}
`

test('nftables: in every input chain but those of firewalld and iptables, and gone without a trace', async () => {
  const said = await inNetwork(
    'nft',
    programOf(dualStack, 'nftables'),
    `cat >"$1.tables" <<'TABLES'
${foreignTables}
TABLES
     ! sh "$1" 2>"$1.nothing"; grep -q 'nothing to add' "$1.nothing"
     list() { nft -s list ruleset; }
     nft -f "$1.tables"; list >"$1.before"
     sh "$1" >"$1.said" 2>"$1.left"; list >"$1.once"; sh "$1" >/dev/null 2>&1; list >"$1.twice"
     sh "$1" remove; list >"$1.after"; sh "$1" remove; list >"$1.again"
     cmp "$1.once" "$1.twice"; cmp "$1.before" "$1.after"; cmp "$1.before" "$1.again"
     ! sh "$1" wrong 2>/dev/null
     echo ONCE; cat "$1.once"; echo LEFT; cat "$1.left"; echo SAID; cat "$1.said"; echo END`,
  )
  const once = between(said, 'ONCE', 'LEFT')
  const chains = new Map(
    [...once.matchAll(/table (\S+ \S+) \{|chain (\S+) \{\n([^}]*)\}/g)].reduce<[string, string][]>(
      (found, [, table, chain, body = '']) => {
        const last = found.at(-1)?.[0].split(' ').slice(0, 2).join(' ') ?? ''
        found.push(table === undefined ? [`${last} ${chain}`, body] : [table, ''])
        return found
      },
      [],
    ),
  )
  const ours = (name: string, family: string) =>
    (chains.get(name) ?? '')
      .split('\n')
      .filter((line) => line.includes('linkerd-mesh') && line.includes(`${family} saddr`))
  assert.is(ours('inet filter input', 'ip').length, 4, once)
  assert.is(ours('inet filter input', 'ip6').length, 4)
  assert.is(ours('ip own in_put', 'ip').length, 4)
  assert.is(ours('ip own in_put', 'ip6').length, 0)
  for (const name of [
    'ip6 own INPUT',
    'inet firewalld filter_INPUT',
    'inet filter forward',
    'ip nat prerouting',
    'arp own input',
    'bridge own input',
  ])
    assert.not.match(chains.get(name) ?? 'linkerd-mesh', 'linkerd-mesh', name)
  const [, first = ''] = (chains.get('inet filter input') ?? '').trim().split('\n')
  assert.match(first, 'linkerd-mesh', 'in front of the others')
  const left = between(said, 'LEFT', 'SAID')
  assert.match(left, 'inet firewalld filter_INPUT. For that there is firewalld.sh')
  assert.match(left, 'ip6 own INPUT. For that there is iptables.sh')
  // What it tells the operator to keep, nft takes.
  const printed = between(said, 'SAID', 'END').split('\n').slice(1)
  assert.is(printed.length, 8)
  for (const line of printed) assert.ok(once.includes(line.trim()), line)
})

test.run()
