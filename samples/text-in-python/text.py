#!/usr/bin/env python3
"""text.py CONFIG PEER TEXT [FILE]: writes TEXT to PEER, sends FILE, too, and shows what PEER writes until it has written nothing for three seconds."""
import sys
import jackfield

config, peer, text, *files = sys.argv[1:]
with jackfield.Node(config) as node:
    node.texts.send(peer, text)
    for file in files:
        node.files.send(peer, file).wait(timeout=60)
    try:
        while (answer := node.texts.next(timeout=3)) is not None:
            print(f"{answer.account[:8]}: {answer.text}")
    except TimeoutError:
        pass
