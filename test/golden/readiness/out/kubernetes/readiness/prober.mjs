// Keeps the condition Ready of ExternalWorkloads true. For each machine of machines.json this program asks, again and again, the
// proxy's admin server, its inbound port and the application's health check, and patches externalworkloads/status when the
// verdict changes. It needs Node 20 and no package. Made by meshjoin; what it checks: docs/readiness.md.


// api.ts
import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
var group = "/apis/workload.linkerd.io/v1beta1";
var timeoutSeconds = 10;
var largestAnswer = 4 * 1024 * 1024;
/** kubelet renews the token well before its end; an older copy is still good for that long. */
var keepSeconds = 60;
/** Patches the status of ExternalWorkloads, and does nothing else. */
var ApiServer = class {
  #environment;
  #token = "";
  #ca = "";
  #readAt = Number.NEGATIVE_INFINITY;
  #agent;
  constructor(environment2) {
    this.#environment = environment2;
  }
  /** Throws where there is no answer. */
  async patch(namespace, name, patch) {
    const agent = this.#refresh();
    const answer = await this.#send(agent, `${group}/namespaces/${namespace}/externalworkloads/${name}/status`, patch);
    if (answer.status === 401) this.#readAt = Number.NEGATIVE_INFINITY;
    return answer;
  }
  /** Token and CA are files that change while we run. */
  #refresh() {
    const now = performance.now() / 1e3;
    if (this.#agent !== void 0 && now - this.#readAt < keepSeconds) return this.#agent;
    this.#token = readFileSync(this.#environment.tokenFile, "utf8").trim();
    const ca = readFileSync(this.#environment.caFile, "utf8");
    this.#readAt = now;
    if (this.#agent !== void 0 && ca === this.#ca) return this.#agent;
    this.#ca = ca;
    this.#agent?.destroy();
    this.#agent = new Agent({ keepAlive: true, ca });
    return this.#agent;
  }
  #send(agent, path, patch) {
    const { apiHost: host, apiPort: port } = this.#environment;
    const body = JSON.stringify(patch);
    return new Promise((resolve, reject) => {
      const sent = request({
        ...{ host, port, path, agent, method: "PATCH", timeout: timeoutSeconds * 1e3 },
        headers: {
          Authorization: `Bearer ${this.#token}`,
          "Content-Type": "application/merge-patch+json",
          "Content-Length": Buffer.byteLength(body),
          Accept: "application/json",
          "User-Agent": "meshjoin-prober"
        }
      });
      const timer = setTimeout(() => sent.destroy(new Error("the API server does not answer")), timeoutSeconds * 1e3);
      sent.once("close", () => clearTimeout(timer));
      sent.once("error", reject);
      sent.once("response", (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (part) => {
          text += part;
          if (text.length > largestAnswer) sent.destroy(new Error("the answer is too large"));
        });
        response.once("error", reject);
        response.once("end", () => {
          const status = response.statusCode ?? 0;
          const after = Number(response.headers["retry-after"]);
          try {
            const object = status === 200 ? JSON.parse(text) : void 0;
            resolve({ status, object, retryAfterSeconds: Number.isFinite(after) ? after : void 0 });
          } catch (error) {
            reject(error);
          }
        });
      });
      sent.end(body);
    });
  }
  close() {
    this.#agent?.destroy();
  }
};

// prober-metrics.ts
/** The numbers that the readiness prober has at /metrics: the program counts by these names, rules and dashboards ask for them. */
var proberCounters = {
  /** By `probe`: ready, inbound, metrics, health. */
  probes: "meshjoin_prober_probes_total",
  probeSeconds: "meshjoin_prober_probe_seconds_total",
  /** By `reason`, as in the condition. */
  failures: "meshjoin_prober_probe_failures_total",
  /** By `result`: ok, unanswered, or the status of the answer. */
  patches: "meshjoin_prober_patches_total",
  patchSeconds: "meshjoin_prober_patch_seconds_total",
  /** By `to`: ready, not_ready, drained. */
  transitions: "meshjoin_prober_transitions_total"
};
var proberGauges = {
  /** By `state`: ready, not_ready, drained, unknown. */
  machines: "meshjoin_prober_machines",
  /** By `machine_namespace` and `machine`; absent before the first verdict. */
  ready: "meshjoin_prober_machine_ready",
  waiting: "meshjoin_prober_probes_waiting",
  pending: "meshjoin_prober_patches_pending",
  api: "meshjoin_prober_api_up",
  memory: "process_resident_memory_bytes",
  cpu: "process_cpu_seconds_total"
};
/** Where it serves them. */
/** Of its objects, of its Service among them, and of the job that scrapes it. */

// counters.ts
var help = {
  [proberCounters.probes]: "Probes that came to an end, by probe.",
  [proberCounters.probeSeconds]: "Time that probes took, by probe.",
  [proberCounters.failures]: "Probes that failed, by reason.",
  [proberCounters.patches]: "Requests to the API server, by result.",
  [proberCounters.patchSeconds]: "Time that requests to the API server took.",
  [proberCounters.transitions]: "Machines that became ready, not ready or drained.",
  [proberGauges.machines]: "Machines by state.",
  [proberGauges.ready]: "Whether a machine is ready by the last verdict; absent before the first.",
  [proberGauges.waiting]: "Probes that wait for others to end.",
  [proberGauges.pending]: "Machines whose condition is still to be written.",
  [proberGauges.api]: "Whether the last request to the API server was answered.",
  [proberGauges.memory]: "Resident memory.",
  [proberGauges.cpu]: "Processor time."
};
var counters = new Map();
/** Adds to a counter. */
function count(name, labels = {}, by = 1) {
  const series = counters.get(name) ?? new Map();
  counters.set(name, series);
  const key = Object.values(labels).join("\0");
  const sample = series.get(key);
  if (sample === void 0) series.set(key, { labels, value: by });
  else sample.value += by;
}
/** All numbers in Prometheus' text format; gauges are read when they are asked for. */
function printMetrics(gauges) {
  const lines = [];
  for (const name of Object.values(proberCounters)) {
    const samples = [...counters.get(name)?.values() ?? []];
    printSeries(lines, name, "counter", samples.map(({ labels, value }) => [labels, value]));
  }
  for (const [name, samples] of gauges)
    printSeries(lines, name, name === proberGauges.cpu ? "counter" : "gauge", samples);
  return `${lines.join("\n")}
`;
}
function printSeries(lines, name, type, samples) {
  lines.push(`# HELP ${name} ${help[name] ?? ""}`, `# TYPE ${name} ${type}`);
  for (const [labels, value] of samples) lines.push(`${name}${printLabels(labels)} ${value}`);
}
function printLabels(labels) {
  const texts = Object.entries(labels).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return texts.length === 0 ? "" : `{${texts.join(",")}}`;
}

// log.ts
/** One line of JSON on standard output. What is written is listed by the caller, so that no secret comes along. */
function log(level, event, values = {}) {
  process.stdout.write(`${JSON.stringify({ time: (new Date()).toISOString(), level, event, ...values })}
`);
}

// schedule.ts
/** Runs jobs again and again, each with its period, spread by chance, and only so many at a time. */
var Schedule = class {
  #concurrency;
  #waiting = [];
  #timers = new Map();
  #running = 0;
  #isStopped = false;
  /** When a job last came to its end, in milliseconds. */
  lastEnd = Date.now();
  constructor(concurrency) {
    this.#concurrency = concurrency;
  }
  get waiting() {
    return this.#waiting.length;
  }
  /** The first time some time within one period: thousands of machines are not asked at once when the program starts. */
  every(periodSeconds, job) {
    const period = periodSeconds * 1e3;
    const key = {};
    const run = async () => {
      const started = performance.now();
      await this.#within(job);
      const next = period * (0.9 + 0.2 * Math.random()) - (performance.now() - started);
      if (!this.#isStopped) this.#timers.set(key, setTimeout(run, Math.max(next, 0)));
    };
    this.#timers.set(key, setTimeout(run, period * Math.random()));
  }
  async #within(job) {
    if (this.#running >= this.#concurrency) await new Promise((resolve) => this.#waiting.push(resolve));
    else this.#running += 1;
    try {
      if (!this.#isStopped) await job();
    } finally {
      this.lastEnd = Date.now();
      const next = this.#waiting.shift();
      if (next === void 0) this.#running -= 1;
      else next();
    }
  }
  stop() {
    this.#isStopped = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
};

// server.ts
import { createServer } from "node:http";
/** Serves /healthz and /metrics. */
function serve(port, { isHealthy: isHealthy2, metrics }) {
  const server2 = createServer((request2, response) => {
    const path = request2.url?.replace(/\?.*$/, "");
    if (path === "/metrics") {
      response.setHeader("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
      response.end(metrics());
      return;
    }
    const isKnown = path === "/healthz";
    response.statusCode = isKnown ? isHealthy2() ? 200 : 503 : 404;
    response.end(isKnown ? `${isHealthy2() ? "ok" : "no probe has ended for too long"}
` : "not found\n");
  });
  server2.requestTimeout = 1e4;
  server2.maxConnections = 100;
  return server2.listen(port);
}

// settings.ts
import { readFileSync as readFileSync2 } from "node:fs";
var account = "/var/run/secrets/kubernetes.io/serviceaccount";
/** Reads the environment that Kubernetes and the Deployment give. */
function readEnvironment(env) {
  const { KUBERNETES_SERVICE_HOST: apiHost, KUBERNETES_SERVICE_PORT: apiPort = "443" } = env;
  if (apiHost === void 0 || apiHost === "") throw new Error("KUBERNETES_SERVICE_HOST is not set");
  return {
    machinesFile: env.PROBER_MACHINES ?? "/etc/meshjoin/machines.json",
    listenPort: Number(env.PROBER_PORT ?? "8080"),
    apiHost,
    apiPort: Number(apiPort),
    tokenFile: env.PROBER_TOKEN_FILE ?? `${account}/token`,
    caFile: env.PROBER_CA_FILE ?? `${account}/ca.crt`
  };
}
/** Reads what to probe, and how. */
function readSettings(path) {
  const { healthChecks, machines, ...settings2 } = JSON.parse(readFileSync2(path, "utf8"));
  const whole = machines.map(({ healthCheck: index, ...machine }) => {
    const healthCheck = healthChecks[index ?? -1];
    return { ...machine, ...healthCheck && { healthCheck } };
  });
  return { ...settings2, machines: whole };
}

// exchange.ts
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
var longestHead = 16 * 1024;
/** Opens a connection and closes it; throws where that fails. */
function knock(address, port, timeoutSeconds2) {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port });
    end(socket, timeoutSeconds2, reject);
    socket.once("connect", () => {
      resolve();
      socket.destroy();
    });
  });
}
/**
 * Makes one GET request with a connection of its own and gives the status of the answer; throws where there is none. Node's
 * own client takes half as long again of the processor, which thousands of machines add up to.
 */
function ask(request2) {
  const { address, port, path, isTls = false, timeoutSeconds: timeoutSeconds2, onBody } = request2;
  return new Promise((resolve, reject) => {
    // As kubelet's probes: whether the application answers is asked here, not whether its certificate is valid.
    const socket = isTls ? connectTls({ host: address, port, rejectUnauthorized: false }) : connect({ host: address, port });
    end(socket, timeoutSeconds2, reject);
    const host = address.includes(":") ? `[${address}]` : address;
    const reader = new AnswerReader(onBody);
    socket.once(isTls ? "secureConnect" : "connect", () => {
      socket.write(
        `GET ${path} HTTP/1.1\r
Host: ${host}:${port}\r
User-Agent: meshjoin-prober\r
Accept: */*\r
Connection: close\r
\r
`
      );
    });
    socket.on("data", (data) => {
      try {
        if (!reader.read(data)) return;
        resolve(reader.status);
      } catch (error) {
        reject(error);
      }
      socket.destroy();
    });
    socket.once("end", () => {
      if (reader.status > 0 && !reader.isFramed) resolve(reader.status);
      else reject(new Error("the connection was closed before the answer was complete"));
      socket.destroy();
    });
  });
}
/** Errors and the time limit of a connection. */
function end(socket, timeoutSeconds2, reject) {
  const timer = setTimeout(() => {
    reject(new Error(`no answer within ${timeoutSeconds2} s`));
    socket.destroy();
  }, timeoutSeconds2 * 1e3);
  socket.on("error", reject);
  socket.once("close", () => clearTimeout(timer));
}
/** Reads an HTTP/1 answer as it comes. */
var AnswerReader = class {
  #onBody;
  #head = Buffer.alloc(0);
  #isChunked = false;
  /** Bytes left of the body or of the chunk; undefined for all up to the end of the connection. */
  #left;
  #line = "";
  status = 0;
  constructor(onBody) {
    this.#onBody = onBody;
  }
  /** Whether the answer says itself where it ends. */
  get isFramed() {
    return this.#isChunked || this.#left !== void 0;
  }
  /** True when all that is wanted was read. */
  read(data) {
    if (this.#head === void 0) return this.#readBody(data);
    const head = this.#head.length === 0 ? data : Buffer.concat([this.#head, data]);
    const at = head.indexOf("\r\n\r\n");
    if (at < 0) {
      if (head.length > longestHead) throw new Error("the answer is not HTTP");
      this.#head = head;
      return false;
    }
    this.#readHead(head.toString("latin1", 0, at + 2));
    const rest = head.subarray(at + 4);
    if (this.status < 200) {
      this.#head = Buffer.alloc(0);
      return rest.length > 0 && this.read(rest);
    }
    this.#head = void 0;
    return this.#onBody === void 0 || this.#left === 0 || this.#readBody(rest);
  }
  #readHead(head) {
    const status = /^HTTP\/1\.[01] ([1-5][0-9]{2})[ \r]/.exec(head)?.[1];
    if (status === void 0) throw new Error("the answer is not HTTP");
    this.status = Number(status);
    this.#isChunked = /\r\ntransfer-encoding:[^\r]*\bchunked[ \t]*\r/i.test(head);
    const length = /\r\ncontent-length:[ \t]*([0-9]+)[ \t]*\r/i.exec(head)?.[1];
    this.#left = this.#isChunked || length === void 0 ? void 0 : Number(length);
  }
  #readBody(data) {
    if (this.#isChunked) return this.#readChunks(data);
    if (this.#onBody?.(data) === false) return true;
    if (this.#left === void 0) return false;
    this.#left -= data.length;
    return this.#left <= 0;
  }
  #readChunks(data) {
    let at = 0;
    while (at < data.length) {
      if (this.#left === void 0 || this.#left === 0) {
        // The line with the size of the next chunk, and before it the end of the line of the last.
        const end2 = data.indexOf("\n", at);
        this.#line += data.toString("latin1", at, end2 < 0 ? data.length : end2);
        if (end2 < 0) return false;
        at = end2 + 1;
        const size = this.#line.trim();
        this.#line = "";
        if (size === "") continue;
        if (!/^[0-9A-Fa-f]{1,8}([ ;].*)?$/.test(size)) throw new Error("the answer is not HTTP");
        this.#left = Number.parseInt(size, 16);
        if (this.#left === 0) return true;
      }
      const part = data.subarray(at, at + this.#left);
      at += part.length;
      this.#left -= part.length;
      if (this.#onBody?.(part) === false) return true;
    }
    return false;
  }
};

// proxy-metrics.ts
/** What is looked for among thousands of lines. */
var marks = ["identity_cert_", "_balancer_endpoints{"];
var longestLine = 16 * 1024;
var mostBytes = 32 * 1024 * 1024;
var certificateLine = /^(?:control_)?identity_cert_(expiration|refresh)_timestamp_seconds(?:\{[^}]*\})? ([0-9.eE+]+)/;
var endpointsLine = /^control_(policy|destination)_balancer_endpoints\{(.*)\} ([0-9.eE+]+)/;
/**
 * Reads the metrics of a proxy as they come and keeps a few numbers: a busy proxy has megabytes of them. Names that a
 * version of the proxy does not have are no fault.
 */
var ProxyMetrics = class {
  #rest;
  #bytes = 0;
  /** Seconds since 1970; 0 before the first certificate, undefined where the proxy does not say. */
  expiration;
  refresh;
  /** Endpoints of the control plane that are ready, by service. */
  endpoints = new Map();
  /** False: no more is read. */
  read(part) {
    this.#bytes += part.length;
    const last = part.lastIndexOf(10);
    if (last < 0) {
      this.#keep(this.#rest === void 0 ? part : Buffer.concat([this.#rest, part]));
      return this.#bytes <= mostBytes;
    }
    const first = part.indexOf(10) + 1;
    if (this.#rest !== void 0)
      this.#scan(`${this.#rest.toString("latin1")}${part.toString("latin1", 0, first)}`);
    this.#scan(part.toString("latin1", this.#rest === void 0 ? 0 : first, last + 1));
    this.#rest = void 0;
    this.#keep(part.subarray(last + 1));
    return this.#bytes <= mostBytes;
  }
  /** The start of a line that goes on in the next part; none that we look for is that long. */
  #keep(rest) {
    this.#rest = rest.length === 0 ? void 0 : Buffer.from(rest.subarray(0, longestLine));
  }
  #scan(text) {
    for (const mark of marks)
      for (let at = text.indexOf(mark); at >= 0; ) {
        const end2 = text.indexOf("\n", at);
        this.#readLine(text.slice(text.lastIndexOf("\n", at) + 1, end2));
        at = text.indexOf(mark, end2);
      }
  }
  #readLine(line) {
    const [, what, seconds] = certificateLine.exec(line) ?? [];
    if (what === "expiration") this.expiration = Number(seconds);
    if (what === "refresh") this.refresh = Number(seconds);
    const [, service, labels = "", endpoints] = endpointsLine.exec(line) ?? [];
    if (service === void 0) return;
    const ready = labels.includes('endpoint_state="ready"') ? Number(endpoints) : 0;
    this.endpoints.set(service, (this.endpoints.get(service) ?? 0) + ready);
  }
};
/**
 * Whether the certificate is good for a while. SPIRE renews at half of its life: where a tenth is left, or what a machine
 * needs to be taken out, but never more than a quarter, no renewal came.
 */
function judgeCertificate(metrics, now, secondsToTakeOut) {
  const { expiration, refresh } = metrics;
  if (expiration === void 0) return void 0;
  if (expiration === 0) return { reason: "CertificateMissing", message: "the proxy has no certificate yet" };
  const end2 = new Date(expiration * 1e3).toISOString();
  if (expiration <= now) return { reason: "CertificateExpired", message: `the certificate ended at ${end2}` };
  const life = refresh === void 0 || refresh <= 0 ? void 0 : expiration - refresh;
  const least = life === void 0 ? secondsToTakeOut : Math.min(Math.max(life / 10, secondsToTakeOut), life / 4);
  if (expiration - now > least) return void 0;
  return { reason: "CertificateExpiring", message: `the certificate ends at ${end2} and was not renewed` };
}
/** Whether the proxy is connected to the control plane. */
function judgeControlPlane({ endpoints }) {
  const lost = [...endpoints].filter(([, ready]) => ready === 0).map(([service]) => service);
  if (lost.length === 0) return void 0;
  return {
    reason: "ControlPlaneUnreachable",
    message: `the proxy has no connection to the control plane (${lost.sort().join(", ")})`
  };
}

// probes.ts
/** The metrics are the dearest to ask for, and follow what happens by half a minute anyway. */
var periodsOfMetrics = 3;
/** What is asked of one machine. */
function probesOf(machine, settings2) {
  const { periodSeconds } = settings2;
  const { healthCheck } = machine;
  return [
    { name: "ready", periodSeconds, run: () => probeReady(machine, settings2) },
    { name: "inbound", periodSeconds, run: () => probeInbound(machine, settings2) },
    {
      name: "metrics",
      periodSeconds: periodSeconds * periodsOfMetrics,
      run: () => probeMetrics(machine, settings2)
    },
    ...healthCheck === void 0 ? [] : [
      {
        name: "health",
        periodSeconds: healthCheck.intervalSeconds,
        run: () => probeHealth(machine.addresses[0], healthCheck)
      }
    ]
  ];
}
/** The admin server: 200 says that the proxy once had a certificate. */
async function probeReady(machine, settings2) {
  return await askAdmin(machine, settings2, "/ready");
}
/** The certificate and the control plane, by the proxy's own numbers. */
async function probeMetrics(machine, settings2) {
  const metrics = new ProxyMetrics();
  const failure = await askAdmin(machine, settings2, "/metrics", (part) => metrics.read(part));
  if (failure !== void 0) return failure;
  const secondsToTakeOut = settings2.periodSeconds * periodsOfMetrics * settings2.failureThreshold;
  return judgeCertificate(metrics, Date.now() / 1e3, secondsToTakeOut) ?? judgeControlPlane(metrics);
}
async function askAdmin({ addresses: [address] }, { adminPort: port, timeoutSeconds: timeoutSeconds2 }, path, onBody) {
  try {
    const status = await ask({ address, port, path, timeoutSeconds: timeoutSeconds2, ...onBody && { onBody } });
    if (status === 200) return void 0;
    if (status === 403)
      return {
        reason: "RefusedByPolicy",
        message: `the proxy refuses the prober (403 for ${path}): the policy of port ${port} must let it in`
      };
    return { reason: "ProxyNotReady", message: `the proxy answers ${status} to ${path}` };
  } catch (error) {
    return {
      reason: "ProxyUnreachable",
      message: `the admin port ${port} does not answer on ${address}: ${describe(error)}`
    };
  }
}
/** The port that peers in the mesh dial, on every address that they may dial. */
async function probeInbound({ addresses }, { inboundPort: port, timeoutSeconds: timeoutSeconds2 }) {
  for (const address of addresses)
    try {
      await knock(address, port, timeoutSeconds2);
    } catch (error) {
      return { reason: "InboundPortClosed", message: `port ${port} on ${address}: ${describe(error)}` };
    }
  return void 0;
}
async function probeHealth(address, { scheme, port, path, timeoutSeconds: timeoutSeconds2 }) {
  const what = `${scheme} ${port}${path.replace(/\?.*$/, "")}`;
  try {
    const status = await ask({ address, port, path, isTls: scheme === "HTTPS", timeoutSeconds: timeoutSeconds2 });
    if (status >= 200 && status < 400) return void 0;
    return { reason: "HealthCheckFailed", message: `the health check ${what} answers ${status}` };
  } catch (error) {
    return { reason: "HealthCheckFailed", message: `the health check ${what}: ${describe(error)}` };
  }
}
/** Without addresses and ports that change with each connection: what is told again is not written again. */
function describe(error) {
  const { code, message } = error;
  return code ?? message ?? "it failed";
}

// verdict.ts
/** Why a machine is not ready, as the reason of its condition: Kubernetes takes no space in it. The first that holds is told. */
var reasons = [
  "ProxyUnreachable",
  "RefusedByPolicy",
  "ProxyNotReady",
  "CertificateMissing",
  "CertificateExpired",
  "CertificateExpiring",
  "InboundPortClosed",
  "HealthCheckFailed",
  "ControlPlaneUnreachable"
];
/** One probe of one machine, judged as Kubernetes judges its own: by so many results in a row. */
var ProbeState = class {
  #thresholds;
  #passed = 0;
  #failed = 0;
  /** Undefined before the first verdict. */
  passes;
  failure;
  constructor(thresholds) {
    this.#thresholds = thresholds;
  }
  note(failure) {
    this.#passed = failure === void 0 ? this.#passed + 1 : 0;
    this.#failed = failure === void 0 ? 0 : this.#failed + 1;
    if (this.#passed >= this.#thresholds.successThreshold) this.passes = true;
    if (this.#failed < this.#thresholds.failureThreshold) return;
    this.passes = false;
    this.failure = failure;
  }
};
var succeeded = { ready: true, reason: "ProbesSucceeded", message: "all probes succeed" };
/** Undefined while there is none: a prober that has just started knows nothing, and says nothing. */
function judge(drainedBy, probes) {
  if (drainedBy !== void 0) return { ready: false, reason: "Drained", message: `taken out by ${drainedBy}` };
  const failures = probes.flatMap(({ passes, failure }) => passes === false && failure !== void 0 ? [failure] : []);
  const reason = reasons.find((one) => failures.some((failure) => failure.reason === one));
  if (reason !== void 0) {
    const messages = failures.map(({ message }) => message);
    return { ready: false, reason, message: [...new Set(messages)].join("; ") };
  }
  return probes.every(({ passes }) => passes === true) ? succeeded : void 0;
}

// ward.ts
/** A machine in our care: what its probes say, and whether somebody takes it out. */
var Ward = class {
  machine;
  #settings;
  #states = [];
  #onChange;
  #isAnnotated = false;
  /** Undefined before the first verdict. */
  verdict;
  constructor(machine, settings2, onChange) {
    this.machine = machine;
    this.#settings = settings2;
    this.#onChange = onChange;
  }
  /** Asks from now on. */
  watch(schedule2) {
    for (const probe of probesOf(this.machine, this.#settings)) {
      const state = new ProbeState(this.#settings);
      this.#states.push(state);
      schedule2.every(probe.periodSeconds, async () => {
        const started = performance.now();
        const failure = await probe.run();
        count(proberCounters.probes, { probe: probe.name });
        count(proberCounters.probeSeconds, { probe: probe.name }, (performance.now() - started) / 1e3);
        if (failure !== void 0) count(proberCounters.failures, { reason: failure.reason });
        state.note(failure);
        this.#judge();
      });
    }
    this.#judge();
  }
  /** Whether the object itself asks to be taken out. */
  get isAnnotated() {
    return this.#isAnnotated;
  }
  set isAnnotated(value) {
    if (value === this.#isAnnotated) return;
    this.#isAnnotated = value;
    this.#judge();
  }
  #judge() {
    const { machine, verdict: before } = this;
    const { drainAnnotation } = this.#settings;
    const drainedBy = machine.drain === true ? "the document" : this.#isAnnotated ? `the annotation ${drainAnnotation}` : void 0;
    const verdict = judge(drainedBy, this.#states);
    if (verdict === void 0 && before?.reason !== "Drained") return;
    this.verdict = verdict;
    if (verdict === void 0) return;
    if (verdict.ready === before?.ready && verdict.reason === before.reason) return;
    const { namespace, name } = machine;
    const { ready, reason, message } = verdict;
    count(proberCounters.transitions, { to: ready ? "ready" : reason === "Drained" ? "drained" : "not_ready" });
    log("info", ready ? "ready" : "not ready", { namespace, machine: name, reason, message });
    this.#onChange(this);
  }
};

// condition.ts
var longestMessage = 1024;
/** The conditions of an ExternalWorkload with ours among them; undefined where what is there says it, and was said lately. */
function changeConditions(object, verdict, now, refreshSeconds) {
  const conditions = object.status?.conditions ?? [];
  const before = conditions.find(({ type }) => type === "Ready");
  const status = verdict.ready ? "True" : "False";
  const isSame = before?.status === status;
  if (isSame && before.reason === verdict.reason && secondsSince(before.lastProbeTime, now) < refreshSeconds)
    return void 0;
  const time = printTime(now);
  const ready = {
    type: "Ready",
    status,
    reason: verdict.reason,
    message: verdict.message.slice(0, longestMessage),
    lastProbeTime: time,
    lastTransitionTime: isSame ? before.lastTransitionTime ?? time : time
  };
  // A merge patch replaces the list, so what others say goes with it.
  return [...conditions.filter(({ type }) => type !== "Ready"), ready];
}
/** Seconds since our own last word; without one, as long as can be. A time to come is no time. */
function secondsSince(time, now) {
  const seconds = (now - Date.parse(time ?? "")) / 1e3;
  return seconds >= 0 ? seconds : Number.POSITIVE_INFINITY;
}
/** As Kubernetes writes it: without parts of a second. */
function printTime(now) {
  return new Date(now).toISOString().replace(/\.[0-9]+Z$/, "Z");
}

// writer.ts
var patchesAtOnce = 8;
var shortestBackoff = 1;
var longestBackoff = 60;
/**
 * Brings verdicts into the conditions of ExternalWorkloads: when one changes and when it was last said some minutes ago.
 * An empty patch asks for the object first. So a restarted prober keeps the time of the last transition, and a machine that
 * the annotation takes out is never called ready in between. At most one entry waits for each machine.
 */
var Writer = class {
  #api;
  #settings;
  #entries = new Map();
  #timer;
  #busy = 0;
  #backoff = 0;
  #closedUntil = 0;
  #isStopped = false;
  /** Whether the API server answered the last request; undefined before the first. */
  isUp;
  constructor(api2, settings2) {
    this.#api = api2;
    this.#settings = settings2;
    this.#timer = setInterval(() => this.#work(), Math.min(1e3, settings2.refreshSeconds * 50));
  }
  get pending() {
    return [...this.#entries.values()].filter(({ isChanged }) => isChanged).length;
  }
  /** A machine has a new verdict. */
  note(ward) {
    const entry = this.#entries.get(ward);
    if (entry === void 0)
      this.#entries.set(ward, { ward, dueAt: 0, isChanged: true, isBusy: false, refused: void 0 });
    else if (entry.refused === void 0) Object.assign(entry, { isChanged: true, dueAt: 0 });
    else entry.isChanged = true;
    this.#work();
  }
  #work() {
    const now = Date.now();
    if (this.#isStopped || now < this.#closedUntil) return;
    // While the API server does not answer, one request asks whether it is back.
    const atOnce = this.isUp === false ? 1 : patchesAtOnce;
    if (this.#busy >= atOnce) return;
    for (const entry of this.#entries.values()) {
      if (entry.isBusy || entry.dueAt > now || entry.ward.verdict === void 0) continue;
      void this.#serve(entry);
      if (this.#busy >= atOnce) return;
    }
  }
  async #serve(entry) {
    entry.isBusy = true;
    this.#busy += 1;
    try {
      await this.#write(entry);
    } catch (error) {
      this.#stepBack(entry, error.code ?? String(error));
    }
    this.#busy -= 1;
    entry.isBusy = false;
    this.#work();
  }
  async #write(entry) {
    const { ward } = entry;
    const { refreshSeconds } = this.#settings;
    const object = await this.#patch(entry, {});
    if (object === void 0) return;
    entry.isChanged = false;
    ward.isAnnotated = isDrained(object, this.#settings.drainAnnotation);
    const { verdict } = ward;
    if (verdict === void 0) return this.#rest(entry);
    const conditions = changeConditions(object, verdict, Date.now(), refreshSeconds);
    if (conditions !== void 0 && await this.#patch(entry, { status: { conditions } }) === void 0) {
      entry.isChanged = true;
      return;
    }
    // What changed meanwhile has set isChanged again.
    if (entry.isChanged && ward.verdict !== verdict) entry.dueAt = 0;
    else this.#rest(entry);
  }
  /** Until the next look; soon for one that is taken out by the annotation, and waits to be let in again. */
  #rest(entry) {
    const { refreshSeconds } = this.#settings;
    const seconds = entry.ward.isAnnotated ? refreshSeconds / 10 : refreshSeconds;
    Object.assign(entry, { isChanged: false, dueAt: Date.now() + seconds * 1e3 * (0.9 + 0.1 * Math.random()) });
  }
  /** Undefined where the object was not patched; then the entry says when it is tried again. */
  async #patch(entry, patch) {
    const { namespace, name } = entry.ward.machine;
    const started = performance.now();
    const answer = await this.#api.patch(namespace, name, patch).catch((error) => {
      count(proberCounters.patches, { result: "unanswered" });
      throw error;
    });
    count(proberCounters.patchSeconds, {}, (performance.now() - started) / 1e3);
    count(proberCounters.patches, { result: answer.status === 200 ? "ok" : String(answer.status) });
    const { status, object } = answer;
    if (status === 401 || status === 429 || status >= 500) {
      this.#stepBack(entry, `status ${status}`, answer);
      return void 0;
    }
    if (this.isUp !== true) log("info", "API server answers");
    this.isUp = true;
    this.#backoff = 0;
    if (object === void 0) this.#setAside(entry, status);
    else entry.refused = void 0;
    return object;
  }
  /** The object is not there, or is not ours to patch. That is said once; what is wrong is mended by hand, in minutes. */
  #setAside(entry, status) {
    const { namespace, name } = entry.ward.machine;
    entry.dueAt = Date.now() + Math.min(60, this.#settings.refreshSeconds) * 1e3 * (1 + Math.random() / 5);
    if (entry.refused === status) return;
    entry.refused = status;
    log("warn", status === 404 ? "no such ExternalWorkload" : "patch refused", { namespace, machine: name, status });
  }
  /** Nobody is asked for a while, longer each time. Verdicts go on, and the newest of each machine is written in the end. */
  #stepBack(entry, reason, answer) {
    // Last of all from now on, so that one that fails for reasons of its own is not in the others' way.
    this.#entries.delete(entry.ward);
    this.#entries.set(entry.ward, entry);
    if (Date.now() < this.#closedUntil) return;
    this.#backoff = Math.min(Math.max(this.#backoff * 2, shortestBackoff), longestBackoff);
    const asked = Math.min(answer?.retryAfterSeconds ?? 0, longestBackoff);
    const longest = Math.max(this.#settings.refreshSeconds, 0.1);
    const seconds = Math.min(Math.max(this.#backoff * (0.75 + Math.random() / 2), asked), longest);
    this.#closedUntil = Date.now() + seconds * 1e3;
    if (this.isUp !== false) log("warn", "API server does not answer", { reason });
    this.isUp = false;
  }
  /** Ends what is under way. What is not written then, the next prober finds for itself. */
  async stop() {
    this.#isStopped = true;
    clearInterval(this.#timer);
    for (let tries = 0; this.#busy > 0 && tries < 100; tries++)
      await new Promise((resolve) => setTimeout(resolve, 50));
    this.#api.close();
  }
};
/** Whoever writes the annotation means it: "false" alone, or nothing, is no. */
function isDrained(object, annotation) {
  const value = object.metadata?.annotations?.[annotation] ?? "";
  return value !== "" && value !== "false";
}

// main.ts
var environment = readEnvironment(process.env);
var settings = readSettings(environment.machinesFile);
var schedule = new Schedule(settings.concurrency);
var api = new ApiServer(environment);
var writer = new Writer(api, settings);
var wards = settings.machines.map((machine) => new Ward(machine, settings, (ward) => writer.note(ward)));
for (const ward of wards) ward.watch(schedule);
var server = serve(environment.listenPort, { isHealthy, metrics: () => printMetrics(readGauges()) });
server.once("listening", () => {
  const address = server.address();
  const port = typeof address === "object" ? address?.port : void 0;
  log("info", "started", { machines: wards.length, port });
});
for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => void stop());
/** Some probe has ended lately. Whether the API server answers is another question, which a restart does not help. */
function isHealthy() {
  const { periodSeconds, timeoutSeconds: timeoutSeconds2 } = settings;
  const silent = (Date.now() - schedule.lastEnd) / 1e3;
  return wards.length === 0 || silent < 3 * (periodSeconds + timeoutSeconds2) + 10;
}
function readGauges() {
  const states = { ready: 0, not_ready: 0, drained: 0, unknown: 0 };
  const known = [];
  for (const { machine, verdict } of wards) {
    if (verdict === void 0) {
      states.unknown += 1;
      continue;
    }
    states[verdict.ready ? "ready" : verdict.reason === "Drained" ? "drained" : "not_ready"] += 1;
    known.push([{ machine_namespace: machine.namespace, machine: machine.name }, verdict.ready ? 1 : 0]);
  }
  const { user, system } = process.cpuUsage();
  return [
    [proberGauges.machines, Object.entries(states).map(([state, number]) => [{ state }, number])],
    [proberGauges.ready, known],
    [proberGauges.waiting, [[{}, schedule.waiting]]],
    [proberGauges.pending, [[{}, writer.pending]]],
    [proberGauges.api, writer.isUp === void 0 ? [] : [[{}, writer.isUp ? 1 : 0]]],
    [proberGauges.memory, [[{}, process.memoryUsage.rss()]]],
    [proberGauges.cpu, [[{}, (user + system) / 1e6]]]
  ];
}
async function stop() {
  log("info", "stopping");
  schedule.stop();
  server.close();
  server.closeAllConnections();
  await writer.stop();
  process.exit(0);
}
