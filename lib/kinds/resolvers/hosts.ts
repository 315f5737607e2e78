import { handedOver } from './resolver.ts'

/** The addresses of the control plane in /etc/hosts, and nothing else: for machines that ask a server of the site. */
export const hosts = handedOver('hosts.conf', {
  units: [
    { name: 'linkerd-dns-hosts.service' },
    { name: 'linkerd-dns-hosts.timer', stage: 'names', restartOn: ['/etc/linkerd/resolver.conf'] },
  ],
})
