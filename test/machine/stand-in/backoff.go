package main

import (
	"context"
	"math/rand/v2"
	"time"
)

// backoff is an exponential back-off with jitter (linkerd.md §3.3).
type backoff struct {
	min, max time.Duration
	jitter   float64
}

type backoffState struct {
	backoff
	base time.Duration
}

func (b backoff) start() *backoffState { return &backoffState{backoff: b, base: b.min} }

func (s *backoffState) reset() { s.base = s.min }

func (s *backoffState) next() time.Duration {
	base := s.base
	s.base = min(2*s.base, s.max)
	return base + time.Duration(rand.Float64()*s.jitter*float64(base))
}

func (s *backoffState) sleep(ctx context.Context) { sleep(ctx, s.next()) }

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
