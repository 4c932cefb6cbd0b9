#!/usr/bin/env python3
"""What `cmake --install` gives is enough: plugins are built against it in empty folders, with every toolchain, and meet in one call.

    installed.py <build folder> <plugin.cpp>

Everything is installed into a temporary prefix, which is then moved, so that nothing finds its parts by a place that was known when
it was built. Nothing in it knows the sources.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

BUILD, PLUGIN = (Path(argument).resolve() for argument in sys.argv[1:3])
DECORATOR = "jackfield.path_decorator/1"
LISTING = """
cmake_minimum_required(VERSION 3.25)
project(from_outside VERSION 0.1.0 LANGUAGES CXX)
find_package(Jackfield 0.1 REQUIRED)
enable_testing()
jackfield_add_plugin(${ID} SOURCES plugin.cpp INTERFACES jackfield.path_decorator/1 VERSION 0.1.0 SUMMARY "Counts packets")
jackfield_test_plugin(${ID})
"""


def both_streams(*command, folder="/", **environment):
    """Standard output and standard error; a failure shows both."""
    ran = subprocess.run([str(word) for word in command], cwd=folder, env={**os.environ, **environment}, text=True,
                         stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
    if ran.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: exit code {ran.returncode}\n{ran.stdout}{ran.stderr}")
    return ran.stdout, ran.stderr


def run(*command, **how):
    return both_streams(*command, **how)[0]


class Events:
    """A program that says its events as JSON, one a line."""

    def __init__(self, log, *command):
        self.log = open(log, "w")
        self.process = subprocess.Popen([str(word) for word in command], cwd="/", stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=self.log, text=True)

    def wait_for(self, fits):
        for line in self.process.stdout:
            event = json.loads(line)
            if fits(event):
                return event
        raise AssertionError(f"ended before it said what was waited for: {Path(self.log.name).read_text()}")

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.stdout.close()
        self.process.wait()
        self.log.close()


class InstalledSdk(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="jackfield-installed-")
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.folder = Path(cls.temporary.name)
        run("cmake", "--install", BUILD, "--prefix", cls.folder / "installed", "--strip")
        cls.prefix = cls.folder / "moved"
        (cls.folder / "installed").rename(cls.prefix)
        cls.program = cls.prefix / "bin/jackfield"
        cls.plugins = cls.prefix / "lib/jackfield/plugins"

    def empty_folder(self, name):
        folder = self.folder / name
        folder.mkdir()
        shutil.copy(PLUGIN, folder)
        return folder

    def build_by_cmake(self, plugin, compiler, *options):
        """Builds, tests, and installs it beside the others."""
        folder = self.empty_folder(plugin)
        (folder / "CMakeLists.txt").write_text(LISTING)
        run("cmake", "-S", ".", "-B", "build", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={self.prefix}", f"-DID={plugin}", *options,
            f"-DCMAKE_CXX_COMPILER={compiler}", f"-DCMAKE_INSTALL_PREFIX={self.prefix}", "-DCMAKE_INSTALL_LIBDIR=lib",
            "-DCMAKE_CXX_FLAGS=" + " ".join(["-Wall -Wextra -Wpedantic -Werror", self.flags.get(plugin, "")]), folder=folder)
        run("cmake", "--build", "build", folder=folder)
        run("ctest", "--test-dir", "build", "--output-on-failure", "--no-tests=error", folder=folder)
        run("cmake", "--install", "build", folder=folder)

    flags = {"by-libcxx": "-stdlib=libc++"}

    def build_by_pkg_config(self, plugin):
        folder = self.empty_folder(plugin)
        path = str(self.prefix / "lib/pkgconfig")
        cflags = run("pkg-config", "--cflags", "jackfield", PKG_CONFIG_PATH=path).split()
        libs = run("pkg-config", "--libs", "jackfield", PKG_CONFIG_PATH=path).split()
        into = Path(run("pkg-config", "--variable=plugindir", "jackfield", PKG_CONFIG_PATH=path).strip())
        self.assertEqual(into.resolve(), self.plugins)
        run("g++", "-std=c++20", "-shared", "-fPIC", *cflags, f'-DJACKFIELD_PLUGIN_ID="{plugin}"', '-DJACKFIELD_PLUGIN_VERSION="0.1.0"', "plugin.cpp",
            "-o", into / f"{plugin}.so", *libs, folder=folder)
        (into / f"{plugin}.plugin.json").write_text(json.dumps({
            "manifest": 1, "id": plugin, "version": "0.1.0", "interfaces": [DECORATOR], "abi": "1.0", "library": f"{plugin}.so"}))
        run(self.prefix / "bin/jackfield-conformance", "--plugin", into / f"{plugin}.so")

    def configuration(self, name, bootstrap, decorators):
        file = self.folder / f"{name}.json"
        loopback = {"addresses": ["127.0.0.1"]}
        slots = {
            "identity": {"use": "identity-x509", "config": {"store": str(self.folder / name)}},
            "discovery": {"use": "discovery-opendht", "config": {
                "listen": "127.0.0.1:0", "bootstrap": [bootstrap], "public_rate_limits": False}},
            "connectivity": {"use": "ice-libnice", "config": loopback},
            "path_decorator": [{"use": each, "at": "secured"} for each in decorators],
            "secure_channel": {"use": "secure-openssl"},
            "reliable_stream": {"use": "reliable-usrsctp"},
            "signaling": {"use": "signaling-sip"},
            "media_transport": {"use": "media-srtp"},
            "codec": {"use": "codec-g711"},
            "media_source": {"use": "media-test"},
            "media_sink": {"use": "media-null"},
        }
        file.write_text(json.dumps({"jackfield": 1, "slots": slots}))
        return file

    def call(self, decorators):
        """The log of the caller."""
        dht = Events(self.folder / "dht.log", self.program, "dht", "--address", "127.0.0.1", "--port", "0", "--no-limits",
                     "--events", "json")
        self.addCleanup(dht.end)
        bootstrap = dht.wait_for(lambda event: "listening" in event)["listening"]
        bob, alice = (self.configuration(name, bootstrap, decorators) for name in ("bob", "alice"))
        account = json.loads(run(self.program, "id", "--config", bob, "--events", "json"))["account"]
        listener = Events(self.folder / "bob.log", self.program, "listen", "--config", bob, "--answer", "--once", "--send", "test",
                          "--events", "json")
        self.addCleanup(listener.end)
        listener.wait_for(lambda event: event.get("detail", {}).get("what") == "announced")
        return both_streams(self.program, "call", "--config", alice, "--send", "test", "--audio-only", "--for", "1", account)[1]

    def test_plugins_of_every_toolchain_stand_in_one_call(self):
        self.build_by_cmake("by-gcc", "g++")
        self.build_by_cmake("by-clang", "clang++")
        self.build_by_cmake("by-libcxx", "clang++")
        self.build_by_pkg_config("by-pkg-config")
        ours = ["by-gcc", "by-clang", "by-libcxx", "by-pkg-config"]

        found = json.loads(run(self.program, "plugins", "--json"))
        self.assertEqual([each["folder"] for each in found["folders"]], [str(self.plugins)])
        self.assertEqual(found["skipped"], [])
        interfaces = {each["id"]: each["interfaces"] for each in found["plugins"]}
        for plugin in ours:
            self.assertEqual(interfaces.get(plugin), [DECORATOR])
        for plugin, library in (("by-gcc", "libstdc++.so.6"), ("by-libcxx", "libc++.so.1")):
            self.assertIn(library, run("readelf", "--dynamic", self.plugins / f"{plugin}.so"))

        log = self.call(ours)
        for plugin in ours:
            self.assertRegex(log, rf"{plugin} sent [1-9]\d* and received [1-9]", log)

    def test_what_the_page_of_find_package_promises_is_there(self):
        folder = self.folder / "promises"
        folder.mkdir()
        (folder / "CMakeLists.txt").write_text("""
            cmake_minimum_required(VERSION 3.25)
            project(promises LANGUAGES CXX)
            find_package(Jackfield REQUIRED)
            foreach(target sdk testing conformance)
                if(NOT TARGET Jackfield::${target})
                    message(FATAL_ERROR "no Jackfield::${target}")
                endif()
            endforeach()
            message(STATUS "plugins=${Jackfield_PLUGIN_DIR} program=${Jackfield_PROGRAM}")
            find_package(Jackfield 0.2 QUIET)
            message(STATUS "later=${Jackfield_FOUND}")""")
        said = run("cmake", "-S", ".", "-B", "build", f"-DCMAKE_PREFIX_PATH={self.prefix}", folder=folder)
        self.assertIn(f"plugins={self.plugins} program={self.program}", said)
        self.assertIn("later=0", said)

    def test_no_file_names_a_folder_of_the_build(self):
        for file in self.prefix.rglob("*"):
            text = file.suffix in (".cmake", ".pc", ".json", ".map", ".md", ".1", ".5") and ".so" not in file.name
            if text and file.is_file():
                self.assertNotIn(str(BUILD.parent.parent), file.read_text(), file)

    def test_the_manual_of_the_kit_says_what_every_option_does(self):
        options = set(re.findall(r"^(--[a-z-]+)", run(self.prefix / "bin/jackfield-conformance", "--help"), re.MULTILINE))
        manual = (self.prefix / "share/man/man1/jackfield-conformance.1").read_text()
        self.assertEqual(options, {"-" + word for word in re.findall(r"^\.It Fl (-[a-z-]+)", manual, re.MULTILINE)})

    def test_schemas_manuals_and_completion_come_along(self):
        for file in ("share/jackfield/schemas/media-description.schema.json", "share/jackfield/schemas/timeline.schema.json",
                     "share/man/man1/jackfield.1", "share/man/man1/jackfield-conformance.1", "share/man/man5/jackfield.conf.5",
                     "share/bash-completion/completions/jackfield", "share/jackfield/CONTRACT.md",
                     "share/doc/jackfield/examples/default.json", "include/jackfield/abi/entry.h", "include/jackfield/plugin.hpp",
                     "include/jackfield/testing/fake_host.hpp"):
            self.assertTrue((self.prefix / file).is_file(), file)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "--verbose"])
