#!/usr/bin/env python3
"""tools/list-interfaces lists every method there is, says since when, and knows a page that is not of today.

    listed_interfaces.py <tools/list-interfaces> <folder of the headers> <promised.abi>
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

problems = 0


def expect(holds, sentence, said=""):
    global problems
    if not holds:
        problems += 1
        print(f"{sentence}\n{said}")


def main():
    tool, headers, promised = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])

    def run(*words):
        return subprocess.run([sys.executable, tool, *map(str, words)], text=True, capture_output=True)

    # Another reader of the same headers, the compiler, has seen the methods that abidw wrote down.
    page = run("--include", headers).stdout
    listed = {(row[0], method) for row in re.findall(r"^\| `(jf_\w+)` \|(.*)$", page, re.MULTILINE) for method in re.findall(r"`(\w+)`", row[1])}
    dump = promised.read_text(encoding="utf-8")
    for table, body in re.findall(r"<class-decl name='(jf_\w+_methods|jf_host)'.*?>(.*?)</class-decl>", dump, re.DOTALL):
        for method in set(re.findall(r"<var-decl name='(\w+)'", body)) - {"struct_size", "reserved", "self"}:
            expect((table, method) in listed, f"{method} of {table} is promised, and not listed", page)

    with tempfile.TemporaryDirectory() as folder:
        changed, file = Path(folder) / "include", Path(folder) / "page.md"
        shutil.copytree(headers, changed)
        run("--include", changed, "--page", file, "--write")
        expect(run("--include", changed, "--page", file, "--check").returncode == 0, "a page of today is not taken for one")

        codec = changed / "jackfield" / "abi" / "codec.h"
        text = codec.read_text(encoding="utf-8")
        last = "    void (*set_loss)(void *self, uint32_t percent);\n"
        more = "\n    /* [any] Something\n     * new. Since 1.7. Deprecated since 1.8: use set_loss. */\n    void (*more)(void *self, void (*found)(void *));\n"
        codec.write_text(text.replace(last, last + more), encoding="utf-8")
        early = run("--include", changed, "--page", file, "--check")
        expect(early.returncode == 1 and "raise JF_ABI_MINOR" in early.stderr, "something since 1.7 is listed for 1.0", early.stderr)
        types = changed / "jackfield" / "abi" / "types.h"
        types.write_text(re.sub(r"JF_ABI_MINOR \d+", "JF_ABI_MINOR 8", types.read_text(encoding="utf-8")), encoding="utf-8")
        stale = run("--include", changed, "--page", file, "--check")
        expect(stale.returncode == 1 and "list-interfaces --write" in stale.stdout, "a page of yesterday is taken for one of today", stale.stdout)
        page = run("--include", changed).stdout
        row = "| `jf_encoder_methods` | the plugin | `encode`, `set_bitrate`, `request_key_frame`, `release` | `set_loss`, `more` (1.7; deprecated since 1.8: use set_loss) |"
        expect(row in page, "since when a method is there, or is deprecated, is not said", page)
    print(f"{len(listed)} methods are listed, {problems} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
