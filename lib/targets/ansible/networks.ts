import type { Network } from '../../config/network.ts'

/** Whether an address lies in a network is asked of its hexadecimal digits, since Ansible itself knows no networks. */

/** Matches the {@link expandedAddresses} of a machine that has an address in the network. */
export function networkPattern({ family, prefix, parsed }: Network): string {
  const digits = parsed
    .toByteArray()
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('')
  const whole = Math.floor(prefix / 4)
  const rest = prefix % 4
  const first = Number.parseInt(digits.charAt(whole) || '0', 16)
  const some = Array.from({ length: 2 ** (4 - rest) }, (_, index) => (first + index).toString(16)).join('')
  return `<${family}:${digits.slice(0, whole)}${rest === 0 ? '' : `[${some}]`}`
}

/** Jinja: every address of a list of expressions as `<family:digits>`. */
export function expandedAddresses(lists: readonly string[]): string {
  return [
    `{% for address in ${lists.join(' + ')} %}`,
    "{% if ':' in address %}",
    "{% set halves = address.split('::') %}",
    "{% set left = halves[0].split(':') | select | list %}",
    "{% set right = (halves[1:] | join).split(':') | select | list %}",
    '<ipv6:{% for part in left %}{{ ("000" ~ part)[-4:] }}{% endfor %}',
    "{{ '0000' * (8 - left | length - right | length) }}",
    '{% for part in right %}{{ ("000" ~ part)[-4:] }}{% endfor %}>',
    '{% else %}',
    '<ipv4:{% for part in address.split(".") %}{{ "%02x" | format(part | int) }}{% endfor %}>',
    '{% endif %}',
    '{% endfor %}',
  ].join('')
}
