package main

import (
	"context"
	"encoding/json"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

type peerKey struct{}

// admittedConn is an accepted admin connection with what TLS detection found out about its client.
type admittedConn struct {
	stream
	who peer
}

// serveAdmin serves plain HTTP and mesh TLS on 4191 (linkerd.md §3.7).
func (p *proxy) serveAdmin() {
	admitted := &admittedListener{conns: make(chan net.Conn), addr: p.admin.Addr(), done: p.ctx.Done()}
	server := &http.Server{
		Handler:  p.adminHandler(),
		ErrorLog: stdlog.New(io.Discard, "", 0),
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			return context.WithValue(ctx, peerKey{}, conn.(admittedConn).who)
		},
	}
	go func() { _ = server.Serve(admitted) }()
	p.acceptLoop(p.admin, func(conn *net.TCPConn) {
		client, who, err := p.acceptAdmin(conn)
		if err != nil {
			conn.Close()
			return
		}
		admitted.offer(admittedConn{client, who})
	})
}

func (p *proxy) acceptAdmin(conn *net.TCPConn) (stream, peer, error) {
	const detectTimeout = time.Second
	if p.id.serverConfig() == nil {
		return conn, peer{addr: peerAddr(conn)}, nil // nothing to terminate TLS with yet
	}
	return p.acceptTLS(conn, p.id.serverConfig(), detectTimeout)
}

// admittedListener hands admitted connections to the HTTP server.
type admittedListener struct {
	conns chan net.Conn
	addr  net.Addr
	done  <-chan struct{}
}

func (l *admittedListener) offer(conn net.Conn) {
	select {
	case l.conns <- conn:
	case <-l.done:
		conn.Close()
	}
}

func (l *admittedListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *admittedListener) Close() error   { return nil }
func (l *admittedListener) Addr() net.Addr { return l.addr }

func (p *proxy) adminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/live", func(w http.ResponseWriter, _ *http.Request) { respond(w, http.StatusOK, "live\n") })
	mux.HandleFunc("/ready", p.serveReady)
	mux.HandleFunc("/metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		p.stats.render(w)
	})
	mux.HandleFunc("/env.json", p.serveEnv)
	mux.HandleFunc("/shutdown", p.serveShutdown)
	mux.HandleFunc("/proxy-log-level", p.serveLogLevel)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) })
	return p.authorize(mux)
}

// authorize applies the inbound policy, as to any port and to everyone, loopback included. deny has no routes
// at all, hence 404; the others refuse with 403. TLS is ended before, so that the certificate is shown anyway.
func (p *proxy) authorize(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who := peerOf(r)
		switch {
		case p.cfg.defaultPolicy.allows(who):
			next.ServeHTTP(w, r)
		case p.cfg.defaultPolicy.mode == "deny":
			w.WriteHeader(http.StatusNotFound)
		default:
			w.WriteHeader(http.StatusForbidden)
		}
	})
}

func peerOf(r *http.Request) peer {
	who, _ := r.Context().Value(peerKey{}).(peer)
	return who
}

func (p *proxy) serveReady(w http.ResponseWriter, _ *http.Request) {
	if p.id.isReady() {
		respond(w, http.StatusOK, "ready\n")
		return
	}
	respond(w, http.StatusServiceUnavailable, "not ready\n")
}

// serveEnv dumps the whole environment to any client; "?A&B" asks for single variables.
func (p *proxy) serveEnv(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	var body any = p.opts.env
	if query := r.URL.RawQuery; query != "" {
		selected := map[string]*string{}
		for _, name := range strings.Split(query, "&") {
			selected[name] = nil
			if value, set := p.opts.env[name]; set {
				selected[name] = &value
			}
		}
		body = selected
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}

func (p *proxy) serveShutdown(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method != http.MethodPost:
		w.WriteHeader(http.StatusMethodNotAllowed)
	case !isLocal(r):
		respond(w, http.StatusForbidden, "Requests are only permitted from localhost.")
	case !p.cfg.shutdownEnabled:
		respond(w, http.StatusNotFound, "shutdown endpoint is not enabled\n")
	default:
		respond(w, http.StatusOK, "shutdown\n")
		select {
		case p.shutdown <- "Received shutdown via admin interface":
		default: // asked before
		}
	}
}

func (p *proxy) serveLogLevel(w http.ResponseWriter, r *http.Request) {
	switch {
	case !isLocal(r):
		respond(w, http.StatusForbidden, "Requests are only permitted from localhost.")
	case r.Method != http.MethodGet:
		w.WriteHeader(http.StatusMethodNotAllowed)
	default:
		level, set := p.opts.env[prefix+"LOG"]
		if !set {
			level = "warn,linkerd=info,hickory=error"
		}
		respond(w, http.StatusOK, level)
	}
}

func isLocal(r *http.Request) bool {
	addr, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && addr.Addr().Unmap().IsLoopback()
}

func respond(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}
