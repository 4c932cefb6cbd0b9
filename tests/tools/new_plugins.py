#!/usr/bin/env python3
"""What `jackfield new` makes, as its author tries it: new_plugins.py <build folder> (slot SLOT | contract SLOT | tutorial TUTORIAL)

`slot` tries one template: made, built against what is installed, tested, and a call made with it, before a line is changed. `contract` makes
no call, and builds without optimization. `tutorial` runs the commands of that page as they stand there, but for those of root. Prints the
seconds from `jackfield new` to tests that pass, and those of a processor, which do not depend on what else the machine does.
"""

import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BUILD, WHAT = Path(sys.argv[1]).resolve(), sys.argv[2:]
PROGRAM = BUILD / "bin/jackfield"


def run(*command, folder="/", prefix=""):
    environment = {**os.environ, "CMAKE_PREFIX_PATH": str(prefix)}
    ran = subprocess.run([str(word) for word in command], cwd=folder, env=environment, text=True, stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=500)
    if ran.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: exit code {ran.returncode}\n{ran.stdout}")
    return ran.stdout


def every_slot_has_one(folder):
    """The templates are those that the program tells of, and `control` is the one slot without."""
    refused = subprocess.run([PROGRAM, "new", "control", "x"], text=True, capture_output=True)
    assert refused.returncode == 2, refused
    listed = refused.stderr.split("there are templates for ")[1].split(";")[0].split(", ")
    here = [each.name for each in folder.iterdir() if each.is_dir() and each.name != "common"]
    assert sorted(listed) == sorted(here) and len(listed) == 14, listed


def try_it(slot, prefix, folder, *tests):
    name = f"my-{slot.replace('_', '-')}"
    begun, before = time.monotonic(), processor_seconds()
    run(prefix / "bin/jackfield", "new", slot, name, folder=folder)
    made = folder / name
    run("cmake", "-B", "build", "-G", "Ninja", f"-DCMAKE_CXX_FLAGS=-Werror{'' if not tests else ' -O0'}", folder=made, prefix=prefix)
    run("cmake", "--build", "build", folder=made)
    run("ctest", "--test-dir", "build", "--output-on-failure", "--no-tests=error", *tests, folder=made)
    took, used = time.monotonic() - begun, processor_seconds() - before
    explained = json.loads(run(prefix / "bin/jackfield", "explain", "--json", made / "build/call.json"))
    assert any(each["slot"] == slot and name in json.dumps(each) for each in explained["slots"]), explained
    print(f"{slot:20} {took:5.1f} s from `jackfield new` to tests that pass, {used:5.1f} s of a processor", flush=True)


def processor_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def follow(tutorial, prefix, folder):
    """The blocks of commands, in one shell; one that is marked as failing must fail."""
    blocks = re.findall(r"^```sh ?(\w*)\n(.*?)^```$", tutorial.read_text(), re.MULTILINE | re.DOTALL)
    assert {kind for kind, _ in blocks} == {"", "root", "fails"}, blocks
    shell = "set -eo pipefail\n"
    for kind, commands in blocks:
        if kind == "fails":
            shell += f"if {commands.strip()}; then echo 'this was to fail'; exit 1; fi\n"
        elif kind == "":
            shell += commands
    begun = time.monotonic()
    path = f"PATH={prefix / 'bin'}:{os.environ['PATH']}"
    said = run("env", path, "bash", "-c", shell, folder=folder, prefix=prefix)
    assert "seen  100 bytes sent before open; 0 arrived" in said, said
    print(f"{'the tutorial':20} {time.monotonic() - begun:5.1f} s", flush=True)


with tempfile.TemporaryDirectory(prefix="jackfield-new-") as temporary:
    folder = Path(temporary)
    run("cmake", "--install", BUILD, "--prefix", folder / "installed", "--strip")
    if WHAT[0] == "tutorial":
        every_slot_has_one(Path(WHAT[1]).parent / "template")
        follow(Path(WHAT[1]), folder / "installed", folder)
    elif WHAT[0] == "slot":
        try_it(WHAT[1], folder / "installed", folder)
    else:
        try_it(WHAT[1], folder / "installed", folder, "--tests-regex", "contract")
