package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

var (
	errNoIdentity = errors.New("direct connections must be mutually authenticated")
	errNoHeader   = errors.New("direct connections require transport header negotiation")
)

// handleInbound serves one connection accepted on 4143 (linkerd.md §3.6 "Inbound").
func (p *proxy) handleInbound(conn *net.TCPConn) {
	defer conn.Close()
	dst, err := p.opts.origDst(conn)
	if err != nil {
		p.refuseAccept(err)
		return
	}
	if len(p.cfg.inboundIPs) > 0 && !slices.Contains(p.cfg.inboundIPs, dst.Addr()) {
		err = fmt.Errorf("inbound connections are not allowed on this IP address (%s)", dst.Addr())
	} else if dst.Port() == p.inboundPort() {
		err = p.handleDirect(conn, dst.Addr())
	} else {
		err = p.handleRedirected(conn, dst)
	}
	if err != nil {
		p.log.infof("inbound:accept{client.addr="+conn.RemoteAddr().String()+"}: linkerd_app_core::serve",
			"Connection closed error=%s", rustError(err))
		reset(conn)
	}
}

func (p *proxy) inboundPort() uint16 {
	return uint16(p.inbound.Addr().(*net.TCPAddr).Port)
}

// handleRedirected serves a connection that was going to a port of the application.
func (p *proxy) handleRedirected(conn *net.TCPConn, dst netip.AddrPort) error {
	if p.cfg.opaquePorts.contains(dst.Port()) {
		return p.forwardInbound(conn, dst, peer{addr: peerAddr(conn)}) // no detection, no TLS
	}
	client, who, err := p.acceptTLS(conn, p.id.serverConfig(), p.cfg.inboundDetectTimeout)
	if errors.Is(err, errDetectTimeout) {
		p.silent(dst)
	}
	if err != nil {
		return err
	}
	return p.forwardInbound(client, dst, who)
}

// acceptTLS detects a ClientHello. TLS is terminated only if it asks for our server name; all else is
// handed on as it came.
func (p *proxy) acceptTLS(conn *net.TCPConn, config *tls.Config, timeout time.Duration) (stream, peer, error) {
	who := peer{addr: peerAddr(conn)}
	name, prefixed, err := detectSNI(conn, timeout)
	if err != nil || !strings.EqualFold(name, p.cfg.serverName) {
		return prefixed, who, err
	}
	server := tls.Server(prefixed, config)
	ctx, cancel := context.WithTimeout(p.ctx, timeout)
	defer cancel()
	if err := server.HandshakeContext(ctx); err != nil {
		return nil, who, err
	}
	who.tls = true
	if certs := server.ConnectionState().PeerCertificates; len(certs) > 0 {
		who.clientID, who.isURI = clientIdentity(certs[0])
	}
	return server, who, nil
}

// handleDirect serves a connection that was going to 4143 itself: mutual TLS, then a transport header
// that names the port. The header is simplified to one line, "PORT <n>\n".
func (p *proxy) handleDirect(conn *net.TCPConn, self netip.Addr) error {
	client, who, err := p.acceptTLS(conn, p.id.directConfig(), p.cfg.inboundDetectTimeout)
	if err != nil {
		return err
	}
	if who.clientID == "" {
		client.Close() // after a complete handshake: says goodbye, so that the client sees our certificate
		return errNoIdentity
	}
	port, err := readPort(client, p.cfg.inboundDetectTimeout)
	if err != nil {
		client.Close()
		return err
	}
	if port == p.inboundPort() {
		return fmt.Errorf("inbound connection must not target port %d", port)
	}
	return p.forwardInbound(client, netip.AddrPortFrom(self, port), who)
}

func readPort(conn net.Conn, timeout time.Duration) (uint16, error) {
	_ = conn.SetReadDeadline(time.Now().Add(timeout))
	defer conn.SetReadDeadline(time.Time{})
	line := make([]byte, 0, 16)
	for one := make([]byte, 1); len(line) < cap(line); line = append(line, one[0]) {
		if _, err := conn.Read(one); err != nil {
			return 0, errNoHeader
		}
		if one[0] == '\n' {
			break
		}
	}
	text, found := strings.CutPrefix(string(line), "PORT ")
	port, err := strconv.ParseUint(text, 10, 16)
	if !found || err != nil {
		return 0, errNoHeader
	}
	return uint16(port), nil
}

// forwardInbound goes to the address that was dialled, never to 127.0.0.1, if the policy allows.
func (p *proxy) forwardInbound(client stream, dst netip.AddrPort, who peer) error {
	if !p.cfg.defaultPolicy.allows(who) {
		p.denied(dst, client.RemoteAddr().String(), who)
		return fmt.Errorf("unauthorized connection on default/%s", p.cfg.defaultPolicy.mode)
	}
	p.stats.inboundOpened(dst, who)
	return p.forward(client, dst, p.cfg.inboundConnectTimeout)
}
