#!/usr/bin/env python3
"""A registrar for one test: takes whoever registers over UDP, and says nothing else. Prints its port."""

import re
import socket

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 0))
print(f"registrar at port {server.getsockname()[1]}", flush=True)
while True:
    request, sender = server.recvfrom(65536)
    if not request.startswith(b"REGISTER "):
        continue
    lines = request.decode().split("\r\n")
    kept = [line for line in lines if re.match(r"(Via|From|To|Call-ID|CSeq|Contact):", line)]
    server.sendto("\r\n".join(["SIP/2.0 200 OK", *kept, "Content-Length: 0", "", ""]).encode(), sender)
