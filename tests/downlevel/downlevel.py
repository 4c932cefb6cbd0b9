#!/usr/bin/env python3
"""Plugins built from a tagged SDK load into this build's kernel, keep this build's contract, and bear a call. README.md says more.

    downlevel.py --build FOLDER [--tag TAG] [--source FOLDER]

Ends with 77, "skipped", if there is nothing to build from; the words say what.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
PLUGINS = ["audio-gain", "path-sizes", "path-stats"]
CALL_LIMIT_S = 60


class Skipped(Exception):
    pass


def git(source, *words):
    # A clone of somebody else's is as good to read.
    return subprocess.run(["git", "-c", f"safe.directory={source}", "-C", str(source), *words], capture_output=True)


def written_down(source):
    """Where the newest tag points, for clones without tags: the last line of the file `tags`."""
    tag, commit = (HERE / "tags").read_text().split()[-2:]
    if git(source, "cat-file", "-e", commit + "^{commit}").returncode != 0:
        raise Skipped(f"this clone has neither tags nor {commit}, the commit of {tag}; after `git fetch --tags --unshallow` this test would run")
    return tag, commit


def commit_of(source, tag):
    """The name and the commit of the newest tag, or of the one that is named."""
    if not shutil.which("git"):
        raise Skipped("there is no git; with it, and a clone that has tags \"sdk-*\", this test would run")
    if not (source / ".git").exists():
        raise Skipped(f"{source} is no clone of the repository (an archive has no tags); in a clone with tags \"sdk-*\" this test would run")
    if not tag:
        tags = git(source, "tag", "--list", "sdk-*", "--sort=-version:refname").stdout.decode().split()
        if not tags:
            return written_down(source)
        tag = tags[0]
    found = git(source, "rev-parse", "--verify", "--quiet", tag + "^{commit}")
    if found.returncode != 0:
        sys.exit(f"downlevel.py: {source} has no tag and no commit \"{tag}\"; `git tag --list 'sdk-*'` shows those that would work")
    return tag, found.stdout.decode().strip()


def run(what, *command, **more):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **more)
    if done.returncode != 0:
        sys.exit(f"downlevel.py: {what} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def build(source, commit, folder):
    """The folder of the plugins. What is whole already is taken as it is: a commit does not change, the recipe may."""
    recipe = HERE / "recipe" / "CMakeLists.txt"
    done = folder / "done"
    if done.exists() and done.read_text() == recipe.read_text():
        return folder / "build" / "plugins"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "tag").mkdir(parents=True)
    archive = git(source, "archive", "--format=tar", commit, "kernel/abi", "sdk", "samples", "plugins/path-stats")
    if archive.returncode != 0:
        sys.exit(f"downlevel.py: git archive {commit}: {archive.stderr.decode()}")
    subprocess.run(["tar", "-x", "-C", str(folder / "tag")], input=archive.stdout, check=True)
    run("cmake", "cmake", "-G", "Ninja", "-S", recipe.parent, "-B", folder / "build", f"-DTAG={folder / 'tag'}", "-DCMAKE_BUILD_TYPE=Debug",
        "-DCMAKE_C_FLAGS_DEBUG=-O0", "-DCMAKE_CXX_FLAGS_DEBUG=-O0")
    run("the build of the tag's plugins", "cmake", "--build", folder / "build", "--parallel", "1")
    done.write_text(recipe.read_text())
    return folder / "build" / "plugins"


def keep_the_contract(build_folder, plugins):
    for plugin in PLUGINS:
        environment = HERE.parent / "conformance" / "environments" / f"{plugin}.json"
        said = run(f"the kit of today, given {plugin} of the tag,", build_folder / "bin" / "jackfield-conformance", "--plugin",
                   plugins / f"{plugin}.so", *(["--environment", environment] if environment.exists() else []))
        print(f"{plugin}: {said.splitlines()[-1]}")


def compile_today(source, folder):
    """What was written for the tag's SDK is taken by today's, too."""
    run("the compiler, given the tag's path-stats and today's SDK,", "c++", "-std=c++20", "-fsyntax-only", f"-I{source / 'sdk/include'}",
        f"-I{source / 'kernel/abi/include'}", '-DJACKFIELD_PLUGIN_ID="path-stats"', '-DJACKFIELD_PLUGIN_VERSION="0.0.0"',
        folder / "tag" / "plugins" / "path-stats" / "plugin.cpp")


def configuration(build_folder, plugins, peers, old):
    slots = {
        "identity": {"use": "identity-memory"},
        "discovery": {"use": "discovery-static", "config": {"listen": "127.0.0.1:0", "peers": peers}},
        "connectivity": {"use": "ice-libnice", "config": {"addresses": ["127.0.0.1"]}},
        "secure_channel": {"use": "secure-openssl"},
        "reliable_stream": {"use": "reliable-usrsctp"},
        "signaling": {"use": "signaling-sip"},
        "media_transport": {"use": "media-srtp"},
        "codec": [{"use": "codec-g711"}, {"use": "codec-vpx"}],
        "media_source": {"use": "media-test"},
        "media_sink": {"use": "media-null"},
    }
    for plug in [plug for slot in slots.values() for plug in (slot if isinstance(slot, list) else [slot])]:
        if not (build_folder / "plugins" / f"{plug['use']}.plugin.json").exists():
            raise Skipped(f"a call needs {plug['use']}, which was not built")
    if old:
        slots["audio_stage"] = [{"use": "audio-gain"}]
        slots["path_decorator"] = [{"use": "path-sizes", "at": ["control", "media"]}, {"use": "path-stats", "at": ["control", "media"]}]
    # The folder of the tag comes first: this build has plugins of the same names.
    return {"jackfield": 1, "plugin_path": ([str(plugins)] if old else []) + [str(build_folder / "plugins")], "slots": slots}


def detail_of(stream, wanted):
    """Reads on to the event for which that holds."""
    for line in stream:
        event = json.loads(line)
        if wanted(event):
            return event["detail"]
    sys.exit("downlevel.py: bob's output ended before he could be called")


def bear_a_call(build_folder, plugins):
    program = str(build_folder / "bin" / "jackfield")
    with tempfile.TemporaryDirectory(prefix="jackfield-downlevel-") as folder:
        folder = Path(folder)
        bob_config, alice_config = folder / "bob.json", folder / "alice.json"
        bob_config.write_text(json.dumps(configuration(build_folder, plugins, [], old=False)))
        with open(folder / "bob.log", "w") as log:
            bob = subprocess.Popen([program, "listen", "--config", bob_config, "--events", "json", "--answer", "--once", "--send", "test"],
                                   stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            account = detail_of(bob.stdout, lambda event: event["step"] == "identity" and event["event"] == "done")["account"]
            announced = detail_of(bob.stdout, lambda event: event["step"] == "discovery" and event.get("detail", {}).get("what") == "announced")
            address = announced["mechanisms"]["discovery-static"]["listening"]
            alice_config.write_text(json.dumps(configuration(build_folder, plugins, [{"account": account, "address": address}], old=True)))
            alice = subprocess.run([program, "call", "--config", alice_config, "--events", "json", "--log", "info", "--send", "test", "--for", "1",
                                    account], capture_output=True, text=True, timeout=CALL_LIMIT_S)
            if alice.returncode != 0:
                sys.exit(f"downlevel.py: the call ended with {alice.returncode}\n{alice.stdout}{alice.stderr}")
            bob.communicate(timeout=CALL_LIMIT_S)
        finally:
            bob.kill()
        if bob.returncode != 0:
            sys.exit(f"downlevel.py: bob ended with {bob.returncode}\n{(folder / 'bob.log').read_text()}")
    for sentence in ("audio-gain: ", "path-sizes: media, ", "path-sizes: control, ", "path-stats: {"):
        if sentence not in alice.stderr:
            sys.exit(f"downlevel.py: the call was made, and its log has no \"{sentence}\"\n{alice.stderr}")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--build", type=Path, required=True, help="with bin/jackfield, bin/jackfield-conformance and plugins")
    arguments.add_argument("--source", type=Path, default=HERE.parent.parent, help="the clone that has the tags")
    arguments.add_argument("--tag", help="a tag, or any commit; the newest sdk-* if none is named")
    arguments = arguments.parse_args()
    build_folder = arguments.build.resolve()
    try:
        tag, commit = commit_of(arguments.source.resolve(), arguments.tag)
        began = time.monotonic()
        plugins = build(arguments.source.resolve(), commit, build_folder / "tests" / "downlevel" / commit)
        print(f"{tag} ({commit[:12]}): its plugins are built, {time.monotonic() - began:.1f} s")
        compile_today(HERE.parent.parent, build_folder / "tests" / "downlevel" / commit)
        keep_the_contract(build_folder, plugins)
        bear_a_call(build_folder, plugins)
    except Skipped as reason:
        print(f"downlevel: skipped, {reason}")
        return 77
    print(f"plugins of {tag} compile and load today, keep today's contract, and bear a call")
    return 0


if __name__ == "__main__":
    sys.exit(main())
