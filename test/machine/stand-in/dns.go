package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/miekg/dns"
)

const minTTL = 5 * time.Second // floor for positive and negative answers (linkerd.md §3.6)

// resolver asks the nameservers that /etc/resolv.conf named when the process started; neither that file
// nor /etc/hosts is read again (linkerd.md §3.5).
type resolver struct {
	system *dns.ClientConfig
	hosts  map[string][]netip.Addr
	stats  *metrics
	lowest optionalDuration // DNS_MIN_TTL
	top    optionalDuration // DNS_MAX_TTL
}

func newResolver(resolvConf, hosts string, cfg *config) (*resolver, error) {
	system, err := dns.ClientConfigFromFile(resolvConf)
	if err != nil {
		return nil, err
	}
	if len(system.Servers) == 0 {
		return nil, errors.New("no nameservers found in config")
	}
	return &resolver{system: system, hosts: readHosts(hosts), lowest: cfg.dnsMinTTL, top: cfg.dnsMaxTTL}, nil
}

func readHosts(path string) map[string][]netip.Addr {
	hosts := map[string][]netip.Addr{}
	file, err := os.Open(path)
	if err != nil {
		return hosts
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line, _, _ := strings.Cut(lines.Text(), "#")
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		addr, err := netip.ParseAddr(fields[0])
		if err != nil {
			continue
		}
		for _, name := range fields[1:] {
			key := dns.Fqdn(strings.ToLower(name))
			hosts[key] = append(hosts[key], addr)
		}
	}
	return hosts
}

// resolve returns endpoints and how long they are good for: SRV first, then A, then AAAA with the
// configured port. On failure the duration is how long to wait, 0 for the usual back-off.
func (r *resolver) resolve(ctx context.Context, client string, target address) ([]netip.AddrPort, time.Duration, error) {
	found, ttl, srvErr := r.lookup(ctx, target.name, dns.TypeSRV, target.port)
	if srvErr == nil {
		r.stats.resolved(client, "SRV", "ok")
		return found, r.clamp(ttl), nil
	}
	r.stats.resolved(client, "SRV", "not_found")
	found, ttl, err := r.addresses(ctx, target)
	if err != nil {
		r.stats.resolved(client, "A/AAAA", "not_found")
		if ttl > 0 {
			ttl = max(ttl, minTTL)
		}
		return nil, ttl, fmt.Errorf("failed SRV and A record lookups: failed to resolve SRV record: %w; "+
			"failed to resolve A record: %w", srvErr, err)
	}
	r.stats.resolved(client, "A/AAAA", "ok")
	return found, r.clamp(ttl), nil
}

func (r *resolver) clamp(ttl time.Duration) time.Duration {
	if r.lowest.set {
		ttl = max(ttl, r.lowest.value)
	}
	if r.top.set {
		ttl = min(ttl, r.top.value)
	}
	return max(ttl, minTTL)
}

func (r *resolver) addresses(ctx context.Context, target address) ([]netip.AddrPort, time.Duration, error) {
	if static := r.hosts[dns.Fqdn(target.name)]; len(static) > 0 {
		var found []netip.AddrPort
		for _, addr := range static {
			found = append(found, netip.AddrPortFrom(addr, target.port))
		}
		return found, 24 * time.Hour, nil
	}
	found, ttl, err := r.lookup(ctx, target.name, dns.TypeA, target.port)
	if err != nil {
		return r.lookup(ctx, target.name, dns.TypeAAAA, target.port)
	}
	return found, ttl, nil
}

func (r *resolver) lookup(ctx context.Context, name string, kind, port uint16) ([]netip.AddrPort, time.Duration, error) {
	var negative time.Duration
	err := errors.New("no record found")
	for _, candidate := range r.system.NameList(name) {
		reply, failure := r.ask(ctx, candidate, kind)
		if failure != nil {
			err = failure
			continue
		}
		found, ttl, failure := endpointsOf(reply, kind, port)
		if failure == nil {
			return found, ttl, nil
		}
		err, negative = failure, negativeTTL(reply)
	}
	return nil, negative, err
}

// ask tries each nameserver in turn, over UDP and, if the answer is cut, over TCP.
func (r *resolver) ask(ctx context.Context, name string, kind uint16) (*dns.Msg, error) {
	question := new(dns.Msg).SetQuestion(name, kind)
	var err error
	for range max(r.system.Attempts, 1) {
		for _, server := range r.system.Servers {
			var reply *dns.Msg
			reply, err = exchange(ctx, question, net.JoinHostPort(server, r.system.Port))
			if err == nil && (reply.Rcode == dns.RcodeSuccess || reply.Rcode == dns.RcodeNameError) {
				return reply, nil
			}
			if err == nil {
				err = errors.New(dns.RcodeToString[reply.Rcode])
			}
		}
	}
	return nil, err
}

func exchange(ctx context.Context, question *dns.Msg, server string) (*dns.Msg, error) {
	reply, _, err := (&dns.Client{Timeout: 5 * time.Second}).ExchangeContext(ctx, question, server)
	if err == nil && reply.Truncated {
		reply, _, err = (&dns.Client{Net: "tcp", Timeout: 5 * time.Second}).ExchangeContext(ctx, question, server)
	}
	return reply, err
}

func endpointsOf(reply *dns.Msg, kind, port uint16) ([]netip.AddrPort, time.Duration, error) {
	var found []netip.AddrPort
	ttl := time.Duration(1<<63 - 1)
	for _, record := range reply.Answer {
		if record.Header().Rrtype != kind {
			continue
		}
		endpoint, err := endpointOf(record, port)
		if err != nil {
			return nil, 0, err
		}
		found = append(found, endpoint)
		ttl = min(ttl, time.Duration(record.Header().Ttl)*time.Second)
	}
	if len(found) == 0 {
		return nil, 0, fmt.Errorf("no record found for Query { name: %s, type: %s }",
			reply.Question[0].Name, dns.TypeToString[kind])
	}
	return found, ttl, nil
}

func endpointOf(record dns.RR, port uint16) (netip.AddrPort, error) {
	switch record := record.(type) {
	case *dns.SRV:
		return srvEndpoint(record)
	case *dns.A:
		addr, _ := netip.AddrFromSlice(record.A.To4())
		return netip.AddrPortFrom(addr, port), nil
	case *dns.AAAA:
		addr, _ := netip.AddrFromSlice(record.AAAA.To16())
		return netip.AddrPortFrom(addr, port), nil
	}
	return netip.AddrPort{}, fmt.Errorf("unexpected record %s", record)
}

// srvEndpoint: the first label of the target must be an IP with dashes; the record's port wins (§3.6).
func srvEndpoint(record *dns.SRV) (netip.AddrPort, error) {
	label, _, _ := strings.Cut(record.Target, ".")
	for _, separator := range []string{".", ":"} {
		if addr, err := netip.ParseAddr(strings.ReplaceAll(label, "-", separator)); err == nil {
			return netip.AddrPortFrom(addr, record.Port), nil
		}
	}
	return netip.AddrPort{}, fmt.Errorf("invalid SRV record %q", record.Target)
}

func negativeTTL(reply *dns.Msg) time.Duration {
	for _, record := range reply.Ns {
		if soa, ok := record.(*dns.SOA); ok {
			return time.Duration(max(min(soa.Hdr.Ttl, soa.Minttl), 1)) * time.Second
		}
	}
	return 0
}
