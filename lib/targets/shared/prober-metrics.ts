/** The numbers that the readiness prober has at /metrics: the program counts by these names, rules and dashboards ask for them. */
export const proberCounters = {
  /** By `probe`: ready, inbound, metrics, health. */
  probes: 'meshjoin_prober_probes_total',
  probeSeconds: 'meshjoin_prober_probe_seconds_total',
  /** By `reason`, as in the condition. */
  failures: 'meshjoin_prober_probe_failures_total',
  /** By `result`: ok, unanswered, or the status of the answer. */
  patches: 'meshjoin_prober_patches_total',
  patchSeconds: 'meshjoin_prober_patch_seconds_total',
  /** By `to`: ready, not_ready, drained. */
  transitions: 'meshjoin_prober_transitions_total',
} as const

export const proberGauges = {
  /** By `state`: ready, not_ready, drained, unknown. */
  machines: 'meshjoin_prober_machines',
  /** By `machine_namespace` and `machine`; absent before the first verdict. */
  ready: 'meshjoin_prober_machine_ready',
  waiting: 'meshjoin_prober_probes_waiting',
  pending: 'meshjoin_prober_patches_pending',
  api: 'meshjoin_prober_api_up',
  memory: 'process_resident_memory_bytes',
  cpu: 'process_cpu_seconds_total',
} as const

/** Where it serves them. */
export const proberPort = 8080

/** Of its objects, of its Service among them, and of the job that scrapes it. */
export const proberName = 'meshjoin-prober'
