package main

import (
	"bytes"
	"errors"
	"io"
	"net"
	"time"

	"golang.org/x/crypto/cryptobyte"
)

var (
	errDetectTimeout = errors.New("TLS detection timed out")
	errIncomplete    = errors.New("incomplete ClientHello")
)

const maxClientHello = 8192

// prefixedConn gives back the bytes that detection has read. It embeds no *net.TCPConn, whose WriteTo
// would pass by the prefix.
type prefixedConn struct {
	net.Conn
	tcp    *net.TCPConn
	reader io.Reader
}

func (c *prefixedConn) Read(into []byte) (int, error) { return c.reader.Read(into) }

func (c *prefixedConn) CloseWrite() error { return c.tcp.CloseWrite() }

// detectSNI reads until it knows whether the client speaks TLS and which server name it asks for. A
// client that stays silent is cut off after the timeout, as by the real proxy (server-first protocols
// need an opaque port). The name is empty for everything that is not a ClientHello with a server name.
func detectSNI(conn *net.TCPConn, timeout time.Duration) (string, *prefixedConn, error) {
	_ = conn.SetReadDeadline(time.Now().Add(timeout))
	defer conn.SetReadDeadline(time.Time{})
	seen := make([]byte, 0, 512)
	var name string
	for {
		chunk := make([]byte, maxClientHello-len(seen))
		n, err := conn.Read(chunk)
		seen = append(seen, chunk[:n]...)
		if isTimeout(err) {
			return "", nil, errDetectTimeout
		} else if err != nil && !errors.Is(err, io.EOF) {
			return "", nil, err
		}
		var incomplete error
		if name, incomplete = parseSNI(seen); incomplete == nil || err != nil || len(seen) >= maxClientHello {
			break
		}
	}
	return name, &prefixedConn{conn, conn, io.MultiReader(bytes.NewReader(seen), conn)}, nil
}

// parseSNI returns the server name of a ClientHello, "" if the input is not one or has none, and
// errIncomplete while that is undecided.
func parseSNI(input []byte) (string, error) {
	const handshakeRecord, headerLength = 22, 5
	for i, allowed := range [][]byte{{handshakeRecord}, {3}, {1, 3}} {
		if len(input) > i && !bytes.Contains(allowed, input[i:i+1]) {
			return "", nil
		}
	}
	if len(input) < headerLength {
		return "", errIncomplete
	}
	length := int(input[3])<<8 | int(input[4])
	if length > maxClientHello-headerLength {
		return "", nil
	}
	if len(input) < headerLength+length {
		return "", errIncomplete
	}
	return serverNameOf(input[headerLength : headerLength+length]), nil
}

func serverNameOf(handshake cryptobyte.String) string {
	var kind uint8
	var hello, skipped, extensions cryptobyte.String
	const clientHello, versionAndRandom = 1, 2 + 32
	if !handshake.ReadUint8(&kind) || kind != clientHello ||
		!handshake.ReadUint24LengthPrefixed(&hello) ||
		!hello.Skip(versionAndRandom) ||
		!hello.ReadUint8LengthPrefixed(&skipped) || // session id
		!hello.ReadUint16LengthPrefixed(&skipped) || // cipher suites
		!hello.ReadUint8LengthPrefixed(&skipped) || // compression methods
		!hello.ReadUint16LengthPrefixed(&extensions) {
		return ""
	}
	for !extensions.Empty() {
		var extension uint16
		var body cryptobyte.String
		if !extensions.ReadUint16(&extension) || !extensions.ReadUint16LengthPrefixed(&body) {
			return ""
		}
		if extension == 0 {
			return firstHostName(body)
		}
	}
	return ""
}

func firstHostName(extension cryptobyte.String) string {
	var kind uint8
	var list, name cryptobyte.String
	if !extension.ReadUint16LengthPrefixed(&list) || !list.ReadUint8(&kind) || kind != 0 ||
		!list.ReadUint16LengthPrefixed(&name) {
		return ""
	}
	return string(name)
}
