#!/usr/bin/env python3
"""What `jackfield new` makes, as its author tries it: new_plugins.py <build folder> (all | contract SLOT)

Of each template: made, built against what is installed, tested, and a call made with it, before a line is changed. `contract` builds one
and makes no call. Two are tried at a time. Prints the seconds from `jackfield new` to the passing tests.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

BUILD, WHAT = Path(sys.argv[1]).resolve(), sys.argv[2:]
PROGRAM = BUILD / "bin/jackfield"


def run(*command, folder="/", prefix=""):
    environment = {**os.environ, "CMAKE_PREFIX_PATH": str(prefix)}
    ran = subprocess.run([str(word) for word in command], cwd=folder, env=environment, text=True, stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=240)
    if ran.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: exit code {ran.returncode}\n{ran.stdout}")
    return ran.stdout


def slots():
    refused = subprocess.run([PROGRAM, "new", "control", "x"], text=True, capture_output=True)
    assert refused.returncode == 2, refused
    listed = refused.stderr.split("there are templates for ")[1].split(";")[0].split(", ")
    assert len(listed) == 8, listed
    return listed


def try_it(slot, prefix, folder, *tests):
    name = f"my-{slot.replace('_', '-')}"
    begun = time.monotonic()
    run(prefix / "bin/jackfield", "new", slot, name, folder=folder)
    made = folder / name
    run("cmake", "-B", "build", "-G", "Ninja", f"-DCMAKE_CXX_FLAGS=-Werror{'' if not tests else ' -O0'}", folder=made, prefix=prefix)
    run("cmake", "--build", "build", folder=made)
    run("ctest", "--test-dir", "build", "--output-on-failure", "--no-tests=error", *tests, folder=made)
    took = time.monotonic() - begun
    explained = json.loads(run(prefix / "bin/jackfield", "explain", "--json", made / "build/call.json"))
    assert any(each["slot"] == slot and name in json.dumps(each) for each in explained["slots"]), explained
    print(f"{slot:20} {took:5.1f} s from `jackfield new` to tests that pass", flush=True)


with tempfile.TemporaryDirectory(prefix="jackfield-new-") as temporary:
    folder = Path(temporary)
    run("cmake", "--install", BUILD, "--prefix", folder / "installed", "--strip")
    if WHAT == ["all"]:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda slot: try_it(slot, folder / "installed", folder), slots()))
    else:
        try_it(WHAT[1], folder / "installed", folder, "--tests-regex", "contract")
