//go:build tools

// Package tools names the programs that build.sh builds, so that go.mod and
// go.sum cover all they import. The tag keeps it out of every build.
package tools

import (
	_ "github.com/spiffe/spire/cmd/spire-agent"
	_ "github.com/spiffe/spire/cmd/spire-server"
)
