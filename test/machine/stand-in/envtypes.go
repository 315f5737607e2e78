package main

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Parsers of single values, as linkerd.md §3.1 defines them. Their errors carry the names that the
// real proxy logs.

var (
	errNotADuration   = errors.New("NotADuration")
	errNotAPortRange  = errors.New("NotAPortRange")
	errNotANetwork    = errors.New("NotANetwork")
	errNotAnIPHost    = errors.New("HostIsNotAnIpAddress")
	errTooManyAddrs   = errors.New("TooManyAddrs")
	errName           = errors.New("NameError")
	errNotASuffix     = errors.New("NotADomainSuffix")
	errInvalidAnchors = errors.New("InvalidTrustAnchors")
	errInvalidHost    = errors.New("AddrError(InvalidHost)")
	errMissingPort    = errors.New("AddrError(MissingPort)")
)

var durationPattern = regexp.MustCompile(`^\s*(\d+)(ms|s|m|h|d)?\s*$`)

var durationUnits = map[string]time.Duration{
	"ms": time.Millisecond, "s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour,
}

func parseDuration(text string) (time.Duration, error) {
	match := durationPattern.FindStringSubmatch(text)
	if match == nil {
		return 0, errNotADuration
	}
	magnitude, err := strconv.ParseUint(match[1], 10, 64)
	if err != nil {
		return 0, notAnInteger(err)
	}
	unit, ok := durationUnits[match[2]]
	if !ok && magnitude != 0 {
		return 0, errNotADuration
	}
	if unit != 0 && magnitude > uint64(math.MaxInt64/unit) {
		return math.MaxInt64, nil // longer than 292 years
	}
	return time.Duration(magnitude) * unit, nil
}

// optionalDuration is a duration that an empty value leaves unset: only the control stream limits.
type optionalDuration struct {
	value time.Duration
	set   bool
}

func parseOptionalDuration(text string) (optionalDuration, error) {
	if text == "" {
		return optionalDuration{}, nil
	}
	value, err := parseDuration(text)
	return optionalDuration{value, err == nil}, err
}

func parseBool(text string) (bool, error) {
	switch text {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, errors.New("NotABool(ParseBoolError)")
}

func parseNumber(bits int) func(string) (uint64, error) {
	return func(text string) (uint64, error) {
		number, err := strconv.ParseUint(strings.TrimPrefix(text, "+"), 10, bits)
		if err != nil {
			return 0, notAnInteger(err)
		}
		return number, nil
	}
}

func parseFloat(text string) (float64, error) {
	number, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, errors.New("NotAFloat(ParseFloatError { kind: Invalid })")
	}
	return number, nil
}

func notAnInteger(err error) error {
	kind := "InvalidDigit"
	if errors.Is(err, strconv.ErrRange) {
		kind = "PosOverflow"
	}
	return fmt.Errorf("NotAnInteger(ParseIntError { kind: %s })", kind)
}

// address is IP:PORT or name:PORT (linkerd.md §3.1 "addr").
type address struct {
	socket netip.AddrPort // valid for IP:PORT
	name   string         // set for name:PORT
	port   uint16
}

func (a address) String() string {
	if a.name != "" {
		return a.name + ":" + strconv.Itoa(int(a.port))
	}
	return a.socket.String()
}

// isLoopback: a loopback IP or the absolute name localhost. means "no TLS, no service name needed".
func (a address) isLoopback() bool {
	if a.name != "" {
		return a.isLocalhost()
	}
	return a.socket.Addr().IsLoopback()
}

func (a address) isLocalhost() bool { return strings.EqualFold(a.name, "localhost.") }

func parseAddr(text string) (address, error) {
	if socket, err := netip.ParseAddrPort(text); err == nil && socket.Addr().Zone() == "" {
		return address{socket: socket, port: socket.Port()}, nil
	}
	colon := strings.LastIndexByte(text, ':')
	if colon < 0 {
		return address{}, errMissingPort
	}
	port, err := strconv.ParseUint(text[colon+1:], 10, 16)
	if err != nil {
		return address{}, errMissingPort
	}
	name, err := parseDNSName(text[:colon])
	if err != nil {
		return address{}, errInvalidHost
	}
	return address{name: name, port: uint16(port)}, nil
}

func parseSocketAddr(text string) (netip.AddrPort, error) {
	addr, err := parseAddr(text)
	if err != nil {
		return netip.AddrPort{}, err
	}
	if addr.name != "" {
		return netip.AddrPort{}, errNotAnIPHost
	}
	return addr.socket, nil
}

func parseSocketAddrs(text string) ([]netip.AddrPort, error) {
	parts := strings.Split(text, ",")
	if len(parts) > 2 {
		return nil, errTooManyAddrs
	}
	return mapAll(parts, parseSocketAddr)
}

// parseIPSet takes plain IPs only: no CIDR, no white space, not empty.
func parseIPSet(text string) ([]netip.Addr, error) {
	return mapAll(strings.Split(text, ","), func(part string) (netip.Addr, error) {
		ip, err := netip.ParseAddr(part)
		if err != nil || ip.Zone() != "" {
			return netip.Addr{}, errors.New("NotAnIp(AddrParseError(Ip))")
		}
		return ip, nil
	})
}

type portRange struct{ low, high uint16 }

type portRanges []portRange

func (ranges portRanges) contains(port uint16) bool {
	for _, r := range ranges {
		if r.low <= port && port <= r.high {
			return true
		}
	}
	return false
}

func parsePortRanges(text string) (portRanges, error) {
	return mapAll(listItems(text), parsePortRange)
}

func parsePortRange(item string) (portRange, error) {
	lowText, highText, isRange := strings.Cut(item, "-")
	low, err := parseNumber(16)(strings.TrimSpace(lowText))
	if err != nil || !isRange {
		return portRange{uint16(low), uint16(low)}, err
	}
	high, err := parseNumber(16)(strings.TrimSpace(highText))
	if err == nil && high < low {
		err = errNotAPortRange
	}
	return portRange{uint16(low), uint16(high)}, err
}

func parseNetworks(text string) ([]netip.Prefix, error) {
	return mapAll(listItems(text), func(item string) (netip.Prefix, error) {
		network, err := netip.ParsePrefix(item)
		if err != nil {
			return network, errNotANetwork
		}
		return network.Masked(), nil
	})
}

func parseSuffixes(text string) ([]string, error) {
	return mapAll(listItems(text), func(item string) (string, error) {
		if item == "." {
			return item, nil
		}
		name, err := parseDNSName(item)
		if err != nil {
			return "", errNotASuffix
		}
		return name, nil
	})
}

// listItems splits at commas and drops white space and empty items.
func listItems(text string) []string {
	var items []string
	for _, part := range strings.Split(text, ",") {
		if item := strings.TrimSpace(part); item != "" {
			items = append(items, item)
		}
	}
	return items
}

func mapAll[T any](items []string, parse func(string) (T, error)) ([]T, error) {
	values := make([]T, 0, len(items))
	for _, item := range items {
		value, err := parse(item)
		if err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return values, nil
}

var (
	labelPattern  = regexp.MustCompile(`^[0-9A-Za-z_]([0-9A-Za-z_-]{0,61}[0-9A-Za-z_])?$`)
	numberPattern = regexp.MustCompile(`^[0-9]+$`)
)

// parseDNSName: letters, digits, inner hyphens and underscores; the last label is not a number; one
// trailing dot is allowed.
func parseDNSName(text string) (string, error) {
	if len(text) > 253 {
		return "", errName
	}
	labels := strings.Split(strings.TrimSuffix(text, "."), ".")
	for _, label := range labels {
		if !labelPattern.MatchString(label) {
			return "", errName
		}
	}
	if !strings.HasSuffix(text, ".") && numberPattern.MatchString(labels[len(labels)-1]) {
		return "", errName
	}
	return strings.ToLower(text), nil
}

// identityID is a DNS name, tried first, or a URI (linkerd.md §3.1 "identity").
type identityID struct {
	text   string
	scheme string // empty for a DNS name
}

func (id identityID) isURI() bool { return id.scheme != "" }

func parseIdentity(text string) (identityID, error) {
	if name, err := parseDNSName(text); err == nil && !strings.HasSuffix(text, ".") {
		return identityID{text: name}, nil
	}
	uri, err := url.Parse(text)
	if err != nil || uri.Scheme == "" {
		return identityID{}, errName
	}
	return identityID{text: uri.String(), scheme: uri.Scheme}, nil
}
