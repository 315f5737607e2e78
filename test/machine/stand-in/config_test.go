package main

import (
	"bytes"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"
)

// goodEnv is the least that a machine needs (linkerd.md §3.2).
func goodEnv() map[string]string {
	return map[string]string{
		"LINKERD2_PROXY_DESTINATION_SVC_ADDR":    "linkerd-dst-headless.linkerd.svc.cluster.local.:8086",
		"LINKERD2_PROXY_DESTINATION_SVC_NAME":    "linkerd-destination.linkerd.serviceaccount.identity.linkerd.cluster.local",
		"LINKERD2_PROXY_POLICY_SVC_ADDR":         "10.1.2.3:8090",
		"LINKERD2_PROXY_POLICY_SVC_NAME":         "linkerd-destination.linkerd.serviceaccount.identity.linkerd.cluster.local",
		"LINKERD2_PROXY_POLICY_WORKLOAD":         `{"ns":"mixed-env","external_workload":"vm"}`,
		"LINKERD2_PROXY_IDENTITY_TRUST_ANCHORS":  "-----BEGIN CERTIFICATE-----",
		"LINKERD2_PROXY_IDENTITY_SERVER_ID":      "spiffe://root.linkerd.cluster.local/vm",
		"LINKERD2_PROXY_IDENTITY_SERVER_NAME":    "vm.cluster.local",
		"LINKERD2_PROXY_IDENTITY_SPIRE_SOCKET":   "unix:///run/spire/agent/public/api.sock",
		"LINKERD2_PROXY_INBOUND_DEFAULT_POLICY":  "all-unauthenticated",
		"LINKERD2_PROXY_POLICY_CLUSTER_NETWORKS": "10.0.0.0/8,fd00::/8",
	}
}

const unset = "\x00unset"

func with(env map[string]string, pairs ...string) map[string]string {
	changed := maps.Clone(env)
	for i := 0; i < len(pairs); i += 2 {
		changed[prefix+pairs[i]] = pairs[i+1]
		if pairs[i+1] == unset {
			delete(changed, prefix+pairs[i])
		}
	}
	return changed
}

func parseForTest(t *testing.T, version string, env map[string]string) (*config, error, string) {
	t.Helper()
	number, err := parseRelease(version)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cfg, err := parseConfig(env, number, newLogger(&out, &out, nil))
	return cfg, err, out.String()
}

const newest = "v2.366.0"

func TestDefaults(t *testing.T) {
	cfg, err, log := parseForTest(t, newest, with(goodEnv(), "INBOUND_DEFAULT_POLICY", unset))
	if err != nil {
		t.Fatal(err, log)
	}
	if cfg.inboundAddr.String() != "0.0.0.0:4143" || cfg.adminAddr.String() != "127.0.0.1:4191" ||
		cfg.outboundAddrs[0].String() != "127.0.0.1:4140" || cfg.tapAddr != nil {
		t.Errorf("listeners: %+v", cfg)
	}
	if cfg.shutdownGrace != 2*time.Minute || cfg.shutdownEnabled || cfg.defaultPolicy.mode != "all-unauthenticated" {
		t.Errorf("defaults: %+v", cfg)
	}
	for _, want := range []string{
		"WARN ThreadId(01) linkerd_app::env: LINKERD2_PROXY_INBOUND_DEFAULT_POLICY was not set",
		"LINKERD2_PROXY_IDENTITY_SPIRE_SOCKET has been deprecated; use LINKERD2_PROXY_IDENTITY_SPIRE_WORKLOAD_API_ADDRESS",
	} {
		if !strings.Contains(log, want) {
			t.Errorf("no %q in %s", want, log)
		}
	}
}

func TestRefusedEnvironments(t *testing.T) {
	cases := []struct {
		name  string
		env   []string // pairs that are changed in goodEnv
		want  error
		inLog string
	}{
		{"no destination", []string{"DESTINATION_SVC_ADDR", unset, "DESTINATION_SVC_NAME", unset}, errNoDestination, ""},
		{"destination without name", []string{"DESTINATION_SVC_NAME", unset}, errInvalidEnvVar, "must be specified together"},
		{"no policy", []string{"POLICY_SVC_ADDR", unset, "POLICY_SVC_NAME", unset}, errNoPolicy, ""},
		{"no workload", []string{"POLICY_WORKLOAD", unset}, errInvalidEnvVar, "LINKERD2_PROXY_POLICY_WORKLOAD must be set"},
		{"address without port", []string{"POLICY_SVC_ADDR", "policy.linkerd"}, errInvalidEnvVar, "MissingPort"},
		{"address with bad host", []string{"POLICY_SVC_ADDR", "pol icy:1"}, errInvalidEnvVar, "InvalidHost"},
		{"no anchors", []string{"IDENTITY_TRUST_ANCHORS", unset}, errInvalidEnvVar, "TRUST_ANCHORS must be set."},
		{"empty anchors", []string{"IDENTITY_TRUST_ANCHORS", ""}, errInvalidEnvVar, "InvalidTrustAnchors"},
		{"no server id", []string{"IDENTITY_SERVER_ID", unset}, errInvalidEnvVar, "SERVER_ID must be set."},
		{"server id is a DNS name", []string{"IDENTITY_SERVER_ID", "vm.cluster.local"}, errInvalidEnvVar, "requires a SPIFFE TLS Id"},
		{"server id is https", []string{"IDENTITY_SERVER_ID", "https://a/b"}, errInvalidEnvVar, "requires a SPIFFE TLS Id"},
		{"server name is an IP", []string{"IDENTITY_SERVER_NAME", "10.0.0.1"}, errInvalidEnvVar, "NameError"},
		{"no SPIRE, id is not the name", []string{"IDENTITY_SPIRE_SOCKET", unset}, errIDNotName, ""},
		{"no SPIRE, nothing of Linkerd identity", []string{"IDENTITY_SPIRE_SOCKET", unset, "IDENTITY_LOCAL_NAME", "a.b"},
			errInvalidEnvVar, "IDENTITY_TOKEN_FILE must be set."},
		{"local name overrides both", []string{"IDENTITY_LOCAL_NAME", "a.b"}, errInvalidEnvVar, "requires a SPIFFE TLS Id"},
		{"local name must be a DNS name", []string{"IDENTITY_LOCAL_NAME", "spiffe://a/b"}, errInvalidEnvVar, "NameError"},
		{"identity disabled", []string{"IDENTITY_DISABLED", "1"}, errInvalidEnvVar, "no longer supported"},
		{"listener with host name", []string{"INBOUND_LISTEN_ADDR", "localhost:4143"}, errInvalidEnvVar, "HostIsNotAnIpAddress"},
		{"three outbound listeners", []string{"OUTBOUND_LISTEN_ADDRS", "127.0.0.1:1,127.0.0.1:2,127.0.0.1:3"}, errInvalidEnvVar, "TooManyAddrs"},
		{"space in outbound listeners", []string{"OUTBOUND_LISTEN_ADDRS", "127.0.0.1:1, [::1]:1"}, errInvalidEnvVar, ""},
		{"inbound IPs with CIDR", []string{"INBOUND_IPS", "10.0.0.1/24"}, errInvalidEnvVar, "NotAnIp"},
		{"inbound IPs empty", []string{"INBOUND_IPS", ""}, errInvalidEnvVar, "NotAnIp"},
		{"inbound IPs with space", []string{"INBOUND_IPS", "10.0.0.1, 10.0.0.2"}, errInvalidEnvVar, "NotAnIp"},
		{"reversed ports", []string{"INBOUND_PORTS", "80-79"}, errInvalidEnvVar, "NotAPortRange"},
		{"port too large", []string{"INBOUND_PORTS", "69420"}, errInvalidEnvVar, "PosOverflow"},
		{"bad opaque ports", []string{"INBOUND_PORTS_DISABLE_PROTOCOL_DETECTION", "mysql"}, errInvalidEnvVar, "InvalidDigit"},
		{"bad network", []string{"DESTINATION_PROFILE_NETWORKS", "10.0.0.0"}, errInvalidEnvVar, "NotANetwork"},
		{"bad suffix", []string{"DESTINATION_PROFILE_SUFFIXES", "svc cluster"}, errInvalidEnvVar, "NotADomainSuffix"},
		{"unknown policy", []string{"INBOUND_DEFAULT_POLICY", "allow"}, errInvalidEnvVar, "InvalidPortPolicy"},
		{"cluster policy without networks", []string{"INBOUND_DEFAULT_POLICY", "cluster-authenticated", "POLICY_CLUSTER_NETWORKS", ""},
			errInvalidEnvVar, "InvalidPortPolicy"},
		{"audit without networks", []string{"INBOUND_DEFAULT_POLICY", "audit", "POLICY_CLUSTER_NETWORKS", unset}, errInvalidEnvVar, ""},
		{"duration without unit", []string{"SHUTDOWN_GRACE_PERIOD", "120"}, errInvalidEnvVar, "NotADuration"},
		{"duration with fraction", []string{"INBOUND_CONNECT_TIMEOUT", "1.5s"}, errInvalidEnvVar, "NotADuration"},
		{"unused duration is checked", []string{"INBOUND_ACCEPT_KEEPALIVE", "ten"}, errInvalidEnvVar, "NotADuration"},
		{"unused number is checked", []string{"INBOUND_MAX_IN_FLIGHT", "many"}, errInvalidEnvVar, "NotAnInteger"},
		{"bool with capital", []string{"SHUTDOWN_ENDPOINT_ENABLED", "True"}, errInvalidEnvVar, "NotABool"},
		{"HTTP/2 keep-alive", []string{"INBOUND_SERVER_HTTP2_KEEP_ALIVE_TIMEOUT", "3"}, errInvalidEnvVar, "NotADuration"},
		{"initial above idle", []string{"CONTROL_STREAM_INITIAL_TIMEOUT", "6m", "CONTROL_STREAM_IDLE_TIMEOUT", "5m"}, errInvalidEnvVar,
			"CONTROL_STREAM_INITIAL_TIMEOUT must be less than LINKERD2_PROXY_CONTROL_STREAM_IDLE_TIMEOUT"},
		{"idle above lifetime", []string{"CONTROL_STREAM_IDLE_TIMEOUT", "2h", "CONTROL_STREAM_LIFETIME", "1h"}, errInvalidEnvVar, "LIFETIME"},
		{"half a back-off", []string{"OUTBOUND_CONNECT_EXP_BACKOFF_MIN", "1s"}, errInvalidEnvVar, "specify either all"},
		{"reversed back-off", []string{"INBOUND_CONNECT_EXP_BACKOFF_MIN", "2s", "INBOUND_CONNECT_EXP_BACKOFF_MAX", "1s"}, errInvalidEnvVar, "Invalid backoff"},
		{"SPIRE back-off under its doubled name", []string{"LINKERD2_PROXY_IDENTITY_SPIRE_EXP_BACKOFF_MIN", "1"}, errInvalidEnvVar, "NotADuration"},
		{"not Unicode", []string{"POLICY_WORKLOAD", "\xff"}, errInvalidEnvVar, "not encoded in Unicode"},
		{"tap name", []string{"TAP_SVC_NAME", "tap..viz"}, errInvalidEnvVar, "NameError"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err, log := parseForTest(t, newest, with(goodEnv(), c.env...))
			if err != c.want || !strings.Contains(log, c.inLog) {
				t.Errorf("got %v, want %v with %q in the log:\n%s", err, c.want, c.inLog, log)
			}
		})
	}
}

func TestAcceptedEnvironments(t *testing.T) {
	cases := map[string][]string{
		"loopback needs no name": {"POLICY_SVC_ADDR", "127.0.0.1:8090", "POLICY_SVC_NAME", unset,
			"DESTINATION_SVC_ADDR", "localhost.:8086", "DESTINATION_SVC_NAME", unset},
		"dual stack":               {"OUTBOUND_LISTEN_ADDRS", "127.0.0.1:4140,[::1]:4140", "INBOUND_LISTEN_ADDR", "[::]:4143"},
		"port list with spaces":    {"INBOUND_PORTS", " 80, 100-200,, "},
		"zero without unit":        {"METRICS_RETAIN_IDLE", "0", "INBOUND_DETECT_TIMEOUT", " 365d "},
		"empty stream limits":      {"CONTROL_STREAM_INITIAL_TIMEOUT", "", "CONTROL_STREAM_IDLE_TIMEOUT", "5m", "CONTROL_STREAM_LIFETIME", ""},
		"equal stream limits":      {"CONTROL_STREAM_INITIAL_TIMEOUT", "3s", "CONTROL_STREAM_IDLE_TIMEOUT", "3s", "CONTROL_STREAM_LIFETIME", "3s"},
		"audit with networks":      {"INBOUND_DEFAULT_POLICY", "audit"},
		"identity disabled, empty": {"IDENTITY_DISABLED", ""},
		"unknown variables":        {"NO_SUCH_THING", "x", "INBOUND_PORTS_REQUIRE_TLS", "x", "RESOLV_CONF", "x"},
		"bad cores only warn":      {"CORES", "0", "CORES_MAX_RATIO", "7"},
		"underscore in a name":     {"IDENTITY_SERVER_NAME", "external_workload.cluster.local"},
		"suffixes":                 {"DESTINATION_PROFILE_SUFFIXES", "., svc.cluster.local."},
	}
	for name, env := range cases {
		t.Run(name, func(t *testing.T) {
			if _, err, log := parseForTest(t, newest, with(goodEnv(), env...)); err != nil {
				t.Error(err, log)
			}
		})
	}
}

func TestVariablesByRelease(t *testing.T) {
	const addrs, socket = "127.0.0.1:5140,[::1]:5140", "unix:///new.sock"
	env := with(goodEnv(), "OUTBOUND_LISTEN_ADDRS", addrs, "IDENTITY_SPIRE_WORKLOAD_API_ADDRESS", socket)
	cases := []struct {
		version   string
		listeners int
		socket    string
		shutdown  bool
	}{
		{"v2.221.0", 1, goodEnv()["LINKERD2_PROXY_IDENTITY_SPIRE_SOCKET"], true},
		{"v2.227.0", 1, goodEnv()["LINKERD2_PROXY_IDENTITY_SPIRE_SOCKET"], true},
		{"v2.228.0", 2, goodEnv()["LINKERD2_PROXY_IDENTITY_SPIRE_SOCKET"], true},
		{"v2.303.0", 2, goodEnv()["LINKERD2_PROXY_IDENTITY_SPIRE_SOCKET"], false},
		{"v2.304.0", 2, socket, false},
	}
	for _, c := range cases {
		cfg, err, log := parseForTest(t, c.version, env)
		if err != nil {
			t.Fatal(c.version, err, log)
		}
		if len(cfg.outboundAddrs) != c.listeners || cfg.workloadAPI != c.socket || cfg.shutdownEnabled != c.shutdown {
			t.Errorf("%s: %d listeners, socket %s, shutdown %t", c.version, len(cfg.outboundAddrs), cfg.workloadAPI, cfg.shutdownEnabled)
		}
	}
	onlyNew := with(env, "IDENTITY_SPIRE_SOCKET", unset)
	if _, err, _ := parseForTest(t, "v2.303.0", onlyNew); err != errIDNotName {
		t.Errorf("below v2.304.0 the new name alone must be as good as none: %v", err)
	}
	if _, err, _ := parseForTest(t, "v2.221.0", with(env, "OUTBOUND_LISTEN_ADDRS", "nonsense")); err != nil {
		t.Errorf("an unknown variable is not checked: %v", err)
	}
}

func TestParsedValues(t *testing.T) {
	durations := map[string]time.Duration{"0": 0, "250ms": 250 * time.Millisecond, "2m": 2 * time.Minute, "1h": time.Hour, "365d": 365 * 24 * time.Hour}
	for text, want := range durations {
		if got, err := parseDuration(text); err != nil || got != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	ranges, err := parsePortRanges("80,100-200")
	if want := (portRanges{{80, 80}, {100, 200}}); err != nil || !reflect.DeepEqual(ranges, want) {
		t.Errorf("%v, %v", ranges, err)
	}
	addr, err := parseAddr("Linkerd-Policy.linkerd.:8090")
	if err != nil || addr.String() != "linkerd-policy.linkerd.:8090" {
		t.Errorf("%v, %v", addr, err)
	}
	for name, valid := range map[string]bool{"a": true, "a.": true, "_m.foo": true, "1.a": true, "a.1": false, "-a": false,
		"a-": false, "": false, ".": false, "*.a": false, "a..b": false} {
		if _, err := parseDNSName(name); (err == nil) != valid {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestPolicies(t *testing.T) {
	inside, outside := mustAddr("10.1.1.1"), mustAddr("192.0.2.1")
	pod := peer{addr: inside, tls: true, clientID: "client.ns.serviceaccount.identity.linkerd.cluster.local"}
	machine := peer{addr: inside, tls: true, clientID: "spiffe://root/vm", isURI: true}
	cases := []struct {
		mode string
		who  peer
		want bool
	}{
		{"deny", pod, false},
		{"all-unauthenticated", peer{addr: outside}, true},
		{"audit", peer{addr: outside}, true},
		{"all-authenticated", peer{addr: inside, tls: true}, false},
		{"all-authenticated", pod, true},
		{"all-authenticated", machine, false},
		{"cluster-unauthenticated", peer{addr: inside}, true},
		{"cluster-unauthenticated", peer{addr: outside}, false},
		{"cluster-authenticated", pod, true},
		{"cluster-authenticated", machine, false},
		{"cluster-authenticated", peer{addr: outside, tls: true, clientID: "x"}, false},
	}
	networks, err := parseNetworks("10.0.0.0/8")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		p, err := parsePolicy(c.mode, networks)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.allows(c.who); got != c.want {
			t.Errorf("%s %+v: %t", c.mode, c.who, got)
		}
	}
}
