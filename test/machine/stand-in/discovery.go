package main

import (
	"context"
	"net/netip"
	"sync"
	"time"
)

// discovery is what the outbound side gets from the control plane: leave to go on. The real proxy asks both services
// about each destination, keeps the answers for as long as they are in use and some seconds more, and lets a new
// connection wait, without end, while one of the services cannot be asked.
type discovery struct {
	keep    time.Duration
	mu      sync.Mutex
	ready   map[string]int
	changed chan struct{} // closed, and made anew, when a service can be asked again
	uses    map[netip.AddrPort]int
	last    map[netip.AddrPort]time.Time
}

func newDiscovery(keep time.Duration) *discovery {
	return &discovery{
		keep: keep, ready: map[string]int{}, changed: make(chan struct{}),
		uses: map[netip.AddrPort]int{}, last: map[netip.AddrPort]time.Time{},
	}
}

// reach counts the connections to a service of the control plane.
func (d *discovery) reach(service string, by int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ready[service] += by
	close(d.changed)
	d.changed = make(chan struct{})
}

// ask is true when the destination is known, and false when the process ends before.
func (d *discovery) ask(ctx context.Context, dst netip.AddrPort) bool {
	for {
		changed, known := d.look(dst)
		if known {
			return true
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		}
	}
}

func (d *discovery) look(dst netip.AddrPort) (<-chan struct{}, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	last, used := d.last[dst]
	if d.uses[dst] > 0 || used && time.Since(last) < d.keep || d.ready["destination"] > 0 && d.ready["policy"] > 0 {
		d.uses[dst]++
		return nil, true
	}
	return d.changed, false
}

func (d *discovery) done(dst netip.AddrPort) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.uses[dst]--
	d.last[dst] = time.Now()
}
