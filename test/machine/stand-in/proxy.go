package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// proxy holds the sockets and everything that serves them.
type proxy struct {
	cfg   *config
	opts  options
	log   *logger
	stats *metrics
	id    *identity
	open  *tracker
	known *discovery

	inbound  net.Listener
	outbound []net.Listener
	admin    net.Listener
	tap      net.Listener

	ctx      context.Context // ends when the process does
	cancel   context.CancelFunc
	shutdown chan string // why to shut down
}

func newProxy(cfg *config, opts options, log *logger, stats *metrics, id *identity) *proxy {
	ctx, cancel := context.WithCancel(context.Background())
	return &proxy{
		cfg: cfg, opts: opts, log: log, stats: stats, id: id, open: newTracker(), known: newDiscovery(opts.known),
		ctx: ctx, cancel: cancel, shutdown: make(chan string, 1),
	}
}

// bind opens all sockets before anything is served, so that connections wait in the backlog
// (linkerd.md §3.5). Tap and admin failures are initialization failures, the others panics.
func (p *proxy) bind() int {
	var err error
	if p.cfg.tapAddr != nil {
		if p.tap, err = listen(*p.cfg.tapAddr); err != nil {
			return p.initFailure(err)
		}
	}
	if p.inbound, err = listen(p.cfg.inboundAddr); err != nil {
		return p.bindPanic("inbound", err)
	}
	for _, addr := range p.cfg.outboundAddrs {
		listener, err := listen(addr)
		if err != nil {
			return p.bindPanic("outbound", err)
		}
		p.outbound = append(p.outbound, listener)
	}
	if p.admin, err = listen(p.cfg.adminAddr); err != nil {
		return p.initFailure(err)
	}
	return exitOK
}

func (p *proxy) initFailure(err error) int {
	p.close()
	p.log.fatal("Initialization failure: %s", rustError(err))
	return exitInit
}

func (p *proxy) bindPanic(side string, err error) int {
	p.close()
	p.log.panicLine("main", "linkerd/app/src/lib.rs:255:14", "Failed to bind "+side+" listener: "+rustDebugError(err))
	return exitPanicked
}

// listen binds exactly the family that was asked for; [::] also takes IPv4 (linkerd.md §3.3).
func listen(addr netip.AddrPort) (net.Listener, error) {
	network := "tcp"
	if addr.Addr().Is4() {
		network = "tcp4"
	}
	return net.Listen(network, addr.String())
}

func (p *proxy) announce() {
	const target = "linkerd2_proxy"
	p.log.infof(target, "Admin interface on %s", p.admin.Addr())
	p.log.infof(target, "Inbound interface on %s", p.inbound.Addr())
	for _, listener := range p.outbound {
		p.log.infof(target, "Outbound interface on %s", listener.Addr())
	}
	if p.tap == nil {
		p.log.infof(target, "Tap DISABLED")
	} else {
		p.log.infof(target, "Tap interface on %s", p.tap.Addr())
	}
	p.log.infof(target, "SNI is %s", p.cfg.serverName)
	p.log.infof(target, "Local identity is %s", p.cfg.serverID)
	p.log.infof(target, "Destinations resolved via %s", p.cfg.destination)
}

// start runs the admin server, the identity task and the control plane clients, and the accept loops
// as soon as there is a certificate.
func (p *proxy) start(resolver *resolver) {
	go p.serveAdmin()
	if p.tap != nil {
		go p.acceptLoop(p.tap, func(conn *net.TCPConn) { conn.Close() })
	}
	task := &identityTask{id: p.id, cfg: p.cfg, log: p.log}
	go task.run(p.ctx)
	for client, addr := range map[string]address{"destination": p.cfg.destination, "policy": p.cfg.policySvc} {
		control := &controlClient{
			name: client, addr: addr, cfg: p.cfg, resolver: resolver, stats: p.stats, log: p.log, known: p.known,
		}
		go control.run(p.ctx)
	}
	go p.serveWhenCertified()
}

func (p *proxy) serveWhenCertified() {
	ticker := time.NewTicker(p.opts.warnIdentity)
	defer ticker.Stop()
	for {
		select {
		case <-p.id.certified:
			go p.acceptLoop(p.inbound, p.handleInbound)
			for _, listener := range p.outbound {
				go p.acceptLoop(listener, p.handleOutbound)
			}
			return
		case <-p.id.abandoned:
			for _, listener := range append([]net.Listener{p.inbound}, p.outbound...) {
				listener.Close() // the waiting task has panicked too, and held them
			}
			return
		case <-p.ctx.Done():
			return
		case <-ticker.C:
			p.log.warnf("linkerd_app", "Waiting for identity to be initialized...")
		}
	}
}

func (p *proxy) acceptLoop(listener net.Listener, handle func(*net.TCPConn)) {
	for {
		conn, err := listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			p.refuseAccept(err)
			time.Sleep(10 * time.Millisecond)
		default:
			go handle(conn.(*net.TCPConn))
		}
	}
}

func (p *proxy) refuseAccept(err error) {
	p.log.warnf("linkerd_app_core::serve", "Server failed to accept connection error=%s", rustError(err))
}

// waitForShutdown stops accepting, drains and returns the exit code, which is 0 even if the grace
// period runs out (linkerd.md §3.5).
func (p *proxy) waitForShutdown() int {
	select {
	case <-p.opts.signals:
		p.log.infof("linkerd2_proxy", "Received shutdown signal")
	case reason := <-p.shutdown:
		p.log.infof("linkerd2_proxy", "%s", reason)
	}
	p.stopAccepting()
	if !p.drained() {
		p.log.warnf("linkerd2_proxy", "Graceful shutdown did not complete in %s, terminating now",
			rustDuration(p.cfg.shutdownGrace))
	}
	return exitOK
}

func (p *proxy) drained() bool {
	grace := time.NewTimer(p.cfg.shutdownGrace)
	defer grace.Stop()
	if !p.id.isSettled() {
		<-grace.C // the task that waits for the identity holds the drain open
		return false
	}
	select {
	case <-p.open.idle():
		return true
	case <-grace.C:
		return false
	}
}

func (p *proxy) listeners() []net.Listener {
	return append([]net.Listener{p.admin, p.inbound, p.tap}, p.outbound...)
}

func (p *proxy) stopAccepting() {
	for _, listener := range p.listeners() {
		if listener != nil {
			listener.Close()
		}
	}
}

func (p *proxy) close() {
	p.stopAccepting()
	p.cancel()
}

// tracker counts open forwarded connections.
type tracker struct {
	mu      sync.Mutex
	count   int
	waiting []chan struct{}
}

func newTracker() *tracker { return &tracker{} }

func (t *tracker) add(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count += n
	if t.count > 0 {
		return
	}
	for _, waiter := range t.waiting {
		close(waiter)
	}
	t.waiting = nil
}

// idle is closed once no connection is open.
func (t *tracker) idle() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	done := make(chan struct{})
	if t.count == 0 {
		close(done)
	} else {
		t.waiting = append(t.waiting, done)
	}
	return done
}

// stream is a TCP or TLS connection that can be closed in one direction.
type stream interface {
	net.Conn
	CloseWrite() error
}

// forward connects to target and copies in both directions until both are done.
func (p *proxy) forward(client stream, target netip.AddrPort, timeout time.Duration) error {
	p.open.add(1)
	defer p.open.add(-1)
	server, err := net.DialTimeout("tcp", target.String(), timeout)
	if err != nil {
		return err
	}
	defer server.Close()
	done := make(chan error, 2)
	go copyHalf(server.(*net.TCPConn), client, done)
	go copyHalf(client, p.watchRemote(server.(*net.TCPConn), target), done)
	if err := <-done; err != nil {
		return err
	}
	return <-done
}

func copyHalf(to, from stream, done chan<- error) {
	_, err := io.Copy(to, from)
	if err == nil {
		err = to.CloseWrite()
	}
	done <- err
}

// reset closes a connection with RST, as a refused one ends.
func reset(conn *net.TCPConn) {
	_ = conn.SetLinger(0)
	conn.Close()
}

func isTimeout(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }
