// Command stand-in takes the place of linkerd2-proxy in meshjoin's machine tests. It behaves as
// linkerd.md §3 and machine.md §3.1 describe; README.md lists where it differs. Arguments are ignored.
package main

import (
	"io"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// Set with -ldflags "-X main.version=v2.368.0 …".
var (
	version   = "v2.366.0"
	gitSHA    = "stand-in"
	buildDate = "2026-08-21T00:00:00Z"
)

// Exit codes (linkerd.md §3.5).
const (
	exitOK       = 0
	exitInit     = 1
	exitUsage    = 64
	exitPanicked = 101
)

// options are the surroundings of one run, so that a test can supply its own.
type options struct {
	env            map[string]string
	version        string
	stdout, stderr io.Writer
	signals        <-chan os.Signal
	resolvConf     string
	hosts          string
	origDst        func(*net.TCPConn) (netip.AddrPort, error)
	allowLoopback  bool          // outbound may dial loopback addresses
	warnIdentity   time.Duration // how often to say that there is no identity yet
	known          time.Duration // for how long an answer of the control plane is kept behind its last use
}

func main() {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	os.Exit(run(options{
		env:          environment(os.Environ()),
		version:      version,
		stdout:       os.Stdout,
		stderr:       os.Stderr,
		signals:      signals,
		resolvConf:   "/etc/resolv.conf",
		hosts:        "/etc/hosts",
		origDst:      originalDst,
		warnIdentity: 15 * time.Second,
		known:        5 * time.Second,
	}))
}

func environment(entries []string) map[string]string {
	env := make(map[string]string, len(entries))
	for _, entry := range entries {
		name, value, _ := strings.Cut(entry, "=")
		env[name] = value
	}
	return env
}

// run is the life of the process, in the real one's order (linkerd.md §3.5). It returns the exit code.
func run(opts options) int {
	log := newLogger(opts.stdout, opts.stderr, opts.env)
	log.infof("linkerd2_proxy", "release %s (%s) by linkerd on %s",
		strings.TrimPrefix(opts.version, "v"), gitSHA, buildDate)

	number, err := parseRelease(opts.version)
	if err != nil {
		log.fatal("%v", err)
		return exitUsage
	}
	cfg, err := parseConfig(opts.env, number, log)
	if err != nil {
		log.fatal("Invalid configuration: %v", err)
		return exitUsage
	}
	log.infof("linkerd2_proxy::rt", "Using single-threaded proxy runtime")

	resolver, err := newResolver(opts.resolvConf, opts.hosts, cfg)
	if err != nil {
		log.panicLine("main", "linkerd/app/core/src/dns.rs:43:63", "system DNS config must be valid: "+rustDebugError(err))
		return exitPanicked
	}
	stats := newMetrics(number, opts.version)
	resolver.stats = stats
	id, err := newIdentity(cfg, stats, log)
	if err != nil {
		log.fatal("Initialization failure: %v", err)
		return exitInit
	}
	p := newProxy(cfg, opts, log, stats, id)
	if code := p.bind(); code != exitOK {
		return code
	}
	defer p.close()
	p.announce()
	p.start(resolver)
	return p.waitForShutdown()
}
