const raw = String.raw
const name = raw`[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?`
const names = raw`${name}(\.${name})*`
const ipv4 = raw`[0-9]{1,3}(\.[0-9]{1,3}){3}`
const ipv6 = raw`\[[0-9A-Fa-f:.]{2,45}\]`
const host = raw`(${names}|${ipv4}|${ipv6})(:[0-9]{1,5})?`
const file = raw`(/\.?[A-Za-z0-9_@+-][A-Za-z0-9._@+-]*)+`
const text = raw`[\t\r\n -~\u00a0-\ud7ff\ue000-\uffef]*`

const lowerCase = 'lower-case letters, digits and "-", with a letter or digit at both ends'

/** What the patterns of the schema ask for, in words that finish "it must be ...". A test keeps the list complete. */
export const forms: Readonly<Record<string, string>> = {
  '^[!-~]*$': 'printable ASCII characters without spaces',
  [`^${name}$`]: `${lowerCase}, at most 63`,
  [`^${names}$`]: `a DNS name in lower case: labels of ${lowerCase}, joined by dots, without a dot at the end`,
  '^(edge-[0-9]{2}\\.[0-9]{1,2}\\.[0-9]{1,2}|(stable-|v)?2\\.[0-9]{1,3}(\\.[0-9]{1,3})?|enterprise-2\\.[0-9]{1,3}\\.[0-9]{1,3}(-[0-9A-Za-z]+([.-][0-9A-Za-z]+)*)?)$':
    'edge-YY.M.N, 2.N, 2.N.P or enterprise-2.N.P',
  [`^${text}$`]: 'PEM text',
  '^[0-9A-Fa-f:.]+/[0-9]{1,3}$': 'a network: an IP address, a slash and the number of its leading bits',
  '^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$': 'an IP address, or a network such as 10.42.0.0/16',
  [raw`^([a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.|${ipv4}|${ipv6}):[0-9]{1,5}$`]:
    'a DNS name that ends in a dot, an IPv4 address, or an IPv6 address in brackets, then ":" and the port',
  '^[0-9A-Fa-f:.]+$': 'an IP address',
  '^v2\\.[0-9]{1,4}\\.[0-9]{1,4}(-[0-9A-Za-z]+([.-][0-9A-Za-z]+)*)?$': 'v2.N.P',
  [raw`^(${ipv4}|${ipv6}):[0-9]{1,5}$`]:
    'an IPv4 address, or an IPv6 address in brackets, then ":" and the port',
  '^[0-9]{1,9}(ms|s|m|h|d)$': 'a whole number with the unit ms, s, m, h or d, without a space',
  '^LINKERD2_PROXY_[A-Z0-9_]+$': 'LINKERD2_PROXY_ and upper-case letters, digits and "_"',
  '^[ -&(-[\\]-~]*$': "printable ASCII characters without ' and \\",
  '^[a-z_][a-z0-9_-]*$':
    'a user name: lower-case letters, digits, "_" and "-", with a letter or "_" at its start',
  [raw`^https://${host}(/([A-Za-z0-9._~%+,=:@&?/-]|\{version\}|\{arch\})*)?$`]:
    'an https URL without a user name, a fragment or a space; {version} and {arch} are filled in',
  [raw`^https://${host}(/([A-Za-z0-9._~%+,=:@&?/-]|\{sha256\})*)?$`]:
    'an https URL without a user name, a fragment or a space; {sha256} is filled in',
  [`^${file}$`]:
    'an absolute path of letters, digits, ".", "_", "@", "+" and "-", without ".." and without a "/" at the end',
  [raw`^https?://${host}/?$`]: 'http://host:port, without a user name and a path',
  [raw`^(?=[^/]*[.:])${names}(:[0-9]{1,5})?(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)+$`]:
    'registry/name in lower case, without https://, without a tag and without a digest',
  '^sha256:[0-9a-f]{64}$': '"sha256:" and 64 hexadecimal digits in lower case',
  '^[A-Za-z0-9_][A-Za-z0-9._@$+|~-]*$':
    'letters, digits, ".", "_", "@", "$", "+", "|", "~" and "-", with a letter, digit or "_" first',
  '^[0-9a-f]{64}$': '64 hexadecimal digits in lower case',
  '^[a-z0-9._-]+$': 'lower-case letters, digits, ".", "_" and "-"',
  [raw`^((?=${text}-----BEGIN )${text}|${file}|https://${host}(/[A-Za-z0-9._~%+,=:@&?/-]*)?)$`]:
    'PEM text, an absolute path on the machine, or an https URL',
  [raw`^(${names}|[0-9A-Fa-f:.]+)$`]: 'a host name in lower case or an IP address, without a port',
  '^([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?$':
    'hours, minutes and seconds in this order, such as 48h or 1h30m',
  '^[0-9]{1,4}\\.[0-9]{1,4}\\.[0-9]{1,4}$': 'three numbers with dots between them',
  [raw`^https?://${host}(/[A-Za-z0-9._~%+,=:@&?/-]*)?$`]:
    'an http or https URL without a user name, a fragment or a space',
  '^[A-Za-z0-9][A-Za-z0-9._@-]*$': 'letters, digits, ".", "_", "@" and "-", with a letter or digit first',
  [raw`^(${names}|${ipv4})(:[0-9]{1,5})?$`]: 'a host name or an IPv4 address, with a port where it needs one',
  '^[A-Za-z0-9][A-Za-z0-9._-]*$': 'letters, digits, ".", "_" and "-", with a letter or digit first',
  '^(unix:(uid|gid|user|group|supplementary_gid|supplementary_group|path|sha256)|systemd:(id|fragment_path)):[A-Za-z0-9._:/@=+-]+$':
    'a selector of the attestors unix or systemd, such as unix:uid:2102',
  '^[1-9][0-9]{0,4}-[1-9][0-9]{0,4}$': 'a range as first-last; a single port is a number, without quotes',
  '^[A-Za-z0-9_][A-Za-z0-9_.-]*$': 'the name of a network interface: letters, digits, "_", "." and "-"',
  '^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$':
    'a value of a Kubernetes label: letters, digits, "-", "_" and ".", with a letter or digit at both ends',
  '^spiffe://[a-z0-9._-]+(/\\.?[A-Za-z0-9_-][A-Za-z0-9._-]*)+$':
    'spiffe://<trust domain>/<path>, with letters, digits, ".", "_" and "-" in the path, and no "/" at its end',
  '^(?=[0-9-]*[a-z])[a-z0-9]+(-[a-z0-9]+)*$':
    'a port name of Kubernetes: lower-case letters, digits and single "-" between them, with at least one letter',
  '^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$':
    'a key as in Kubernetes: a DNS name and "/" where it has a prefix, then at most 63 letters, digits, "-", "_" and "."',
  '^[ -~]*$': 'printable ASCII characters',
  '^/[A-Za-z0-9._~%+,=:@&?/-]*$': 'the path of a URL, with "/" at its start',
  '^/[A-Za-z0-9._~%+,=:@&/-]*$': 'the path of a URL, with "/" at its start, without "?" and what follows it',
  '^[1-9][0-9]{0,4}(s|m)$': 'a whole number with the unit s or m',
  '^[A-Za-z0-9][A-Za-z0-9 ._@:-]*$':
    'letters, digits, spaces, ".", "_", "@", ":" and "-", with a letter or digit first',
  '^([0-9a-f]{40}|[A-Za-z0-9_-]{43})$':
    'the SHA-1 fingerprint of a certificate (40 hexadecimal digits in lower case), or the SHA-256 one of an SSH key (43 characters)',
  '^[A-Za-z0-9_.*+?|()^$\\[\\]\\\\-]+$':
    'a regular expression of letters, digits, "_", "-", "." and the signs * + ? | ( ) ^ $ [ ] and the backslash',
  '^[0-9]{12}$': '12 digits, in quotes',
  '^[a-z]+(-[a-z0-9]+)+$': 'the name of a region',
  '^(i-[0-9a-f]{8,17}|[0-9]{1,20})$': 'i- and 8 to 17 hexadecimal digits (EC2), or digits alone (GCE)',
  '^[a-z][a-z0-9-]{4,28}[a-z0-9]$':
    '6 to 30 lower-case letters, digits and "-", with a letter at the start and no "-" at the end',
  '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$': 'a UUID: hexadecimal digits as 8-4-4-4-12',
  '^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$':
    'lower-case letters, digits and "-", with a letter at the start and no "-" at the end, at most 63',
  '^/[!-~]*$': 'a path with "/" at its start, without spaces',
  '^[A-Za-z_][A-Za-z0-9_]*(\\.[A-Za-z_][A-Za-z0-9_]*)*$': 'the full name of a gRPC service',
  '^[A-Za-z_][A-Za-z0-9_]*$': 'the name of a gRPC method',
  '^[a-z0-9]+([._:/-]+[A-Za-z0-9]+)*(@sha256:[0-9a-f]{64})?$': 'the name of a container image',
  '^[a-z]([a-z0-9]|_[a-z0-9])+$': 'lower-case letters, digits and single "_", with a letter first',
  '^(0|[1-9][0-9]{0,8})(\\.(0|[1-9][0-9]{0,8})){2}$': 'a version of three numbers, such as 1.0.0',
}

/** A change that people mean when they type something else. */
type Repair = (value: string) => string

const repairs: readonly Repair[] = [
  (value) => value.trim(),
  (value) => value.toLowerCase(),
  (value) => value.replace(/\/+$/, ''),
  (value) => value.replace(/\.+$/, ''),
  (value) => value.replace(/^(v|stable-|release-|sha256:)/i, ''),
  (value) => value.replace(/(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?(@sha256:[0-9a-f]*)?$/, ''),
  (value) => `v${value}`,
  (value) => `sha256:${value}`,
  (value) => value.replace(/^linkerd\//, 'cr.l5d.io/linkerd/'),
  (value) => `docker.io/${value}`,
  (value) => `edge-${value}`,
  (value) => value.replace(/[_\s]+/g, '-'),
  (value) => value.replace(/^[-_.]+|[-_.]+$/g, ''),
  (value) => value.replace(/^[a-z][a-z0-9+.-]*:\/\//i, ''),
  (value) => value.replace(/^http:/i, 'https:'),
  (value) => `https://${value}`,
  (value) => `http://${value}`,
  (value) => `spiffe://${value}`,
  (value) => `/${value}`,
  (value) => value.replace(/:([0-9]+)$/, '.:$1'),
  (value) => value.replace(/:[0-9]+$/, ''),
  (value) => value.replace(/^([^[\]]*:[^[\]]*):([0-9]+)$/, '[$1]:$2'),
  (value) => value.replace(/^([0-9]+) *(s|m|h|d)[a-z]*$/i, '$1$2'),
  (value) => value.replace(/^([0-9]+) *[:–] *([0-9]+)$/, '$1-$2'),
  (value) => (/^[0-9]+$/.test(value) ? `${value}s` : value),
  (value) => value.replace(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase(),
  (value) => `LINKERD2_PROXY_${value}`,
  (value) => value.toUpperCase(),
]

/** What was probably meant: the value with one or two of the repairs, if it then fits. Undefined where none does. */
export function repairValue(value: string, pattern: string): string | undefined {
  if (value.length > 255) return undefined
  const fits = new RegExp(pattern)
  const once = repairs.map((repair) => repair(value)).filter((candidate) => candidate !== value)
  const found = once.find((candidate) => candidate !== '' && fits.test(candidate))
  if (found !== undefined) return found
  const twice = once.flatMap((candidate) => repairs.map((repair) => repair(candidate)))
  return twice.find((candidate) => candidate !== '' && candidate !== value && fits.test(candidate))
}
