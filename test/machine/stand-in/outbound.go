package main

import (
	"errors"
	"net"
)

var errLoopback = errors.New("Outbound proxy cannot initiate connections on the loopback interface")

// handleOutbound serves one connection accepted on 4140: plain forwarding to where it was going
// (linkerd.md §3.6 "Outbound", without discovery and without TLS to peers).
func (p *proxy) handleOutbound(conn *net.TCPConn) {
	defer conn.Close()
	dst, err := p.opts.origDst(conn)
	if err != nil {
		p.refuseAccept(err)
		return
	}
	err = errLoopback
	if p.opts.allowLoopback || !dst.Addr().Unmap().IsLoopback() {
		p.stats.outboundOpened(dst)
		err = p.forward(conn, dst, p.cfg.outboundConnectTimeout)
	}
	if err != nil {
		p.log.infof("outbound:proxy{addr="+dst.String()+"}: linkerd_app_core::serve", "Connection closed error=%s", rustError(err))
		reset(conn)
	}
}
