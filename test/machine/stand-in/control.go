package main

import (
	"context"
	"maps"
	"net"
	"net/netip"
	"time"
)

// controlClient keeps one TCP connection open to every endpoint of a control plane service, as a check
// that it can be resolved and reached (linkerd.md §3.6 "Control plane clients").
type controlClient struct {
	name     string // "destination" or "policy"
	addr     address
	cfg      *config
	resolver *resolver
	stats    *metrics
	log      *logger
	known    *discovery
}

func (c *controlClient) run(ctx context.Context) {
	if fixed, ok := c.fixedEndpoint(); ok {
		c.hold(ctx, fixed)
		return
	}
	open := map[netip.AddrPort]context.CancelFunc{}
	wait := c.cfg.outboundBackoff.start()
	for ctx.Err() == nil {
		found, ttl, err := c.resolver.resolve(ctx, c.name, c.addr)
		if err != nil {
			c.log.warnf(c.span()+"linkerd_app_core::control", "Failed to resolve control-plane component error=%v", err)
			if ttl == 0 {
				ttl = wait.next()
			}
		} else {
			wait.reset()
			c.follow(ctx, open, found)
		}
		sleep(ctx, ttl)
	}
}

// fixedEndpoint: an IP needs no DNS, and neither does localhost.
func (c *controlClient) fixedEndpoint() (netip.AddrPort, bool) {
	if c.addr.isLocalhost() {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), c.addr.port), true
	}
	return c.addr.socket, c.addr.name == ""
}

// follow starts a connection for every new endpoint and ends those of endpoints that are gone.
func (c *controlClient) follow(ctx context.Context, open map[netip.AddrPort]context.CancelFunc, found []netip.AddrPort) {
	gone := maps.Clone(open)
	for _, endpoint := range found {
		delete(gone, endpoint)
		if open[endpoint] == nil {
			connection, cancel := context.WithCancel(ctx)
			open[endpoint] = cancel
			go c.hold(connection, endpoint)
		}
	}
	for endpoint, cancel := range gone {
		cancel()
		delete(open, endpoint)
	}
}

func (c *controlClient) hold(ctx context.Context, endpoint netip.AddrPort) {
	wait := c.cfg.outboundBackoff.start()
	c.count("pending", 1)
	defer c.count("pending", -1)
	for ctx.Err() == nil {
		conn, err := (&net.Dialer{Timeout: c.cfg.outboundConnectTimeout}).DialContext(ctx, "tcp", endpoint.String())
		if err == nil {
			began := time.Now()
			c.whileConnected(ctx, conn)
			if time.Since(began) > time.Second {
				wait.reset()
			}
		} else if ctx.Err() == nil {
			c.log.warnf(c.span()+"endpoint{addr="+endpoint.String()+"}: linkerd_reconnect",
				"Failed to connect error=endpoint %s: %s", endpoint, rustError(err))
		}
		wait.sleep(ctx)
	}
}

func (c *controlClient) whileConnected(ctx context.Context, conn net.Conn) {
	c.count("pending", -1)
	c.count("ready", 1)
	c.known.reach(c.name, 1)
	defer c.known.reach(c.name, -1)
	defer c.count("pending", 1)
	defer c.count("ready", -1)
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	defer conn.Close()
	c.listenPolicy(conn)
}

func (c *controlClient) count(state string, by int) {
	c.stats.endpointState(c.name, c.addr.String(), state, by)
}

func (c *controlClient) span() string {
	short := map[string]string{"destination": "dst", "policy": "policy"}[c.name]
	return short + ":controller{addr=" + c.addr.String() + "}:"
}
