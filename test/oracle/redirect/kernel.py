#!/usr/bin/env python3
"""Loads rules into the kernel and says where connections arrive: a line of JSON in, a line of JSON out.

Started in a network and mount namespace of its own, which is the machine. `outside` is a second network namespace that
answers at every address and port. Between them is one veth pair for each interface that the test names. Whoever opens a
connection is told by the credentials of the socket, which is what the kernel's matches look at (setfsuid before socket).
"""

import ctypes
import itertools
import json
import os
import select
import socket
import struct
import subprocess
import sys
import time
import traceback

INTERFACES = ["mesh0", "mesh01", "wg0"]
OWN = ["10.42.3.7", "fd42::7"]
# Further addresses of the machine, which its proxy may serve or not.
SECOND = ["10.42.3.8", "172.31.9.1", "fd42::8", "fd88::1"]
# Networks that lead to lo and are not the machine's own. IPv6 has none: it refuses such a route.
LOOPED = "198.18.77.0/24"
OUTSIDE_PORT = 7000
PROXY_PORTS = {"outbound": 4140, "inbound": 4143}

CLONE_NEWNET = 0x40000000
SO_ORIGINAL_DST = 80
NETLINK_NETFILTER = 12
SO_RCVBUFFORCE = 33
IP_TRANSPARENT = 19
IPV6_TRANSPARENT = 75
FAMILIES = {"ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}
SYN, RST, ACK = 2, 4, 16

libc = ctypes.CDLL(None, use_errno=True)


def call(function, *parameters):
    if function(*parameters) != 0:
        raise OSError(ctypes.get_errno(), "cannot change the namespace")


def run(command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr}{text or ''}")
    return done.stderr


class Namespace:
    def __init__(self, fd):
        self.fd = fd

    def enter(self):
        call(libc.setns, self.fd, CLONE_NEWNET)


def set_sysctls(values):
    for name, value in values.items():
        with open(f"/proc/sys/{name}", "w") as file:
            file.write(value)


COMMON = {
    "net/ipv4/conf/all/rp_filter": "0",
    "net/ipv4/conf/default/rp_filter": "0",
    "net/ipv4/conf/all/accept_local": "1",
    "net/ipv4/icmp_ratelimit": "0",
    "net/ipv6/icmp/ratelimit": "0",
    "net/ipv6/conf/default/accept_dad": "0",
    "net/ipv6/conf/all/accept_dad": "0",
}


def address(side, index, family):
    return f"192.0.2.{4 * index + side}" if family == "ipv4" else f"2001:db8:0:{index}::{side}"


def mac(side, index):
    return f"02:00:00:00:0{index}:0{side}"


def link_commands(side, index, name, table):
    """One end of a pair: its addresses, who is at the other end, and the table that sends everything there."""
    other = 3 - side
    return [
        f"link set {name} address {mac(side, index)} up",
        f"addr add {address(side, index, 'ipv4')}/30 dev {name}",
        f"addr add {address(side, index, 'ipv6')}/64 dev {name} nodad",
        f"addr add fe80::{side}/128 dev {name} nodad",
        f"neigh replace {address(other, index, 'ipv4')} lladdr {mac(other, index)} dev {name}",
        f"neigh replace {address(other, index, 'ipv6')} lladdr {mac(other, index)} dev {name}",
        f"neigh replace fe80::{other} lladdr {mac(other, index)} dev {name}",
        f"-6 route add fe80::/10 via fe80::{other} dev {name} onlink metric {table}",
        f"route add default via {address(other, index, 'ipv4')} dev {name} table {table}",
        f"-6 route add default via {address(other, index, 'ipv6')} dev {name} table {table}",
    ]


def batch(commands):
    for family in ("-4", "-6"):
        chosen = [line.removeprefix("-6 ") for line in commands if is_sixth(line) == (family == "-6")]
        run(["ip", family, "-batch", "-"], "\n".join(chosen) + "\n")


def is_sixth(line):
    return line.startswith("-6 ") or "::" in line


def build():
    """Makes both namespaces; the process is left in the machine's."""
    machine = Namespace(os.open("/proc/thread-self/ns/net", os.O_RDONLY))
    call(libc.unshare, CLONE_NEWNET)
    outside = Namespace(os.open("/proc/thread-self/ns/net", os.O_RDONLY))
    run(["ip", "link", "set", "lo", "up"])
    set_sysctls(COMMON)
    machine.enter()
    run(["ip", "link", "set", "lo", "up"])
    # route_localnet: what comes in by lo and is redirected goes to 127.0.0.1.
    forwarding = {"net/ipv4/ip_forward": "1", "net/ipv6/conf/all/forwarding": "1"}
    set_sysctls({**COMMON, **forwarding, "net/ipv4/conf/lo/route_localnet": "1"})
    for index, name in enumerate(INTERFACES):
        run(["ip", "link", "add", name, "type", "veth", "peer", "name", f"out{index}", "netns",
             f"/proc/{os.getpid()}/fd/{outside.fd}"])
    for index, name in enumerate(INTERFACES):
        set_sysctls({f"net/ipv6/conf/{name}/addr_gen_mode": "1", f"net/ipv4/conf/{name}/rp_filter": "0"})
        batch(link_commands(2, index, name, 101 + index))
    marks = [f"rule add pref {50 + index} fwmark {index + 1} lookup {101 + index}" for index in range(len(INTERFACES))]
    # A marked packet leaves by its interface even for an address of the machine itself, but never for loopback.
    local = ["rule add pref 100 lookup local", "rule del pref 0"]
    batch([
        "rule add pref 10 to 127.0.0.0/8 lookup local",
        "-6 rule add pref 10 to ::1/128 lookup local",
        *marks, *[f"-6 {line}" for line in marks], *local, *[f"-6 {line}" for line in local],
        f"addr add {OWN[0]}/32 dev lo",
        f"addr add {OWN[1]}/128 dev lo",
        *[f"addr add {text}/{128 if ':' in text else 32} dev lo" for text in SECOND],
        f"route add default via {address(1, 0, 'ipv4')} dev mesh0",
        f"-6 route add default via {address(1, 0, 'ipv6')} dev mesh0",
        f"route add {LOOPED} dev lo",
    ])
    outside.enter()
    for index in range(len(INTERFACES)):
        name = f"out{index}"
        set_sysctls({f"net/ipv6/conf/{name}/addr_gen_mode": "1", f"net/ipv4/conf/{name}/rp_filter": "0"})
        batch(link_commands(1, index, name, 101 + index))
    arrive = [f"rule add pref {10 + index} iif out{index} lookup 200" for index in range(len(INTERFACES))]
    batch([
        *arrive, *[f"-6 {line}" for line in arrive], *marks, *[f"-6 {line}" for line in marks],
        "route add local default dev lo table 200",
        "-6 route add local default dev lo table 200",
        f"route add default via {address(2, 0, 'ipv4')} dev out0",
        f"-6 route add default via {address(2, 0, 'ipv6')} dev out0",
    ])
    # A connection that the machine forwards comes back here; tracked apart from where it started, it is a new one.
    run(["nft", "-f", "-"], f"""table inet outside {{
      chain start {{
        type filter hook output priority raw;
        meta l4proto {{ tcp, udp }} th sport != {OUTSIDE_PORT} ct zone set 1
      }}
      chain arrive {{
        type nat hook prerouting priority dstnat;
        meta l4proto {{ tcp, udp }} redirect to :{OUTSIDE_PORT}
      }}
    }}""")
    machine.enter()
    return machine, outside


def listen(place, port):
    """Sockets for both families and both protocols, each with where it is."""
    found = []
    for family, number in FAMILIES.items():
        anywhere = "0.0.0.0" if family == "ipv4" else "::"
        loopback = "127.0.0.1" if family == "ipv4" else "::1"
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            made = socket.socket(number, kind | socket.SOCK_NONBLOCK)
            if family == "ipv6":
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind((loopback if place == "outbound" else anywhere, port))
            if kind == socket.SOCK_STREAM:
                made.listen(4096)
            found.append((place, family, kind, made))
    return found


def original(made, family):
    """Where whoever opened the connection wanted to go."""
    if family == "ipv4":
        port, packed = struct.unpack("!2xH4s8x", made.getsockopt(socket.IPPROTO_IP, SO_ORIGINAL_DST, 16))
        return socket.inet_ntop(socket.AF_INET, packed), port
    port, packed = struct.unpack("!2xH4x16s4x", made.getsockopt(socket.IPPROTO_IPV6, SO_ORIGINAL_DST, 28))
    return socket.inet_ntop(socket.AF_INET6, packed), port


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def segment(source, target, flags, number):
    """An IPv4 packet with a TCP segment that carries nothing but its flags."""
    ends = socket.inet_aton(source[0]) + socket.inet_aton(target[0])

    def tcp(check):
        return struct.pack("!HHIIBBHHH", source[1], target[1], number, 0, 5 << 4, flags, 64240, check, 0)

    def ip(check):
        return struct.pack("!BBHHHBBH", 0x45, 0, 40, 0, 0, 64, socket.IPPROTO_TCP, check) + ends

    pseudo = ends + struct.pack("!HH", socket.IPPROTO_TCP, 20)
    return ip(checksum(ip(0))) + tcp(checksum(pseudo + tcp(0)))


class Attempt:
    """One connection under way."""

    # Another one for each connection, and known beforehand: whom a listener hears from is told by it.
    ports = itertools.cycle(range(10000, 32000))

    def __init__(self, asked, number):
        self.source_port = next(self.ports)
        self.asked = asked
        self.number = number
        self.arrived = None
        self.refused = False
        self.looped = None
        self.fault = None
        self.target = (asked["destination"], asked["port"])

    def open(self):
        asked = self.asked
        family = FAMILIES[asked["family"]]
        kind = socket.SOCK_STREAM if asked["protocol"] == "tcp" else socket.SOCK_DGRAM
        # Whose socket it is stays with it, so everything else can be done by root again.
        libc.setfsuid(ctypes.c_uint32(asked["user"]))
        try:
            self.socket = socket.socket(family, kind | socket.SOCK_NONBLOCK)
        finally:
            libc.setfsuid(0)
        if asked["mark"] != 0:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, asked["mark"])
        if asked["source"] is not None:
            if asked["family"] == "ipv4":
                self.socket.setsockopt(socket.IPPROTO_IP, IP_TRANSPARENT, 1)
            else:
                self.socket.setsockopt(socket.IPPROTO_IPV6, IPV6_TRANSPARENT, 1)
        anywhere = "0.0.0.0" if asked["family"] == "ipv4" else "::"
        self.socket.bind((asked["source"] or anywhere, self.source_port))
        target = self.target
        if asked["family"] == "ipv6":
            first = int(asked["destination"].split(":")[0] or "0", 16)
            scope = socket.if_nametoindex(asked["via"]) if first & 0xFFC0 == 0xFE80 else 0
            target = (*target, 0, scope)
        try:
            self.socket.connect(target)
        except BlockingIOError:
            pass
        except ConnectionRefusedError:
            self.refused = True
        except OSError as error:
            self.fault = str(error)
        if kind == socket.SOCK_DGRAM and self.fault is None:
            self.socket.send(str(self.number).encode())

    def done(self):
        return self.arrived is not None or self.refused or self.fault is not None or self.looped is not None

    def report(self):
        if self.arrived is not None:
            return self.arrived
        if self.looped is not None:
            return self.looped
        if self.refused:
            return "itself"
        return f"nowhere{': ' + self.fault if self.fault else ''}"

    def close(self):
        if self.asked["protocol"] == "tcp":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


class Injected(Attempt):
    """A first packet that comes in by lo without having left by it: inbound rules are never asked about any other."""

    socket = None

    def open(self):
        self.inject(SYN, 0)

    def inject(self, flags, number):
        with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM) as made:
            packet = segment((self.asked["source"], self.source_port), self.target, flags, number)
            made.sendto(packet, ("lo", 0x0800, 0, 0, bytes(6)))

    def answer(self, flags):
        """Whoever listens there accepts; where nobody does, it is refused."""
        if flags & RST or self.target[1] in PROXY_PORTS.values():
            self.looped = "itself"
        else:
            self.looped = "proxy inbound"
        if flags & SYN:
            self.inject(RST, 1)

    def close(self):
        pass


def forget_connections():
    """Empties conntrack of this namespace: what it remembers of an ended connection would decide about its successor."""
    delete, request, acknowledge = (1 << 8) | 2, 1, 4
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as made:
        made.bind((0, 0))
        made.send(struct.pack("=IHHII", 20, delete, request | acknowledge, 1, 0) + struct.pack("=BBH", 0, 0, 0))
        (error,) = struct.unpack("=i", made.recv(4096)[16:20])
    if error != 0:
        raise OSError(-error, "cannot empty conntrack")


class Kernel:
    def __init__(self):
        self.machine, self.outside = build()
        self.listeners = [entry for place, port in PROXY_PORTS.items() for entry in listen(place, port)]
        # What is sent to lo and is nobody's: neither arrives nor is refused, so it is looked at on its way.
        self.loop = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, socket.htons(0x0800))
        # Every packet on lo is seen here, and none is read before all connections are opened: an answer that found the
        # usual buffer full would be lost, and a reset comes only once.
        self.loop.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        self.loop.bind(("lo", 0x0800))
        self.outside.enter()
        self.listeners += listen("outside", OUTSIDE_PORT)
        self.machine.enter()
        self.poll = select.epoll()
        self.readers = {entry[3].fileno(): entry for entry in self.listeners}
        for number in self.readers:
            self.poll.register(number, select.EPOLLIN)
        self.poll.register(self.loop.fileno(), select.EPOLLIN)

    def load(self, variant, files):
        for namespace in (self.outside, self.machine):
            namespace.enter()
            forget_connections()
        if variant == "nftables":
            return run(["nft", "-f", "-"], files["nft"])
        said = ""
        for command, text in (("iptables", files["v4"]), ("ip6tables", files["v6"])):
            # Without --noflush: what the last configuration left in the table goes.
            said += run([f"{command}-{variant}-restore"], text or "*nat\n:PREROUTING ACCEPT\n:OUTPUT ACCEPT\nCOMMIT\n")
        return said

    def ask(self, connections, patience):
        attempts = [self.attempt(asked, number) for number, asked in enumerate(connections)]
        for namespace in (self.machine, self.outside):
            namespace.enter()
            for attempt in attempts:
                if self.origin(attempt.asked) is namespace:
                    attempt.open()
        self.machine.enter()
        self.wait(attempts, time.monotonic() + patience)
        for attempt in attempts:
            attempt.close()
        return [attempt.report() for attempt in attempts]

    @staticmethod
    def attempt(asked, number):
        injected = asked["direction"] == "inbound" and asked["via"] == "lo"
        return Injected(asked, number) if injected else Attempt(asked, number)

    def origin(self, asked):
        return self.machine if asked["direction"] == "outbound" or asked["via"] == "lo" else self.outside

    def wait(self, attempts, end):
        streams = {
            (attempt.asked["family"], attempt.source_port): attempt
            for attempt in attempts
            if attempt.asked["protocol"] == "tcp"
        }
        opened = {attempt.socket.fileno(): attempt for attempt in attempts if attempt.socket is not None}
        for number, attempt in opened.items():
            self.poll.register(number, select.EPOLLERR | select.EPOLLHUP)
        while not all(attempt.done() for attempt in attempts) and time.monotonic() < end:
            for number, _ in self.poll.poll(0.2):
                if number in opened:
                    opened[number].refused = True
                    self.poll.unregister(number)
                    del opened[number]
                elif number == self.loop.fileno():
                    self.look(streams)
                else:
                    self.receive(self.readers[number], streams, attempts)
        for number in opened:
            self.poll.unregister(number)

    def receive(self, reader, streams, attempts):
        place, family, kind, listener = reader
        if kind == socket.SOCK_DGRAM:
            attempt = attempts[int(listener.recv(64))]
            direct = place != "outside" and attempt.target[1] == PROXY_PORTS[place]
            attempt.arrived = "itself" if place == "outside" or direct else f"proxy {place}"
            return
        made, peer = listener.accept()
        attempt = streams.get((family, peer[1]))
        at = made.getsockname()[:2]
        try:
            wanted = original(made, family)
        except FileNotFoundError:  # the family has no rules, so nothing is tracked
            wanted = at
        made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        made.close()
        if attempt is None:
            return
        if wanted != attempt.target:
            attempt.arrived = f"{place}, meant for {wanted}"
        elif place == "outside" or at == attempt.target:
            attempt.arrived = "itself"
        else:
            attempt.arrived = f"proxy {place}"

    def look(self, streams):
        packet = self.loop.recv(256)
        start = 4 * (packet[0] & 15)
        destination = socket.inet_ntop(socket.AF_INET, packet[16:20])
        if packet[9] != socket.IPPROTO_TCP or not destination.startswith("198.18.77."):
            return
        source_port, port = struct.unpack("!HH", packet[start : start + 4])
        answered = streams.get(("ipv4", port))
        if isinstance(answered, Injected) and not answered.done() and source_port == answered.target[1]:
            answered.answer(packet[start + 13])
        attempt = streams.get(("ipv4", source_port))
        if attempt is not None and (destination, port) == attempt.target:
            attempt.looped = "itself"


def main():
    run(["mount", "-t", "tmpfs", "tmpfs", "/run"])  # for the lock of iptables-legacy
    kernel = Kernel()
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if "variant" in request:
                answer = {"said": kernel.load(request["variant"], request["files"])}
            else:
                answer = {"arrivals": kernel.ask(request["connections"], request["patience"])}
        except Exception:
            answer = {"fault": traceback.format_exc()}
        print(json.dumps(answer), flush=True)


main()
