"""The package jackfield with libjackfield: the sample calls a real `jackfield listen`; two nodes of one process.

python_test.py BUILD_FOLDER SOURCE_FOLDER
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

BUILD, SOURCE = Path(sys.argv.pop(1)), Path(sys.argv.pop(1))
os.environ["JACKFIELD_LIBRARY"] = str(BUILD / "lib" / "libjackfield.so.1")
os.environ["PYTHONPATH"] = str(SOURCE / "sdk" / "python")
sys.path.insert(0, os.environ["PYTHONPATH"])
import jackfield  # noqa: E402

LONG = 30  # s; a bound on what hangs, no measure


def config(*peers):
    """No plugin_path: the plugins beside the library are found, whoever the program is."""
    return {
        "jackfield": 1,
        "call": {"control_policy": "tcp-only"},
        "slots": {
            "identity": {"use": "identity-memory"},
            "discovery": {"use": "discovery-static",
                          "config": {"listen": "127.0.0.1:0", "peers": [{"account": a, "address": at} for a, at in peers]}},
            "connectivity": {"use": "ice-direct", "config": {"addresses": ["127.0.0.1"]}},
            "secure_channel": {"use": "secure-openssl"},
            "signaling": {"use": "signaling-json"},
            "media_transport": {"use": "media-srtp"},
            "codec": [{"use": "codec-opus"}, {"use": "codec-vpx"}],
            "media_source": [{"use": "media-test"}],
            "media_sink": [{"use": "media-ffmpeg"}, {"use": "media-null"}],
        },
    }


def full_config(folder, *peers):
    """With texts, contacts and files, in that folder."""
    more = {"texts": {}, "contacts": "contacts.json", "files": {"folder": "received", "from": "anyone"}}
    made = {**config(*peers), **more}
    made["slots"]["multiplexer"] = {"use": "mux-yamux"}
    return made


def where_it_listens(listening):
    """Of `jackfield listen --events json`: its account, and where its discovery-static is."""
    account = ""
    for line in listening.stderr:
        if line.startswith("listening as "):
            account = line.split()[-1]
        if line.startswith('{"discovery-static"'):
            return account, json.loads(line)["discovery-static"]["listening"]
    raise AssertionError("it has ended")


class PythonTest(unittest.TestCase):
    def test_the_sample_calls_a_listening_program_and_records(self):
        with tempfile.TemporaryDirectory() as folder:
            bob, alice, kept = (Path(folder) / name for name in ("bob.json", "alice.json", "kept.mkv"))
            bob.write_text(json.dumps(config()))
            command = [BUILD / "bin" / "jackfield", "listen", "--config", bob, "--answer", "--send", "test", "--once",
                       "--events", "json"]
            with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as listening:
                try:
                    account, at = where_it_listens(listening)
                    alice.write_text(json.dumps(config((account, at))))
                    sample = [sys.executable, SOURCE / "samples" / "call-in-python" / "call.py", alice, account, kept]
                    made = subprocess.run(sample, capture_output=True, text=True, timeout=2 * LONG)
                    self.assertEqual((made.returncode, made.stderr), (0, ""))
                    listening.stderr.read()
                    self.assertEqual(listening.wait(LONG), 0)
                finally:
                    listening.kill()
            self.assertGreater(kept.stat().st_size, 10000)

    def test_the_sample_writes_to_a_listening_program_and_sends_it_a_file(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            for name in ("alice", "bob"):
                (folder / name).mkdir()
            (folder / "bob" / "jackfield.json").write_text(json.dumps(full_config(folder)))
            command = [BUILD / "bin" / "jackfield", "listen", "--config", folder / "bob" / "jackfield.json", "--events", "json"]
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as listening:
                try:
                    account, at = where_it_listens(listening)
                    (folder / "alice" / "jackfield.json").write_text(json.dumps(full_config(folder, (account, at))))
                    sent = folder / "sent.txt"
                    sent.write_text("as it was sent")
                    sample = [sys.executable, SOURCE / "samples" / "text-in-python" / "text.py",
                              folder / "alice" / "jackfield.json", account, "hello from Python", sent]
                    made = subprocess.run(sample, capture_output=True, text=True, timeout=2 * LONG)
                    self.assertEqual((made.returncode, made.stderr), (0, ""))
                    listening.send_signal(signal.SIGINT)
                    self.assertIn("hello from Python", listening.communicate(timeout=LONG)[0])
                finally:
                    listening.kill()
            received = [file for file in (folder / "bob" / "received").rglob("sent*.txt")]
            self.assertEqual([file.read_text() for file in received], ["as it was sent"])

    def test_texts_contacts_and_files_between_two_nodes(self):
        with tempfile.TemporaryDirectory() as a, tempfile.TemporaryDirectory() as b, \
                jackfield.Node(full_config(b), base=b) as bob, \
                jackfield.Node(full_config(a, (bob.account, bob.listens_at)), base=a) as alice:
            alice.contacts.add("bob", bob.account)
            self.assertEqual([(c.name, c.account, c.banned) for c in alice.contacts], [("bob", bob.account, False)])
            text_id = alice.texts.send("bob", "gr\u00fc\u00dfe")
            came = bob.texts.next(LONG)
            self.assertEqual((came.account, came.id, came.text, came.ours), (alice.account, text_id, "gr\u00fc\u00dfe", False))
            alice.next_that("text", "delivered", LONG)
            self.assertEqual([t.delivered for t in alice.texts.history("bob")], [True])
            bob.texts.mark_read(alice.account)
            self.assertEqual([t.read for t in bob.texts.history()], [True])
            alice.texts.typing("bob")
            self.assertTrue(bob.next_that("text", "typing", LONG)["detail"]["active"])
            alice.contacts.request(bob.account, note="it is me")
            self.assertEqual([c.asked for c in alice.contacts], [True])
            self.assertEqual((alice.contacts.requests(), list(bob.contacts)), ([], []))
            alice.contacts.ban("bob")
            alice.contacts.remove("bob")
            with self.assertRaises(jackfield.JackfieldError) as caught:
                alice.contacts.remove("bob")
            self.assertEqual(caught.exception.word, "not found")
            self.assertEqual(alice.presence.devices(bob.account), [bob.device])
            sent = Path(a) / "sent.bin"
            sent.write_bytes(bytes(range(256)) * 1000)
            bob.files.take(jackfield.TakeFiles.ASKED)
            refused = alice.files.send(bob.account, sent)
            with bob.files.next(LONG) as offered:
                self.assertEqual((offered.account, offered.name, offered.size), (alice.account, "sent.bin", 256000))
            with self.assertRaises(jackfield.JackfieldError) as caught:
                refused.wait(LONG)
            self.assertEqual(caught.exception.word, "refused")
            taken = alice.files.send(bob.account, sent)
            offered = bob.files.next(LONG)
            with self.assertRaises(TimeoutError):
                taken.wait(0)
            offered.accept()
            self.assertIsNone(taken.wait(LONG))
            self.assertEqual(offered.wait(LONG).read_bytes(), sent.read_bytes())
            self.assertEqual(offered.progress(), (jackfield.FileState.ENDED, 256000))

    def test_two_nodes_call_each_other_and_hear_of_it(self):
        with jackfield.Node(config()) as bob, jackfield.Node(config((bob.account, bob.listens_at))) as alice:
            self.assertNotEqual(alice.account, bob.account)
            self.assertEqual(len(alice.device), 64)
            bob.take_calls(send="test")
            with alice.call(bob.account, send="test", audio_only=True) as call:
                rings = bob.next_call(LONG)
                self.assertEqual(rings.peer, alice.account)
                with self.assertRaises(TimeoutError):
                    call.wait_answered(0.01)
                rings.answer()
                call.wait_answered(LONG)
                self.assertEqual(call.state, jackfield.CallState.ANSWERED)
                call.mute()
                call.digits("7")
                call.rotate(90)
                with self.assertRaises(jackfield.JackfieldError) as caught:
                    call.follow()
                self.assertEqual(caught.exception.word, "not found")
                event = next(e for e in bob if e["detail"].get("digit"))
                self.assertEqual((event["call"], event["detail"]["digit"]), (rings.id, "7"))
            call.wait_ended(LONG)
            rings.wait_ended(LONG)
            with self.assertRaises(jackfield.JackfieldError) as caught:
                call.mute()
            self.assertEqual(caught.exception.word, "closed")
            self.assertEqual([s["kind"] for s in call.statistics()], ["audio"])
            alice.stop()
            last = [event for event in alice if event["call"] == call.id][-1]
            self.assertEqual((last["step"], last["event"]), ("call", "done"))
            self.assertNotIn("video", [s["kind"] for s in last["detail"]["statistics"]["streams"]])

    def test_a_call_needs_no_sink_that_it_does_not_use(self):
        without = config()
        del without["slots"]["media_sink"]
        with tempfile.TemporaryDirectory() as folder, jackfield.Node(without) as bob:
            bob.take_calls(send="test")
            alice = config((bob.account, bob.listens_at))
            del alice["slots"]["media_sink"]
            (Path(folder) / "alice.json").write_text(json.dumps(alice))
            command = [BUILD / "bin" / "jackfield", "call", bob.account, "--config", Path(folder) / "alice.json", "--send", "test"]
            with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as calling:
                try:
                    with bob.next_call(LONG) as rings:
                        rings.answer()
                        rings.wait_answered(LONG)
                        event = bob.next_that("media", "first_audio", LONG)
                        self.assertEqual(event["call"], rings.id)
                    said = calling.communicate(timeout=LONG)[1]
                    self.assertEqual(calling.returncode, 0, said)
                finally:
                    calling.kill()

    def test_a_thread_that_waits_for_events_ends_with_the_node(self):
        node = jackfield.Node(config())
        node.start()
        taken = []
        thread = threading.Thread(target=lambda: taken.extend(node))
        thread.start()
        node.stop()
        thread.join(LONG)
        self.assertFalse(thread.is_alive())
        self.assertIn("discovery", [event["step"] for event in taken])
        node.close()
        node.close()

    def leave(self, how):
        """A program with two nodes and a call that nobody closes, and whose last lines are those."""
        lines = f"""
import os, signal, sys, threading
sys.argv = ["", {str(BUILD)!r}, {str(SOURCE)!r}]
sys.path.insert(0, {str(SOURCE / "tests" / "capi")!r})
from python_test import config, jackfield
bob = jackfield.Node(config()); bob.start()
alice = jackfield.Node(config((bob.account, bob.listens_at))); alice.start()
bob.take_calls(send="test")
call = alice.call(bob.account, send="test")
rings = bob.next_call(30); rings.answer(); call.wait_answered(30)
{how}
"""
        return subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, timeout=LONG)

    def test_an_interpreter_may_exit_with_nodes_and_calls(self):
        for _ in range(3):
            for how, code in {
                    "": 0,
                    "sys.exit(3)": 3,
                    "threading.Thread(target=lambda: list(alice), daemon=True).start()": 0,
                    "jackfield.node.atexit.unregister(jackfield.node._close_all); del jackfield.Node.__del__": 0,
                    "os.fork() or sys.exit(); os.wait(); print(call.state)": 0,
            }.items():
                left = self.leave(how)
                self.assertEqual((left.returncode, left.stderr), (code, ""), how)

    def test_ctrl_c_ends_an_interpreter_that_waits(self):
        for waits in ("alice.next_event()\nwhile True: alice.next_event()", "call.wait_ended()", "bob.next_call()"):
            left = self.leave(f"threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()\n{waits}")
            self.assertIn("KeyboardInterrupt", left.stderr, waits)
            self.assertEqual(left.returncode, -signal.SIGINT, waits)

    def test_the_library_exports_what_its_header_says_and_the_package_has_all_of_it(self):
        header = (SOURCE / "kernel/capi/include/jackfield/jackfield.h").read_text()
        said = set(re.findall(r"\b(jackfield_\w+)\(", re.sub(r"/\*.*?\*/", "", header, flags=re.S)))
        symbols = subprocess.run(["nm", "-D", "--defined-only", os.environ["JACKFIELD_LIBRARY"]], capture_output=True, text=True)
        exported = {line.split()[2].split("@")[0] for line in symbols.stdout.splitlines() if " A " not in line}
        self.assertEqual(exported, said)
        self.assertGreater(len(said), 50)
        package = "".join(file.read_text() for file in (SOURCE / "sdk/python/jackfield").glob("*.py"))
        self.assertEqual([name for name in said if f'"{name.removeprefix("jackfield_")}"' not in package
                          and f".{name}" not in package], [])

    def test_errors_are_exceptions_with_four_parts(self):
        with self.assertRaises(jackfield.JackfieldError) as caught:
            jackfield.Node("/nonexistent.json")
        self.assertEqual(caught.exception.word, "not found")
        self.assertIn("/nonexistent.json", caught.exception.text)
        with self.assertRaises(jackfield.JackfieldError) as caught:
            jackfield.Node({"jackfield": 1, "slotz": {}})
        self.assertEqual(caught.exception.word, "bad configuration")
        with jackfield.Node(config()) as node:
            with self.assertRaises(jackfield.JackfieldError) as caught:
                node.call("nobody")
            self.assertIn("would work", str(caught.exception))
            with self.assertRaises(jackfield.JackfieldError) as caught:
                node.call("0" * 64).wait_answered(LONG)
            self.assertEqual(caught.exception.word, "not found")
            with self.assertRaises(ValueError):
                node.call("a\0b")
        with self.assertRaises(jackfield.JackfieldError) as caught:
            node.call("0" * 64)
        self.assertEqual(caught.exception.word, "bad input")


if __name__ == "__main__":
    unittest.main()
