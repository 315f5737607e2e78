package main

import (
	"encoding/binary"
	"net"
	"net/netip"
	"syscall"
	"unsafe"
)

// soOriginalDst is both SO_ORIGINAL_DST (level SOL_IP) and IP6T_SO_ORIGINAL_DST (level SOL_IPV6).
const soOriginalDst = 80

// originalDst asks the kernel where a redirected connection was going. It fails with ENOENT when
// connection tracking does not know the connection (linkerd.md §3.6).
func originalDst(conn *net.TCPConn) (netip.AddrPort, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return netip.AddrPort{}, err
	}
	lookup := originalDst6
	if peerAddr(conn).Is4() {
		lookup = originalDst4
	}
	var dst netip.AddrPort
	var failure error
	if err := raw.Control(func(fd uintptr) { dst, failure = lookup(int(fd)) }); err != nil {
		return netip.AddrPort{}, err
	}
	return dst, failure
}

// originalDst4 reads a sockaddr_in (16 bytes), through the one getsockopt wrapper of that size.
func originalDst4(fd int) (netip.AddrPort, error) {
	request, err := syscall.GetsockoptIPv6Mreq(fd, syscall.IPPROTO_IP, soOriginalDst)
	if err != nil {
		return netip.AddrPort{}, err
	}
	raw := request.Multiaddr
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte(raw[4:8])), binary.BigEndian.Uint16(raw[2:4])), nil
}

// originalDst6 reads a sockaddr_in6, which heads the structure that this wrapper reads.
func originalDst6(fd int) (netip.AddrPort, error) {
	info, err := syscall.GetsockoptIPv6MTUInfo(fd, syscall.IPPROTO_IPV6, soOriginalDst)
	if err != nil {
		return netip.AddrPort{}, err
	}
	port := (*[2]byte)(unsafe.Pointer(&info.Addr.Port)) // in network byte order
	return netip.AddrPortFrom(netip.AddrFrom16(info.Addr.Addr), binary.BigEndian.Uint16(port[:])), nil
}

// peerAddr is the client's address; an IPv4 client of an IPv6 socket counts as IPv4.
func peerAddr(conn net.Conn) netip.Addr {
	addr, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if err != nil {
		return netip.Addr{}
	}
	return addr.Addr().Unmap().WithZone("")
}
