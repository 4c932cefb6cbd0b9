#!/usr/bin/env python3
"""The Debian packages, made from a build and looked into: packages.py <build folder>"""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

BUILD = Path(sys.argv[1]).resolve()


def run(*command):
    return subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, text=True, timeout=240).stdout


class Packages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory(prefix="jackfield-packages-")
        cls.addClassCleanup(temporary.cleanup)
        run("cpack", "--config", BUILD / "CPackConfig.cmake", "-B", temporary.name, "-D", "CPACK_DEBIAN_COMPRESSION_TYPE=gzip")
        cls.files = {file.name.split("_")[0]: file for file in Path(temporary.name).glob("*.deb")}

    def content(self, package):
        """Mode of each path."""
        rows = (line.split() for line in run("dpkg-deb", "--contents", self.files[package]).splitlines())
        return {row[5].removeprefix("."): row[0] for row in rows}

    def field(self, package, name):
        return run("dpkg-deb", "--field", self.files[package], name).strip()

    def test_there_are_three(self):
        self.assertEqual(sorted(self.files), ["jackfield", "jackfield-dev", "jackfield-plugins"])

    def test_no_file_lies_in_two_of_them(self):
        seen = {}
        for package in self.files:
            for path in self.content(package):
                if not path.endswith("/"):
                    self.assertIsNone(seen.get(path), path)
                    seen[path] = package

    def test_they_need_what_they_are_linked_with_and_one_another(self):
        self.assertIn("libpocofoundation80", self.field("jackfield", "Depends"))
        self.assertIn("jackfield-plugins (= ", self.field("jackfield", "Recommends"))
        for library in ("libnice10", "libopendht2", "libssl3", "libavcodec59"):
            self.assertIn(library, self.field("jackfield-plugins", "Depends"))
        self.assertNotIn("libnice10", self.field("jackfield", "Depends"))
        self.assertIn("jackfield (= ", self.field("jackfield-dev", "Depends"))
        self.assertIn("nlohmann-json3-dev", self.field("jackfield-dev", "Depends"))
        self.assertEqual(self.field("jackfield-dev", "Suggests"), "libssl-dev")

    def test_every_part_is_in_the_package_where_it_is_looked_for(self):
        for package, paths in {
                "jackfield": ["bin/jackfield", "bin/jackfield-rendezvous", "share/man/man1/jackfield.1.gz",
                              "share/man/man5/jackfield.conf.5.gz", "libexec/jackfield/jackfield-probe", "libexec/jackfield/jackfield-isolated", "lib/libjackfield.so.1", "share/bash-completion/completions/jackfield"],
                "jackfield-plugins": ["lib/jackfield/plugins/ice-libnice.so", "lib/jackfield/plugins/ice-libnice.plugin.json",
                                      "lib/jackfield/plugins/parts/codec-ffmpeg-pictures.so"],
                "jackfield-dev": ["bin/jackfield-conformance", "include/jackfield/plugin.hpp", "include/jackfield/abi/entry.h",
                                  "include/jackfield/jackfield.h", "lib/libjackfield.so",
                                  "lib/python3/dist-packages/jackfield/__init__.py", "lib/python3/dist-packages/jackfield/files.py", "lib/cmake/Jackfield/JackfieldConfig.cmake", "lib/pkgconfig/jackfield.pc",
                                  "share/man/man1/jackfield-conformance.1.gz"]}.items():
            content = self.content(package)
            for path in paths + [f"share/doc/{package}/copyright", f"share/doc/{package}/changelog.gz"]:
                self.assertIn("/usr/" + path, content)

    def test_manuals_are_compressed_and_only_programs_can_be_executed(self):
        for package in self.files:
            for path, mode in self.content(package).items():
                if mode.startswith("l"):
                    continue
                if path.endswith("/"):
                    self.assertEqual(mode, "drwxr-xr-x", path)
                    continue
                self.assertEqual(mode, "-rwxr-xr-x" if "/bin/" in path or "/libexec/" in path else "-rw-r--r--", path)
                self.assertEqual("/share/man/" in path or "/changelog" in path, path.endswith(".gz"), path)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "--verbose"])
