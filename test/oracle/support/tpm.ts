import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { end, start, until } from './processes.ts'
import { runCommand } from './root.ts'

/** A TPM 2.0 in software, with the endorsement certificate that its maker gave it. */
export interface SoftwareTpm {
  /** SPIRE takes a UNIX socket for a TPM as well. */
  readonly device: string
  /** PEM of the CA of its maker: the issuing one, below a root. */
  readonly endorsementCa: string
  /** For `TPM2TOOLS_TCTI`. */
  readonly tcti: string
  stop(): Promise<void>
}

/** Makes one below a folder and runs it until `stop`. */
export async function startTpm(folder: string): Promise<SoftwareTpm> {
  const [maker, state, device] = [join(folder, 'maker'), join(folder, 'state'), join(folder, 'tpm')]
  for (const made of [maker, state]) mkdirSync(made, { recursive: true })
  await manufacture(folder, maker, state)
  // tpm2-tools look for the control channel at this name.
  const control = `${device}.ctrl`
  const words = [
    ...['socket', '--tpm2', '--tpmstate', `dir=${state}`, '--flags', 'not-need-init,startup-clear'],
    ...['--server', `type=unixio,path=${device}`, '--ctrl', `type=unixio,path=${control}`],
  ]
  const child = start('swtpm', words, folder)
  try {
    await until(folder, async () => existsSync(device) && existsSync(control))
  } catch (error) {
    await end(child)
    throw error
  }
  const endorsementCa = join(maker, 'issuercert.pem')
  return { device, endorsementCa, tcti: `swtpm:path=${device}`, stop: () => end(child) }
}

/** The endorsement key and its certificate, in the TPM's own memory. */
async function manufacture(folder: string, maker: string, state: string): Promise<void> {
  const at = (name: string) => join(folder, name)
  const options = [
    `statedir = ${maker}`,
    `signingkey = ${join(maker, 'signkey.pem')}`,
    `issuercert = ${join(maker, 'issuercert.pem')}`,
    `certserial = ${join(maker, 'certserial')}`,
  ]
  writeFileSync(at('maker.conf'), `${options.join('\n')}\n`)
  writeFileSync(at('maker.options'), '')
  const setup = [
    'create_certs_tool = /usr/bin/swtpm_localca',
    `create_certs_tool_config = ${at('maker.conf')}`,
    `create_certs_tool_options = ${at('maker.options')}`,
  ]
  writeFileSync(at('setup.conf'), `${setup.join('\n')}\n`)
  chmodSync(folder, 0o755)
  const { status, stdout, stderr } = await runCommand('swtpm_setup', [
    ...['--tpm2', '--tpmstate', state, '--create-ek-cert', '--lock-nvram'],
    ...['--config', at('setup.conf'), '--runas', 'root'],
  ])
  if (status !== 0) throw new Error(`swtpm_setup: ${stdout}${stderr}`)
}
