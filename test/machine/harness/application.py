"""The application of the test machine. It knows nothing of the mesh.

Port 80: answers HTTP with who it talks to; a first line HOLD keeps the connection and echoes lines.
From its start it keeps one connection to the service in the cluster, and dials the service and a stranger every second.
"""

import json
import socket
import socketserver
import sys
import threading
import time

SERVICE, STRANGER, ECHO, PROBE = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
LISTEN = sys.argv[5] if len(sys.argv) > 5 else "0.0.0.0"
seen = {"held": None, "echoes": 0, "broken": None, "service": 0, "stranger": 0, "refused": 0}


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        first = self.rfile.readline().decode("latin1").strip()
        who = self.client_address[0]
        if first == "HOLD":
            self.wfile.write(f"application holds {who}\n".encode())
            for line in self.rfile:
                self.wfile.write(line)
            return
        body = json.dumps(seen) if first.startswith("GET /seen") else f"hello from the application to {who}"
        self.wfile.write(f"HTTP/1.0 200 OK\r\nConnection: close\r\n\r\n{body}\n".encode())


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64
    address_family = socket.AF_INET6 if ":" in LISTEN else socket.AF_INET

    def server_bind(self):
        if ":" in LISTEN:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        super().server_bind()


def hold():
    while True:
        try:
            connection = socket.create_connection((SERVICE, ECHO), 2)
            break
        except OSError:
            time.sleep(0.1)
    try:
        lines = connection.makefile("rwb")
        lines.readline()
        seen["held"] = time.time()
        while True:
            lines.write(b"still here\n")
            lines.flush()
            if lines.readline() != b"still here\n":
                raise OSError("the connection was closed")
            seen["echoes"] += 1
            time.sleep(0.5)
    except OSError as error:
        seen["broken"] = str(error)


def probe(name, address):
    while True:
        try:
            with socket.create_connection((address, PROBE), 2) as connection:
                if connection.recv(100):
                    seen[name] += 1
        except OSError:
            if name == "service":
                seen["refused"] += 1
        time.sleep(1)


threading.Thread(target=hold, daemon=True).start()
threading.Thread(target=probe, args=("service", SERVICE), daemon=True).start()
threading.Thread(target=probe, args=("stranger", STRANGER), daemon=True).start()
Server((LISTEN, 80), Handler).serve_forever()
