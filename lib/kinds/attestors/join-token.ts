import { type AvailableAttestor, credentialPath } from './attestor.ts'

// A spent token may be deleted: with a cached identity the agent must still start, and it refuses an empty file.
const credential = { id: 'join-token', fallback: 'no-join-token-on-this-machine' }

/** A one-time token of the SPIRE server for each machine. */
export const joinToken: AvailableAttestor = {
  options: { file: { required: true, madeWhenColocated: '/run/mesh-machine/join-token', credential } },
  machineOptions: [],
  nodeOf: () => ({ by: 'token' }),
  server: { options: {} },
  canReattest: false,
  needsAgent: () => ({
    feature: 'joinTokenFile',
    why: 'it can take a join token only on its command line, where every user of the machine can read it',
  }),
  available: true,
  agentSettings: ({ file }) => (file === undefined ? {} : { join_token_file: credentialPath(credential.id) }),
  machineData: ({ file = '' }) => ({ JOIN_TOKEN_FILE: file }),
  secretFile: ({ file }) => file,
  steps: {
    template: 'readme/attestors/join_token.md.hbs',
    data: ({ file = '' }) => ({ tokenFile: file, tokenFolder: file.replace(/\/[^/]*$/, '') || '/' }),
  },
}
