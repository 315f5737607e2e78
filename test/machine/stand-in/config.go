package main

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const prefix = "LINKERD2_PROXY_"

// The errors that follow "Invalid configuration: " (linkerd.md §3.2).
var (
	errInvalidEnvVar = errors.New("invalid environment variable")
	errNoDestination = errors.New("no destination service configured")
	errNoPolicy      = errors.New("no policy service configured")
	errIDNotName     = errors.New("linkerd identity requires a TLS Id and server name to be the same")
)

// config is what the stand-in uses of the environment. The rest is checked and forgotten.
type config struct {
	inboundAddr   netip.AddrPort
	outboundAddrs []netip.AddrPort
	adminAddr     netip.AddrPort
	tapAddr       *netip.AddrPort // nil unless TAP_SVC_NAME is set

	inboundIPs    []netip.Addr
	opaquePorts   portRanges
	defaultPolicy policy

	inboundDetectTimeout   time.Duration
	inboundConnectTimeout  time.Duration
	outboundConnectTimeout time.Duration
	outboundBackoff        backoff
	dnsMinTTL, dnsMaxTTL   optionalDuration

	destination, policySvc address

	serverID        string
	serverName      string
	trustAnchorsPEM string
	workloadAPI     string

	shutdownGrace   time.Duration
	shutdownEnabled bool
}

// envReader reads variables, logs every bad one and remembers that there was one.
type envReader struct {
	env     map[string]string
	version release
	log     *logger
	bad     bool
}

func (r *envReader) fail(format string, args ...any) {
	r.log.errorf("linkerd_app::env", format, args...)
	r.bad = true
}

// lookup returns a variable that this release of the proxy knows.
func (r *envReader) lookup(name string) (string, bool) {
	if since, gated := knownSince[name]; gated && r.version.before(since) {
		return "", false
	}
	value, ok := r.env[prefix+name]
	if ok && !utf8.ValidString(value) {
		r.fail("%s%s is not encoded in Unicode", prefix, name)
		return "", false
	}
	return value, ok
}

func read[T any](r *envReader, name string, parse func(string) (T, error)) (value T, set bool) {
	text, ok := r.lookup(name)
	if !ok {
		return value, false
	}
	value, err := parse(text)
	if err != nil {
		r.fail("%s%s=%q is not valid: %v", prefix, name, text, err)
		return value, false
	}
	return value, true
}

func readOr[T any](r *envReader, name string, parse func(string) (T, error), otherwise T) T {
	if value, set := read(r, name, parse); set {
		return value
	}
	return otherwise
}

// parseConfig follows linkerd.md §3.2 and §3.3. Every bad variable is logged; one error is returned.
func parseConfig(env map[string]string, version release, log *logger) (*config, error) {
	r := &envReader{env: env, version: version, log: log}
	cfg := &config{}
	checkUnused(r)
	checkStreamLimits(r)
	parseListeners(r, cfg)
	parseTimeouts(r, cfg)
	parseInbound(r, cfg)
	if r.bad {
		return nil, errInvalidEnvVar
	}
	if err := parseControlPlane(r, cfg); err != nil {
		return nil, err
	}
	if err := parseIdentityConfig(r, cfg); err != nil {
		return nil, err
	}
	return cfg, nil
}

func parseListeners(r *envReader, cfg *config) {
	single := readOr(r, "OUTBOUND_LISTEN_ADDR", parseSocketAddr, netip.MustParseAddrPort("127.0.0.1:4140"))
	cfg.outboundAddrs = readOr(r, "OUTBOUND_LISTEN_ADDRS", parseSocketAddrs, []netip.AddrPort{single})
	cfg.inboundAddr = readOr(r, "INBOUND_LISTEN_ADDR", parseSocketAddr, netip.MustParseAddrPort("0.0.0.0:4143"))
	cfg.adminAddr = readOr(r, "ADMIN_LISTEN_ADDR", parseSocketAddr, netip.MustParseAddrPort("127.0.0.1:4191"))
	tap := readOr(r, "CONTROL_LISTEN_ADDR", parseSocketAddr, netip.MustParseAddrPort("0.0.0.0:4190"))
	if _, set := read(r, "TAP_SVC_NAME", parseIdentity); set {
		cfg.tapAddr = &tap
	}
}

func parseTimeouts(r *envReader, cfg *config) {
	cfg.inboundDetectTimeout = readOr(r, "INBOUND_DETECT_TIMEOUT", parseDuration, 10*time.Second)
	cfg.inboundConnectTimeout = readOr(r, "INBOUND_CONNECT_TIMEOUT", parseDuration, 300*time.Millisecond)
	cfg.outboundConnectTimeout = readOr(r, "OUTBOUND_CONNECT_TIMEOUT", parseDuration, time.Second)
	cfg.shutdownGrace = readOr(r, "SHUTDOWN_GRACE_PERIOD", parseDuration, 2*time.Minute)
	alwaysOn := r.version.before(236) // /shutdown became opt-in there (§1)
	cfg.shutdownEnabled = readOr(r, "SHUTDOWN_ENDPOINT_ENABLED", parseBool, alwaysOn)
	for name, ttl := range map[string]*optionalDuration{"DNS_MIN_TTL": &cfg.dnsMinTTL, "DNS_MAX_TTL": &cfg.dnsMaxTTL} {
		ttl.value, ttl.set = read(r, name, parseDuration)
	}
	parseBackoff(r, "INBOUND_CONNECT", backoff{min: 100 * time.Millisecond, max: 10 * time.Second, jitter: 0.1})
	cfg.outboundBackoff = parseBackoff(r, "OUTBOUND_CONNECT",
		backoff{min: 100 * time.Millisecond, max: time.Minute, jitter: 0.1})
}

// parseBackoff: minimum and maximum must come together; jitter is optional.
func parseBackoff(r *envReader, base string, otherwise backoff) backoff {
	name := base + "_EXP_BACKOFF_"
	minimum, hasMin := read(r, name+"MIN", parseDuration)
	maximum, hasMax := read(r, name+"MAX", parseDuration)
	jitter, hasJitter := read(r, name+"JITTER", parseFloat)
	switch {
	case !hasMin && !hasMax && !hasJitter:
		return otherwise
	case !hasMin || !hasMax:
		r.fail("You need to specify either all of %[1]s%[2]sMIN %[1]s%[2]sMAX %[1]s%[2]sJITTER or none of them "+
			"to use the default backoff", prefix, name)
	case minimum > maximum, maximum == 0, !(jitter >= 0 && jitter <= 100):
		r.fail("Invalid backoff %s%sMIN=%v MAX=%v JITTER=%v", prefix, name, minimum, maximum, jitter)
	}
	return backoff{min: minimum, max: maximum, jitter: jitter}
}

func parseInbound(r *envReader, cfg *config) {
	cfg.inboundIPs = readOr(r, "INBOUND_IPS", parseIPSet, nil)
	if len(cfg.inboundIPs) == 0 {
		r.log.infof("linkerd_app::env", "`%sINBOUND_IPS` allowlist not configured, allowing all target addresses", prefix)
	}
	networks, set := read(r, "POLICY_CLUSTER_NETWORKS", parseNetworks)
	if !set {
		r.log.infof("linkerd_app::env", "%sPOLICY_CLUSTER_NETWORKS not set; cluster-scoped modes are unsupported", prefix)
	}
	parse := func(text string) (policy, error) { return parsePolicy(text, networks) }
	cfg.defaultPolicy, set = read(r, "INBOUND_DEFAULT_POLICY", parse)
	if !set {
		r.log.warnf("linkerd_app::env", "%sINBOUND_DEFAULT_POLICY was not set; using `all-unauthenticated`", prefix)
		cfg.defaultPolicy = policy{mode: "all-unauthenticated"}
	}
	cfg.opaquePorts = readOr(r, "INBOUND_PORTS_DISABLE_PROTOCOL_DETECTION", parsePortRanges, nil)
}

// parseControlPlane: §3.2 points 1 to 3.
func parseControlPlane(r *envReader, cfg *config) error {
	var found bool
	if cfg.destination, found = readControlAddr(r, "DESTINATION_SVC"); !found {
		return r.firstError(errNoDestination)
	}
	if cfg.policySvc, found = readControlAddr(r, "POLICY_SVC"); !found {
		return r.firstError(errNoPolicy)
	}
	if _, found = r.lookup("POLICY_WORKLOAD"); !found {
		r.fail("%[1]sPOLICY_WORKLOAD must be set with %[1]sPOLICY_SVC_ADDR", prefix)
	}
	return r.firstError(nil)
}

// firstError: a bad variable wins over the error that its absence would have caused.
func (r *envReader) firstError(otherwise error) error {
	if r.bad {
		return errInvalidEnvVar
	}
	return otherwise
}

func readControlAddr(r *envReader, base string) (address, bool) {
	addr, hasAddr := read(r, base+"_ADDR", parseAddr)
	_, hasName := read(r, base+"_NAME", parseDNSName)
	switch {
	case hasAddr && (hasName || addr.isLoopback()):
		return addr, true
	case hasAddr || hasName:
		r.fail("%[1]s%[2]s_ADDR and %[1]s%[2]s_NAME must be specified together", prefix, base)
	}
	return address{}, false
}

// parseIdentityConfig: §3.2 points 4 to 7 and what must be unset.
func parseIdentityConfig(r *envReader, cfg *config) error {
	id := parseTLSParams(r, cfg)
	if r.bad {
		return errInvalidEnvVar
	}
	socket, spire := readWorkloadAPI(r)
	if !spire {
		return refuseLinkerdIdentity(r, id, cfg.serverName)
	}
	if !strings.EqualFold(id.scheme, "spiffe") {
		r.fail("Spire support requires a SPIFFE TLS Id")
		return errInvalidEnvVar
	}
	cfg.serverID, cfg.workloadAPI = id.text, socket
	// The real proxy's name bug: the prefix is doubled (§3.3).
	parseBackoff(r, prefix+"IDENTITY_SPIRE", backoff{})
	return r.firstError(nil)
}

func parseTLSParams(r *envReader, cfg *config) identityID {
	idName, serverName := "IDENTITY_SERVER_ID", "IDENTITY_SERVER_NAME"
	if _, set := r.lookup("IDENTITY_LOCAL_NAME"); set {
		idName, serverName = "IDENTITY_LOCAL_NAME", "IDENTITY_LOCAL_NAME"
	}
	id := readRequired(r, idName, parseIdentity)
	cfg.serverName = readRequired(r, serverName, parseDNSName)
	cfg.trustAnchorsPEM = readRequired(r, "IDENTITY_TRUST_ANCHORS", func(text string) (string, error) {
		if text == "" {
			return "", errInvalidAnchors
		}
		return text, nil
	})
	if disabled, _ := r.lookup("IDENTITY_DISABLED"); disabled != "" {
		r.fail("%sIDENTITY_DISABLED is no longer supported. Identity is must be enabled.", prefix)
	}
	return id
}

func readRequired[T any](r *envReader, name string, parse func(string) (T, error)) T {
	value, _ := read(r, name, parse)
	if _, set := r.lookup(name); !set {
		r.fail("%s%s must be set.", prefix, name)
	}
	return value
}

func readWorkloadAPI(r *envReader) (string, bool) {
	const current, deprecated = "IDENTITY_SPIRE_WORKLOAD_API_ADDRESS", "IDENTITY_SPIRE_SOCKET"
	if socket, set := r.lookup(current); set {
		return socket, true
	}
	socket, set := r.lookup(deprecated)
	if set && !r.version.before(knownSince[current]) {
		r.log.warnf("linkerd_app::env", "%[1]s%[2]s has been deprecated; use %[1]s%[3]s", prefix, deprecated, current)
	}
	return socket, set
}

// refuseLinkerdIdentity: without a SPIRE variable the proxy wants the cluster's own identity service,
// which no machine has and the stand-in does not speak.
func refuseLinkerdIdentity(r *envReader, id identityID, serverName string) error {
	if id.isURI() || id.text != serverName {
		return errIDNotName
	}
	for _, name := range []string{"IDENTITY_SVC_ADDR", "IDENTITY_SVC_NAME", "IDENTITY_DIR", "IDENTITY_TOKEN_FILE"} {
		if _, set := r.lookup(name); !set {
			r.fail("%s%s must be set.", prefix, name)
		}
	}
	if !r.bad {
		r.fail("the stand-in supports SPIRE only, not the cluster's identity service")
	}
	return errInvalidEnvVar
}

// checkStreamLimits: initial ≤ idle ≤ lifetime (§3.3).
func checkStreamLimits(r *envReader) {
	names := []string{"CONTROL_STREAM_INITIAL_TIMEOUT", "CONTROL_STREAM_IDLE_TIMEOUT", "CONTROL_STREAM_LIFETIME"}
	limits := make([]optionalDuration, len(names))
	for i, name := range names {
		limits[i], _ = read(r, name, parseOptionalDuration)
	}
	for i := range names {
		for j := i + 1; j < len(names); j++ {
			if limits[i].set && limits[j].set && limits[i].value > limits[j].value {
				r.fail("%[1]s%[2]s must be less than %[1]s%[3]s", prefix, names[i], names[j])
			}
		}
	}
}

// checkUnused checks the variables whose value the stand-in has no use for.
func checkUnused(r *envReader) {
	for _, name := range unusedDurations {
		read(r, name, parseDuration)
	}
	for _, name := range unusedNumbers {
		read(r, name, parseNumber(64))
	}
	for _, name := range unusedBools {
		read(r, name, parseBool)
	}
	for _, side := range []string{"INBOUND", "OUTBOUND"} {
		checkHTTP2(r, side+"_SERVER_HTTP2_")
		read(r, side+"_TCP_LISTEN_BACKLOG", parseNumber(32))
	}
	read(r, "HTTP2_INITIAL_STREAM_WINDOW_SIZE", parseNumber(32))
	read(r, "HTTP2_INITIAL_CONNECTION_WINDOW_SIZE", parseNumber(32))
	read(r, "DESTINATION_PROFILE_NETWORKS", parseNetworks)
	read(r, "DESTINATION_PROFILE_SUFFIXES", parseSuffixes)
	read(r, "INBOUND_GATEWAY_SUFFIXES", parseSuffixes)
	read(r, "INBOUND_PORTS", parsePortRanges)
	read(r, "INBOUND_METRICS_AUTHORITY_LABELS", parseAuthorityLabels)
	readControlAddr(r, "TRACE_COLLECTOR_SVC")
	warnCores(r)
}

func checkHTTP2(r *envReader, base string) {
	if r.version.before(229) {
		return
	}
	for _, name := range []string{"KEEP_ALIVE_TIMEOUT", "KEEP_ALIVE_INTERVAL"} {
		read(r, base+name, parseDuration)
	}
	for _, name := range []string{"MAX_CONCURRENT_STREAMS", "MAX_FRAME_SIZE", "MAX_HEADER_LIST_SIZE",
		"INITIAL_STREAM_WINDOW_SIZE", "INITIAL_CONNECTION_WINDOW_SIZE"} {
		read(r, base+name, parseNumber(32))
	}
	for _, name := range []string{"MAX_PENDING_ACCEPT_RESET_STREAMS", "MAX_SEND_BUF_SIZE"} {
		read(r, base+name, parseNumber(64))
	}
	read(r, base+"ADAPTIVE_FLOW_CONTROL", parseBool)
}

func parseAuthorityLabels(text string) (bool, error) {
	if text != "" && !strings.EqualFold(text, "unsafe") {
		return false, errors.New("NotAnAuthorityLabelsSetting")
	}
	return text != "", nil
}

// warnCores: a bad number of cores is ignored with a warning, never fatal.
func warnCores(r *envReader) {
	for _, name := range []string{"CORES", "CORES_MIN", "CORES_MAX"} {
		text, set := r.lookup(name)
		if cores, err := strconv.ParseUint(text, 10, 64); set && (err != nil || cores == 0) {
			r.log.warnf("linkerd2_proxy::rt", "Ignoring invalid configuration %s%s=%s", prefix, name, text)
		}
	}
	text, set := r.lookup("CORES_MAX_RATIO")
	if ratio, err := strconv.ParseFloat(text, 64); set && (err != nil || ratio <= 0 || ratio > 1) {
		r.log.warnf("linkerd2_proxy::rt", "Ignoring invalid configuration %sCORES_MAX_RATIO=%s", prefix, text)
	}
}

var unusedDurations = []string{
	"OUTBOUND_DETECT_TIMEOUT", "INBOUND_DISCOVERY_IDLE_TIMEOUT", "OUTBOUND_DISCOVERY_IDLE_TIMEOUT",
	"INBOUND_ACCEPT_KEEPALIVE", "OUTBOUND_ACCEPT_KEEPALIVE", "INBOUND_CONNECT_KEEPALIVE", "OUTBOUND_CONNECT_KEEPALIVE",
	"INBOUND_ACCEPT_USER_TIMEOUT", "OUTBOUND_ACCEPT_USER_TIMEOUT",
	"INBOUND_CONNECT_USER_TIMEOUT", "OUTBOUND_CONNECT_USER_TIMEOUT",
	"INBOUND_HTTP_FAILFAST_TIMEOUT", "OUTBOUND_TCP_FAILFAST_TIMEOUT", "OUTBOUND_HTTP_FAILFAST_TIMEOUT",
	"INBOUND_HTTP1_CONNECTION_POOL_IDLE_TIMEOUT", "OUTBOUND_HTTP1_CONNECTION_POOL_IDLE_TIMEOUT",
	"METRICS_RETAIN_IDLE", "DESTINATION_PROFILE_INITIAL_TIMEOUT",
}

var unusedNumbers = []string{
	"INBOUND_HTTP_QUEUE_CAPACITY", "OUTBOUND_TCP_QUEUE_CAPACITY", "OUTBOUND_HTTP_QUEUE_CAPACITY",
	"MAX_IDLE_CONNS_PER_ENDPOINT", "OUTBOUND_MAX_IDLE_CONNS_PER_ENDPOINT",
	"INBOUND_MAX_IN_FLIGHT", "OUTBOUND_MAX_IN_FLIGHT",
}

var unusedBools = []string{
	"INGRESS_MODE", "OUTBOUND_DISABLE_INFORMATIONAL_HEADERS", "OUTBOUND_METRICS_HOSTNAME_LABELS",
}

// knownSince: the proxy release (v2.N.0) that first reads a variable. Older ones ignore it (§1, §3.3).
var knownSince = map[string]int{
	"OUTBOUND_LISTEN_ADDRS":               228,
	"SHUTDOWN_ENDPOINT_ENABLED":           236,
	"INBOUND_ACCEPT_USER_TIMEOUT":         253,
	"OUTBOUND_ACCEPT_USER_TIMEOUT":        253,
	"INBOUND_CONNECT_USER_TIMEOUT":        253,
	"OUTBOUND_CONNECT_USER_TIMEOUT":       253,
	"OUTBOUND_METRICS_HOSTNAME_LABELS":    287,
	"INBOUND_METRICS_AUTHORITY_LABELS":    290,
	"IDENTITY_SPIRE_WORKLOAD_API_ADDRESS": 304,
	"INBOUND_TCP_LISTEN_BACKLOG":          347,
	"OUTBOUND_TCP_LISTEN_BACKLOG":         347,
}

// release is N of proxy release v2.N.P.
type release int

func (v release) before(minor int) bool { return int(v) < minor }

func parseRelease(version string) (release, error) {
	var minor, patch int
	if _, err := fmt.Sscanf(version, "v2.%d.%d", &minor, &patch); err != nil {
		return 0, fmt.Errorf("built with main.version=%q, want v2.N.P: %w", version, err)
	}
	return release(minor), nil
}
