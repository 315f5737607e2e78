package main

import (
	"fmt"
	"net/netip"
)

// policy is the environment's default inbound policy (linkerd.md §3.3, §3.6). The stand-in has no
// policy controller, so this one holds for every port and for ever.
type policy struct {
	mode     string
	networks []netip.Prefix // of the cluster-* modes
}

// parsePolicy: the cluster modes, and by the order of the match also audit, need cluster networks.
func parsePolicy(text string, networks []netip.Prefix) (policy, error) {
	switch text {
	case "deny", "all-authenticated", "all-unauthenticated":
		return policy{mode: text}, nil
	case "cluster-authenticated", "cluster-unauthenticated":
		if len(networks) > 0 {
			return policy{mode: text, networks: networks}, nil
		}
	case "audit":
		if len(networks) > 0 {
			return policy{mode: text}, nil
		}
	}
	return policy{}, fmt.Errorf("InvalidPortPolicy(%q)", text)
}

// peer is what is known of the client of an accepted connection.
type peer struct {
	addr     netip.Addr
	tls      bool   // TLS was terminated here
	clientID string // first SAN of a verified client certificate
	isURI    bool   // that SAN is a URI
}

// allows decides about one connection. A client whose identity is a URI matches none of the default
// *-authenticated policies, since those authorise by DNS suffix.
func (p policy) allows(client peer) bool {
	authenticated := client.clientID != "" && !client.isURI
	switch p.mode {
	case "all-unauthenticated", "audit":
		return true
	case "all-authenticated":
		return authenticated
	case "cluster-unauthenticated":
		return p.inNetworks(client.addr)
	case "cluster-authenticated":
		return authenticated && p.inNetworks(client.addr)
	}
	return false
}

func (p policy) inNetworks(addr netip.Addr) bool {
	for _, network := range p.networks {
		if network.Contains(addr.Unmap()) {
			return true
		}
	}
	return false
}
