"""The package jackfield with libjackfield: the sample calls a real `jackfield listen`; two nodes of one process.

python_test.py BUILD_FOLDER SOURCE_FOLDER
"""

import json
import os
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


class PythonTest(unittest.TestCase):
    def test_the_sample_calls_a_listening_program_and_records(self):
        with tempfile.TemporaryDirectory() as folder:
            bob, alice, kept = (Path(folder) / name for name in ("bob.json", "alice.json", "kept.mkv"))
            bob.write_text(json.dumps(config()))
            command = [BUILD / "bin" / "jackfield", "listen", "--config", bob, "--answer", "--send", "test", "--once",
                       "--events", "json"]
            with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as listening:
                try:
                    account, at = "", ""
                    for line in listening.stderr:
                        if line.startswith("listening as "):
                            account = line.split()[-1]
                        if line.startswith('{"discovery-static"'):
                            at = json.loads(line)["discovery-static"]["listening"]
                            break
                    alice.write_text(json.dumps(config((account, at))))
                    sample = [sys.executable, SOURCE / "samples" / "call-in-python" / "call.py", alice, account, kept]
                    made = subprocess.run(sample, capture_output=True, text=True, timeout=2 * LONG)
                    self.assertEqual((made.returncode, made.stderr), (0, ""))
                    listening.stderr.read()
                    self.assertEqual(listening.wait(LONG), 0)
                finally:
                    listening.kill()
            self.assertGreater(kept.stat().st_size, 10000)

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
                event = next(e for e in bob if e["detail"].get("digit"))
                self.assertEqual((event["call"], event["detail"]["digit"]), (rings.id, "7"))
            call.wait_ended(LONG)
            rings.wait_ended(LONG)
            with self.assertRaises(jackfield.JackfieldError) as caught:
                call.mute()
            self.assertEqual(caught.exception.word, "closed")
            alice.stop()
            last = [event for event in alice if event["call"] == call.id][-1]
            self.assertEqual((last["step"], last["event"]), ("call", "done"))
            self.assertNotIn("video", [s["kind"] for s in last["detail"]["statistics"]["streams"]])

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
