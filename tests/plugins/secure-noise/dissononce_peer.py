#!/usr/bin/python3
"""The other end of a secure-noise channel, by dissononce: what the plugin's README says, written from that page alone.

    dissononce_peer.py FILE

FILE is JSON: role ("initiator" or "responder"), kind ("stream" or "datagrams"), key (PEM), chain (DER in base64, leaf
first), peer (DER of the leaf expected at the other end, base64). Standard input and output are the path; a datagram
stands behind its size, two bytes. After the handshake it says who it is, waits for an answer, sends 60 bytes of exported
key material and closes in order. It ends with 0 if everything was as it should be.
"""

import base64
import hashlib
import hmac
import json
import os
import struct
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from dissononce.cipher.chachapoly import ChaChaPolyCipher
from dissononce.dh.x25519.x25519 import X25519DH
from dissononce.hash.sha256 import SHA256Hash
from dissononce.processing.handshakepatterns.interactive.XX import XXHandshakePattern
from dissononce.processing.impl.cipherstate import CipherState
from dissononce.processing.impl.handshakestate import HandshakeState
from dissononce.processing.impl.symmetricstate import SymmetricState

DATA, CLOSE, CONFIRM = 0, 1, 3
HELLO, ANSWER, PROOF, GO_ON, RECORD = 1, 2, 3, 4, 0x10
MTU = 1200
IDENTITY_SIGNATURE = b"jackfield identity-x509 signature 1\0"


def read_exactly(size):
    data = sys.stdin.buffer.read(size)
    if len(data) != size:
        raise EOFError("the plugin ended the path")
    return data


def read_sized():
    return read_exactly(struct.unpack(">H", read_exactly(2))[0])


def write_sized(data):
    sys.stdout.buffer.write(struct.pack(">H", len(data)) + data)
    sys.stdout.buffer.flush()


def sized(data):
    return struct.pack(">H", len(data)) + data


class Noise:
    """The handshake, and what is bound into it."""

    def __init__(self, settings):
        self.initiator = settings["role"] == "initiator"
        self.key = serialization.load_pem_private_key(settings["key"].encode(), None)
        self.chain = [base64.b64decode(each) for each in settings["chain"]]
        self.peer = base64.b64decode(settings["peer"])
        self.state = HandshakeState(SymmetricState(CipherState(ChaChaPolyCipher()), SHA256Hash()), X25519DH())
        self.state.initialize(XXHandshakePattern(), self.initiator, b"jackfield secure-noise 1",
                              s=X25519DH().generate_keypair())
        self.ciphers = None

    def write(self, payload):
        message = bytearray()
        self.ciphers = self.state.write_message(payload, message) or self.ciphers
        return bytes(message)

    def read(self, message):
        payload = bytearray()
        self.ciphers = self.state.read_message(message, payload) or self.ciphers
        return bytes(payload)

    @staticmethod
    def signed_text(initiator, static, ephemeral):
        role = b"initiator" if initiator else b"responder"
        return IDENTITY_SIGNATURE + b"jackfield secure-noise 1 " + role + b"\0" + static.data + ephemeral.data

    def proof(self):
        text = self.signed_text(self.initiator, self.state.s.public, self.state.re)
        signature = self.key.sign(text, ec.ECDSA(hashes.SHA256()))
        return bytes([1, len(self.chain)]) + b"".join(sized(each) for each in self.chain) + sized(signature)

    def check(self, payload):
        assert payload[0] == 1, f"no proof but {payload[:2].hex()}"
        parts, rest = [], payload[2:]
        for _ in range(payload[1] + 1):
            size = struct.unpack(">H", rest[:2])[0]
            parts.append(rest[2:2 + size])
            rest = rest[2 + size:]
        assert not rest, "bytes behind the proof"
        assert parts[0] == self.peer, "another device"
        text = self.signed_text(not self.initiator, self.state.rs, self.state.e.public)
        x509.load_der_x509_certificate(parts[0]).public_key().verify(parts[-1], text, ec.ECDSA(hashes.SHA256()))

    def keys(self):
        """To send with, to receive with."""
        return self.ciphers if self.initiator else self.ciphers[::-1]

    def export(self, label, context, size):
        symmetric = self.state.symmetricstate
        mac = lambda key, data: hmac.new(key, data, hashlib.sha256).digest()
        extracted = mac(symmetric._ck, b"jackfield noise exporter 1" + symmetric.get_handshake_hash())
        secret = mac(extracted, b"\1")
        info, out, block = sized(label) + (sized(context) if context else b""), b"", b""
        while len(out) < size:
            block = mac(secret, block + info + bytes([len(out) // 32 + 1]))
            out += block
        return out[:size]


class Stream:
    def __init__(self, noise):
        self.noise = noise

    def shake_hands(self):
        noise = self.noise
        if noise.initiator:
            write_sized(noise.write(b""))
            noise.check(noise.read(read_sized()))
            write_sized(noise.write(noise.proof()))
        else:
            assert noise.read(read_sized()) == b""
            write_sized(noise.write(noise.proof()))
            noise.check(noise.read(read_sized()))

    def send(self, kind, content=b""):
        write_sized(self.noise.keys()[0].encrypt_with_ad(b"", bytes([kind]) + content))

    def receive(self):
        plain = self.noise.keys()[1].decrypt_with_ad(b"", read_sized())
        return plain[0], plain[1:]


class Datagrams:
    def __init__(self, noise):
        self.noise = noise
        self.ours, self.theirs = b"", b""
        self.counter = 0

    def head(self, kind, size, offset, flags=0):
        return bytes([kind, flags]) + self.ours + self.theirs + struct.pack(">HH", size, offset)

    def write_message(self, kind, message):
        most = MTU - 22
        for at in range(0, len(message), most):
            write_sized(self.head(kind, len(message), at) + message[at:at + most])

    def read_message(self, kind):
        message, have = None, 0
        while message is None or have < len(message):
            datagram = read_sized()
            if datagram[0] != kind:
                continue
            size, offset = struct.unpack(">HH", datagram[18:22])
            self.ours, self.theirs = datagram[2:10], datagram[10:18]
            message = message or bytearray(size)
            message[offset:offset + len(datagram) - 22] = datagram[22:]
            have += len(datagram) - 22
            if datagram[1] == 1:
                write_sized(self.head(GO_ON, size, have))
        return bytes(message)

    def shake_hands(self):
        noise = self.noise
        if noise.initiator:
            self.ours, self.theirs = os.urandom(8), bytes(8)
            self.write_message(HELLO, noise.write(bytes(MTU - 22 - 32)))
            noise.check(noise.read(self.read_message(ANSWER)))
            self.write_message(PROOF, noise.write(noise.proof()))
            assert self.receive()[0] == CONFIRM, "not confirmed"
        else:
            noise.read(self.read_message(HELLO))
            self.theirs = os.urandom(8)
            self.write_message(ANSWER, noise.write(noise.proof()))
            noise.check(noise.read(self.read_message(PROOF)))
            self.send(CONFIRM)

    def send(self, kind, content=b""):
        head = bytes([RECORD]) + struct.pack(">Q", self.counter)
        cipher = self.noise.keys()[0]
        cipher.set_nonce(self.counter)
        self.counter += 1
        write_sized(head + cipher.encrypt_with_ad(head, bytes([kind]) + content))

    def receive(self):
        datagram = read_sized()
        assert datagram[0] == RECORD, f"no record but {datagram[0]}"
        cipher = self.noise.keys()[1]
        cipher.set_nonce(struct.unpack(">Q", datagram[1:9])[0])
        plain = cipher.decrypt_with_ad(datagram[:9], datagram[9:])
        return plain[0], plain[1:]


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        settings = json.load(file)
    noise = Noise(settings)
    channel = Stream(noise) if settings["kind"] == "stream" else Datagrams(noise)
    channel.shake_hands()
    channel.send(DATA, b"dissononce, " + settings["role"].encode())
    assert channel.receive() == (DATA, b"jackfield"), "other words"
    channel.send(DATA, noise.export(b"EXPORTER-test", b"context", 60))
    channel.send(CLOSE)
    assert channel.receive() == (CLOSE, b""), "no end in order"


try:
    main()
except AssertionError as reason:
    sys.exit(f"dissononce_peer: {reason}")
