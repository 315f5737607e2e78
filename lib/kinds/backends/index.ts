import type { RedirectBackend } from '../../config/resolved.ts'
import type { Backend } from './backend.ts'
import { iptables } from './iptables.ts'
import { nftables } from './nftables.ts'

/** Every backend of the redirect, by its name in the language. */
export const backends: Readonly<Record<RedirectBackend, Backend>> = { iptables, nftables }

/** What a document gets that does not say. */
export const defaultBackend: RedirectBackend = 'iptables'
