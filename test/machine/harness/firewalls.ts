import type { Debian } from './programs.ts'

/** A firewall that lets SSH in, and the declared port where it is told to. */
export interface Firewall {
  readonly name: string
  /** The program that the output has for it, without `.sh`. */
  readonly program: string
  readonly on: string
  readonly off: string
  readonly open: string
  readonly close: string
  /** It accepts whatever was redirected, so that the mesh comes in without the program. */
  readonly acceptsRedirected?: boolean
  /** The program refuses until the machine forwards packets. */
  readonly needsForwarding?: boolean
  /** Where the other release's version does not know it. */
  readonly only?: Debian
}

const firewalld: Firewall = {
  name: 'firewalld',
  program: 'firewalld',
  on: 'systemctl start firewalld',
  off: 'systemctl stop firewalld',
  open: 'firewall-cmd -q --add-service=http',
  close: 'firewall-cmd -q --remove-service=http',
  acceptsRedirected: true,
}
const setStrict = (value: 'yes' | 'no') =>
  `sed -i 's/^StrictForwardPorts=.*/StrictForwardPorts=${value}/' /etc/firewalld/firewalld.conf`

const table = `table inet own {
  set open { type inet_service; elements = { 22 }; }
  chain input {
    type filter hook input priority filter; policy drop;
    iif lo accept
    ct state established,related accept
    tcp dport @open accept
  }
}`

/** Those that a machine of the tests can have. */
export const firewalls: readonly Firewall[] = [
  firewalld,
  {
    ...firewalld,
    name: 'firewalld that is strict',
    on: `${setStrict('yes')}; ${firewalld.on}`,
    off: `${firewalld.off}; ${setStrict('no')}`,
    acceptsRedirected: false,
    needsForwarding: true,
    only: 'trixie',
  },
  {
    name: 'ufw',
    program: 'ufw',
    on: 'ufw allow 22/tcp; ufw --force enable',
    off: 'ufw --force disable; ufw delete allow 22/tcp',
    open: 'ufw allow 80/tcp',
    close: 'ufw delete allow 80/tcp',
  },
  {
    name: 'nftables that drop',
    program: 'nftables',
    on: `nft -f - <<'TABLE'\n${table}\nTABLE`,
    off: 'nft delete table inet own',
    open: 'nft add element inet own open { 80 }',
    close: 'nft delete element inet own open { 80 }',
  },
  {
    name: 'iptables that drop',
    program: 'iptables',
    on: `iptables -A INPUT -i lo -j ACCEPT; iptables -A INPUT -p tcp --dport 22 -j ACCEPT
      iptables -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT; iptables -P INPUT DROP`,
    off: 'iptables -P INPUT ACCEPT; iptables -F INPUT',
    open: 'iptables -A INPUT -p tcp --dport 80 -j ACCEPT',
    close: 'iptables -D INPUT -p tcp --dport 80 -j ACCEPT',
  },
]
