package main

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// metrics is the little of linkerd.md §3.8 that tests and alerts read.
type metrics struct {
	mu         sync.Mutex
	certPrefix string
	buildInfo  string
	started    time.Time

	expires, refreshed time.Time
	refreshes          map[string]int            // by result
	endpoints          map[string]map[string]int // control plane client -> endpoint state -> count
	controlAddr        map[string]string
	resolutions        map[string]int // by label set
	inboundOpen        map[string]int // by label set
	outboundOpen       map[string]int
	inboundErrors      map[string]int // by label set
}

func newMetrics(number release, version string) *metrics {
	certPrefix := "control_identity_cert_"
	if number.before(227) {
		certPrefix = "identity_cert_"
	}
	return &metrics{
		certPrefix: certPrefix,
		buildInfo: labels("date", buildDate, "git_sha", gitSHA, "profile", "release", "vendor", "linkerd",
			"version", strings.TrimPrefix(version, "v")),
		started:       time.Now(),
		refreshes:     map[string]int{"ok": 0, "error": 0},
		endpoints:     map[string]map[string]int{},
		controlAddr:   map[string]string{},
		resolutions:   map[string]int{},
		inboundOpen:   map[string]int{},
		outboundOpen:  map[string]int{},
		inboundErrors: map[string]int{},
	}
}

// labels prints a label set from names and values in turn.
func labels(pairs ...string) string {
	var parts []string
	for i := 0; i < len(pairs); i += 2 {
		parts = append(parts, fmt.Sprintf("%s=%q", pairs[i], pairs[i+1]))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func (m *metrics) count(counters map[string]int, key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	counters[key]++
}

func (m *metrics) certRefreshed(ok bool) {
	if ok {
		m.count(m.refreshes, "ok")
	} else {
		m.count(m.refreshes, "error")
	}
}

func (m *metrics) certInstalled(expires time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expires, m.refreshed = expires, time.Now()
}

func (m *metrics) inboundOpened(target netip.AddrPort, who peer) {
	m.count(m.inboundOpen, labels("target", target.String(), "tls", strconv.FormatBool(who.tls), "client_id", who.clientID))
}

func (m *metrics) outboundOpened(target netip.AddrPort) {
	m.count(m.outboundOpen, labels("target", target.String()))
}

func (m *metrics) resolved(client, recordType, result string) {
	m.count(m.resolutions, labels("client", client, "record_type", recordType, "result", result))
}

// endpointState moves the gauge of one control plane client.
func (m *metrics) endpointState(client, addr, state string, by int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.endpoints[client] == nil {
		m.endpoints[client] = map[string]int{}
	}
	m.endpoints[client][state] += by
	m.controlAddr[client] = addr
}

func (m *metrics) render(out io.Writer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	w := bufio.NewWriter(out)
	defer w.Flush()
	m.renderCertificate(w)
	for _, client := range []string{"destination", "policy"} {
		name := "control_" + client + "_balancer_endpoints"
		fmt.Fprintf(w, "# TYPE %s gauge\n", name)
		for _, state := range []string{"ready", "pending"} {
			fmt.Fprintf(w, "%s%s %d\n", name,
				labels("endpoint_state", state, "addr", m.controlAddr[client]), m.endpoints[client][state])
		}
	}
	renderCounters(w, "control_dns_resolutions_total", m.resolutions)
	renderCounters(w, "inbound_tcp_open_total", m.inboundOpen)
	renderCounters(w, "outbound_tcp_open_total", m.outboundOpen)
	renderCounters(w, "inbound_tcp_errors_total", m.inboundErrors)
	fmt.Fprintf(w, "# TYPE proxy_build_info gauge\nproxy_build_info%s 1\n", m.buildInfo)
	m.renderProcess(w)
	fmt.Fprintln(w, "# EOF")
}

func (m *metrics) renderCertificate(w io.Writer) {
	gauges := map[string]time.Time{"expiration": m.expires, "refresh": m.refreshed}
	for _, kind := range []string{"expiration", "refresh"} {
		name := m.certPrefix + kind + "_timestamp_seconds"
		fmt.Fprintf(w, "# TYPE %s gauge\n%s %s\n", name, name, seconds(gauges[kind]))
	}
	name := m.certPrefix + "refreshes_total"
	fmt.Fprintf(w, "# TYPE %s counter\n", name)
	for _, result := range []string{"ok", "error"} {
		fmt.Fprintf(w, "%s%s %d\n", name, labels("result", result), m.refreshes[result])
	}
}

// seconds since the epoch; 0.0 until there is a certificate.
func seconds(t time.Time) string {
	if t.IsZero() {
		return "0.0"
	}
	return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64)
}

func renderCounters(w io.Writer, name string, counters map[string]int) {
	fmt.Fprintf(w, "# TYPE %s counter\n", name)
	keys := make([]string, 0, len(counters))
	for key := range counters {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		fmt.Fprintf(w, "%s%s %d\n", name, key, counters[key])
	}
}

func (m *metrics) renderProcess(w io.Writer) {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	cpu := time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	files, _ := os.ReadDir("/proc/self/fd")
	fmt.Fprintf(w, "# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds %s\n", seconds(m.started))
	fmt.Fprintf(w, "# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total %.3f\n", cpu.Seconds())
	fmt.Fprintf(w, "# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes %d\n", usage.Maxrss*1024)
	fmt.Fprintf(w, "# TYPE process_open_fds gauge\nprocess_open_fds %d\n", len(files))
}
