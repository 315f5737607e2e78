package main

import (
	"errors"
	"net"
)

var errLoopback = errors.New("Outbound proxy cannot initiate connections on the loopback interface")

// handleOutbound serves one connection accepted on 4140: plain forwarding to where it was going
// (linkerd.md §3.6 "Outbound", without TLS to peers), once the control plane could be asked about it.
func (p *proxy) handleOutbound(conn *net.TCPConn) {
	defer conn.Close()
	dst, err := p.opts.origDst(conn)
	if err != nil {
		p.refuseAccept(err)
		return
	}
	err = errLoopback
	if p.opts.allowLoopback || !dst.Addr().Unmap().IsLoopback() {
		if !p.known.ask(p.ctx, dst) {
			return
		}
		defer p.known.done(dst)
		p.stats.outboundOpened(dst)
		err = p.forward(conn, dst, p.cfg.outboundConnectTimeout)
	}
	if err != nil {
		p.log.infof("outbound:proxy{addr="+dst.String()+"}: linkerd_app_core::serve", "Connection closed error=%s", rustError(err))
		reset(conn)
	}
}
