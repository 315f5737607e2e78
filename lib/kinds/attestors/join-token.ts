import type { AttestationOptions } from '../../config/resolved.ts'
import { type Attestor, credentialPath } from './attestor.ts'

// A spent token may be deleted: with a cached identity the agent must still start, and it refuses an empty file.
const credential = { id: 'join-token', fallback: 'no-join-token-on-this-machine' }

/** Where `mesh-machine-token` puts what the command prints; the agent alone can read it. */
const printedToken = '/run/spire/agent/join-token'

/** What a token of the document becomes. */
const placedToken = '/var/lib/linkerd/join-token'

/** Where the agent reads its token; undefined where it is made on the machine. */
function tokenFile({ command, ...others }: AttestationOptions): string | undefined {
  if (command !== undefined) return printedToken
  const { file, credential: name, insecureToken } = others
  const given = file ?? name ?? insecureToken
  return given === undefined ? undefined : credentialPath(credential.id)
}

/** The file that the operator writes, or meshjoin. */
function secretFile({ file, insecureToken }: AttestationOptions): string | undefined {
  return insecureToken === undefined ? file : placedToken
}

/** A one-time token of the SPIRE server for each machine. */
export const joinToken: Attestor = {
  options: {
    file: { required: true, madeWhenColocated: '/run/mesh-machine/join-token', credential },
    command: { insteadOf: 'file' },
    // Without a folder systemd looks for it among those that came with the machine, and in its credential stores.
    credential: { insteadOf: 'file', credential },
    insecureToken: { insteadOf: 'file', becomes: placedToken, credential, forOneMachine: true },
  },
  machineOptions: [],
  nodeOf: () => ({ by: 'token' }),
  server: { options: {} },
  canReattest: false,
  agentSettings: (options) => {
    const join_token_file = tokenFile(options)
    return join_token_file === undefined ? {} : { join_token_file }
  },
  machineData: (options) => ({
    JOIN_TOKEN_FILE: secretFile(options) ?? tokenFile(options) ?? '',
    JOIN_TOKEN_COMMAND: options.command ?? '',
  }),
  secretFile,
  unit: ({ command }) => (command === undefined ? {} : { before: 'mesh-machine-token' }),
  steps: {
    template: 'readme/attestors/join_token.md.hbs',
    data: ({ file = '', command = '', credential: name = '', insecureToken }) => ({
      tokenFile: file,
      tokenFolder: file.replace(/\/[^/]*$/, '') || '/',
      tokenCommand: command,
      tokenCredential: name,
      tokenPlaced: insecureToken === undefined ? '' : placedToken,
    }),
  },
}
