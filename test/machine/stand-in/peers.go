package main

import (
	"bytes"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"sync"
)

// What the real proxy says of policies, by which the doctor tells them: its words for a refusal of a peer, for one of its own,
// for a workload that the policy controller does not know, and its counter of clients that said nothing.

// unknownServer is how a policy service of the tests says that it knows no such workload: a line. The real one answers each
// port's watch with the status NotFound and this message.
var unknownServer = []byte("unknown server\n")

// listenPolicy drops what a control plane service says, and notes the one word that has a meaning here.
func (c *controlClient) listenPolicy(from io.Reader) {
	line := make([]byte, 64)
	for {
		n, err := from.Read(line)
		if err != nil {
			return
		}
		if c.name == "policy" && bytes.Contains(line[:n], unknownServer) {
			c.log.warnf(c.span()+"watch{port=4191}: linkerd_app_inbound::policy::api",
				"Unexpected policy controller response; retrying with a backoff "+
					"grpc.status=Some requested entity was not found grpc.message=%q", "unknown server")
		}
	}
}

// remoteErrors hands on what a peer answers, and logs the header by which its proxy says why it refuses, as meshed clients do.
type remoteErrors struct {
	stream
	once sync.Once
	note func(words string)
}

func (r *remoteErrors) Read(into []byte) (int, error) {
	n, err := r.stream.Read(into)
	r.once.Do(func() {
		for _, line := range bytes.Split(into[:n], []byte("\r\n")) {
			if words, found := bytes.CutPrefix(line, []byte("l5d-proxy-error: ")); found {
				r.note(string(words))
			}
		}
	})
	return n, err
}

func (p *proxy) watchRemote(peer stream, dst netip.AddrPort) stream {
	return &remoteErrors{stream: peer, note: func(words string) {
		p.log.infof("outbound:proxy{addr="+dst.String()+"}:forward{addr="+dst.String()+"}: "+
			"linkerd_app_outbound::http::handle_proxy_error_headers", "Remote proxy error error=%q", words)
	}}
}

// denied says that the inbound policy refuses a connection.
func (p *proxy) denied(dst netip.AddrPort, from string, who peer) {
	tls := "None(NoClientHello)"
	if who.tls {
		id := "None"
		if who.clientID != "" {
			kind := map[bool]string{true: "Uri", false: "Dns"}[who.isURI]
			id = fmt.Sprintf("Some(ClientId(%s(%q)))", kind, who.clientID)
		}
		tls = "Some(Established { client_id: " + id + ", negotiated_protocol: None })"
	}
	p.log.infof("inbound:server{port="+strconv.Itoa(int(dst.Port()))+"}: linkerd_app_inbound::policy::tcp",
		"Connection denied server.group= server.kind=default server.name=%s tls=%s client=%s", p.cfg.defaultPolicy.mode, tls, from)
}

// silent counts a client that said nothing until the time for its TLS was over.
func (p *proxy) silent(dst netip.AddrPort) {
	p.stats.count(p.stats.inboundErrors, labels("error", "tls detection timeout", "target_addr", dst.String(),
		"target_ip", dst.Addr().String(), "target_port", strconv.Itoa(int(dst.Port()))))
}
