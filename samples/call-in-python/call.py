#!/usr/bin/env python3
"""call.py CONFIG PEER FILE: calls PEER, sends a picture and a tone for three seconds, and keeps what arrives in FILE."""
import sys, time
import jackfield

config, peer, file = sys.argv[1:]
with jackfield.Node(config) as node, node.call(peer, send="test", record=file) as call:
    call.wait_answered(timeout=30)
    time.sleep(3)
