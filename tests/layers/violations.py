"""Each rule of tools/check-layers is broken once in a small tree, and must be reported; its neighbours must not."""

import subprocess
import sys
import tempfile
from pathlib import Path

CHECK = sys.argv[1]

# file, text, part of the report; None where nothing may be reported
CASES = [
    ("kernel/abi/include/jackfield/abi/a.h", "#include <stdlib.h>\n", "includes stdlib.h"),
    ("kernel/abi/include/jackfield/abi/b.h", '#include <stddef.h>\n#include "a.h"\n', None),
    ("kernel/bind/a.cpp", "#include <jackfield/codec.hpp>\n", "includes jackfield/codec.hpp"),
    ("kernel/bind/b.cpp", "#include <openssl/ssl.h>\n", "includes openssl/ssl.h"),
    ("kernel/bind/c.cpp", '#include "plugins/x-y/a.hpp"\n', "includes plugins/x-y/a.hpp"),
    ("kernel/bind/d.cpp", "#include <vector>\n#include <jackfield/abi/codec.h>\n#include <asio/post.hpp>\n", None),
    ("kernel/bind/e.cpp", "void f() { co_await g(); }\n", "a coroutine"),
    ("kernel/flow/a.cpp", "void f() { co_await g(); }\n", None),
    ("kernel/node/a.cpp", "void f() { co_await g(); }\n", "a coroutine"),
    ("kernel/node/b.cpp", "std::promise<int> f;\n", "std::promise"),
    ("kernel/node/wait_for.hpp", "std::promise<int> f;\n", None),
    ("kernel/bind/f.cpp", "// co_await, sleep_for and\n/* #include <openssl/ssl.h> */ auto s = \"co_await\";\n", None),
    ("kernel/bind/g.cpp", "\n\nstd::future<int> f;\n", ":3: std::future"),
    ("kernel/bind/h.cpp", "#include <sqlite3.h>\n", "includes sqlite3.h"),
    ("kernel/texts/a.cpp", "#include <sqlite3.h>\n", None),
    ("kernel/texts/b.cpp", "#include <openssl/ssl.h>\n", "includes openssl/ssl.h"),
    ("sdk/include/jackfield/a.hpp", "#include <nlohmann/json.hpp>\n", "includes nlohmann/json.hpp"),
    ("sdk/include/jackfield/b.hpp", "#include <jackfield/abi/codec.h>\n#include <span>\n", None),
    ("sdk/template/identity/a.cpp", "#include <jackfield/codec.hpp>\n#include <openssl/ssl.h>\n", None),
    ("sdk/template/identity/b.cpp", "#include <shared/x509/keys.hpp>\n", "includes shared/x509/keys.hpp"),
    ("plugins/x-y/a.cpp", '#include "kernel/error.hpp"\n', "includes kernel/error.hpp"),
    ("plugins/x-y/b.cpp", '#include "../z/b.hpp"\n', "includes ../z/b.hpp"),
    ("plugins/x-y/c.cpp", '#include "a.cpp"\n#include <jackfield/codec.hpp>\n#include <openssl/ssl.h>\n', None),
    ("plugins/x-y/d.cpp", "void f() { std::this_thread::sleep_for(1s); }\n", "sleep_for"),
    ("plugins/x-y/e.cpp", "#include <z-w/a.hpp>\n", "includes z-w/a.hpp"),
    ("plugins/x-y/f.cpp", "#include <plugins/z-w/a.hpp>\n", "includes plugins/z-w/a.hpp"),
    ("plugins/z-w/a.hpp", "#include <shared/codec/a.hpp>\n", None),
    ("plugins/shared/codec/a.hpp", '#include "b.hpp"\n#include <jackfield/codec.hpp>\n#include <opus.h>\n', None),
    ("plugins/shared/codec/b.hpp", "#include <x-y/a.hpp>\n", "includes x-y/a.hpp"),
    ("plugins/shared/codec/c.hpp", '#include "../../x-y/a.hpp"\n', "includes ../../x-y/a.hpp"),
    ("tools/jackfield/b.cpp", "#include <vpx/vpx_codec.h>\n", "includes vpx/vpx_codec.h"),
    ("plugins/x-y/CMakeLists.txt", "target_link_libraries(x-y PRIVATE jackfield_kernel)\n", "does not link the kernel"),
    ("tools/jackfield/a.cpp", "#include <opendht.h>\n", "includes opendht.h"),
    ("tests/a.cpp", "void f() { usleep(1); co_await g(); }\n", "usleep"),
]


def main():
    with tempfile.TemporaryDirectory() as folder:
        for name, text, _ in CASES:
            file = Path(folder, name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        report = subprocess.run([CHECK, "--root", folder], capture_output=True, text=True)
    lines = report.stdout.splitlines()[:-1]
    failed = report.returncode != 1
    for name, _, expected in CASES:
        found = [line for line in lines if line.startswith(name + ":")]
        right = not found if expected is None else len(found) == 1 and expected in found[0]
        if not right:
            failed = True
            print(f"{name}: expected {expected!r}, reported {found}")
    print(report.stdout + report.stderr if failed else f"{len(CASES)} cases")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
