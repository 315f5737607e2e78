/** Steps in which a machine joins, in the order of the `Wants=` lines of `linkerd-mesh.target`. */
export const stages = ['routes', 'names', 'identity', 'traffic', 'upkeep'] as const

/** The unit of the managed agent, which hands credentials to it. One of a machine's own has the same name. */
export const agentUnit = 'spire-agent.service'

/** The unit of the proxy, by which the systemd attestor may know it. */
export const proxyUnit = 'linkerd-proxy.service'

/** The SPIRE server's, on the machine or on a host of its own. */
export const serverUnit = 'spire-server.service'

/** A unit of systemd that some or all machines have. Its file is `templates/systemd/<name>.hbs`. */
export interface Unit {
  readonly name: string
  /** Where `linkerd-mesh.target` wants it; left out for a unit that something else starts. */
  readonly stage?: (typeof stages)[number]
  /**
   * Beside its own file: those whose change restarts the unit while it runs, in `mesh-machine`. Left out for a unit that is not
   * restarted, since it does not stay, or would do harm.
   */
  readonly restartOn?: readonly RestartFile[]
}

/** A file on the machine, a pattern of them, or the program of that name. */
export type RestartFile = `/${string}` | 'proxy' | 'agent'

/** A file that is rendered from a template. */
export interface TemplateFile {
  /** On the machine. */
  readonly path: string
  /** Below `templates/`. */
  readonly template: string
  /** Permission bits on the machine; the owner is root. */
  readonly mode: 0o644 | 0o755
}
