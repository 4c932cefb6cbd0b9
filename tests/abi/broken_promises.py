#!/usr/bin/env python3
"""tools/check-abi sees what breaks a plugin that was built before, and lets pass what does not.

    broken_promises.py <tools/check-abi> <folder of the headers>
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# What is done to a header, as (header, [(before, after)..]); whether the promise holds then; a word of the answer.
BROKEN, KEPT = 1, 0
CASES = [
    ("nothing is changed", "path.h", [], KEPT, "keeps its promise"),
    ("a member is removed", "path.h", [("uint32_t overhead_bytes;", "")], BROKEN, "overhead_bytes"),
    ("a method is removed", "path.h", [("jf_status (*send)(void *self, const jf_bytes *parts, size_t part_count);", "")], BROKEN, "send"),
    ("two members change places", "path.h", [("uint32_t reliable;", "uint32_t secured_;"), ("uint32_t secured;", "uint32_t reliable;"),
                                             ("uint32_t secured_;", "uint32_t secured;")], BROKEN, "jf_path_info"),
    ("two methods change places", "path.h", [("void (*writable)(void *self);", ""), ("void (*received)", "void (*writable)(void *self); void (*received)")],
     BROKEN, "jf_path_receiver_methods"),
    ("a member gets another type of the same size", "path.h", [("int64_t arrival_ns;", "uint64_t arrival_ns;")], BROKEN, "arrival_ns"),
    ("a member gets another struct of the same size", "path.h", [("jf_bytes bytes;", "jf_text bytes;")], BROKEN, "jf_packet"),
    ("a method takes one thing more", "path.h", [("const jf_packet *packet);", "const jf_packet *packet, int32_t more);")], BROKEN, "received"),
    ("a method answers something else", "path_decorator.h", [("jf_status (*open)", "void (*open)")], BROKEN, "jf_path_decorator_methods"),
    ("a struct goes away", "frame.h", [("} jf_frame_sink;", "} jf_frame_drain; typedef jf_frame_drain jf_frame_sink;"),
                                       ("typedef struct jf_frame_sink {", "typedef struct jf_frame_drain {")], BROKEN, "jf_frame_sink"),
    ("a member is put in the middle", "path.h", [("uint32_t reliable;", "uint32_t more; uint32_t reliable;")], BROKEN, "jf_path_info"),
    ("a struct without struct_size grows", "host.h", [("void (*drop)(void *self);", "void (*drop)(void *self); void *more;")], BROKEN, "jf_task"),
    ("a member gets another size", "congestion_control.h", [("uint32_t window_bytes;", "uint8_t window_bytes[3];")], BROKEN, "window_bytes"),
    ("a number changes", "types.h", [("JF_CLOSED (-13)", "JF_CLOSED (-15)")], BROKEN, "JF_CLOSED"),
    ("a member is added at the end, and another removed", "path.h", [("uint32_t secured;", "uint32_t secured; uint32_t a; uint32_t b;"),
                                                                     ("uint32_t overhead_bytes;", "")], BROKEN, "overhead_bytes"),
    ("a member is added at the end", "path.h", [("uint32_t secured;", "uint32_t secured; uint32_t more;")], KEPT, "longer: jf_path_info"),
    ("an optional method is added at the end", "codec.h", [("(*set_loss)(void *self, uint32_t percent);",
                                                            "(*set_loss)(void *self, uint32_t percent); void (*more)(void *self);")],
     KEPT, "longer: jf_encoder_methods"),
    ("a struct is added", "path.h", [("#define JF_ECN_UNKNOWN", "typedef struct jf_more { uint32_t struct_size; } jf_more;\n#define JF_ECN_UNKNOWN")],
     KEPT, "keeps its promise"),
    ("a number is added", "types.h", [("#define JF_CLOSED", "#define JF_MORE (-15)\n#define JF_CLOSED")], KEPT, "keeps its promise"),
]

# The same of libjackfield's header.
LIBRARY_CASES = [
    ("nothing is changed", [], KEPT, "libjackfield keeps its promise"),
    ("a function goes away", [("JACKFIELD_API void jackfield_string_free(char *text);", "")], BROKEN, "jackfield_string_free"),
    ("a function takes one thing more", [("jackfield_event_descriptor(jackfield_node *node)", "jackfield_event_descriptor(jackfield_node *node, int more)")],
     BROKEN, "jackfield_event_descriptor"),
    ("a function gets another type", [("jackfield_node_take_calls(jackfield_node *node, uint32_t most", "jackfield_node_take_calls(jackfield_node *node, int64_t most")],
     BROKEN, "jackfield_node_take_calls"),
    ("a member is put in the middle", [("    const char *play;", "    const char *more;\n    const char *play;")], BROKEN, "jackfield_media"),
    ("a number changes", [("JACKFIELD_OVERWRITE 4u", "JACKFIELD_OVERWRITE 8u")], BROKEN, "JACKFIELD_OVERWRITE"),
    ("a member is added at the end", [("} jackfield_media;", "const char *more;\n} jackfield_media;")], KEPT, "longer: jackfield_media"),
    ("a function is added", [("JACKFIELD_API const char *jackfield_version(void);",
                              "JACKFIELD_API const char *jackfield_version(void);\nJACKFIELD_API int jackfield_more(void);")], KEPT, "keeps its promise"),
]


def library_problems(tool, header, folder, complain):
    include, dump = Path(folder) / "library", Path(folder) / "library.abi"
    (include / "jackfield").mkdir(parents=True)
    copy = include / "jackfield" / "jackfield.h"
    text = header.read_text(encoding="utf-8")
    copy.write_text(text, encoding="utf-8")
    check(tool, "--library", "--include", include, "--dump", dump, "--renew", "--anyway")
    for name, replacements, expected, word in LIBRARY_CASES:
        changed = text
        for before, after in replacements:
            if before not in changed:
                sys.exit(f"broken_promises.py: {header} has no \"{before}\"; this test has to follow it")
            changed = changed.replace(before, after, 1)
        copy.write_text(changed, encoding="utf-8")
        seen = check(tool, "--library", "--include", include, "--dump", dump)
        if seen.returncode != expected or word not in seen.stdout:
            complain(f"libjackfield: {name}: ended with {seen.returncode}, not {expected} and \"{word}\"", seen)


def check(tool, *more):
    return subprocess.run([sys.executable, tool, *map(str, more)], text=True, capture_output=True)


def main():
    tool, headers = sys.argv[1], Path(sys.argv[2])
    problems = 0

    def complain(sentence, seen):
        nonlocal problems
        problems += 1
        print(f"{sentence}:\n{seen.stdout}{seen.stderr}")

    with tempfile.TemporaryDirectory() as folder:
        changed = Path(folder) / "include"
        dump = Path(folder) / "promised.abi"
        renewed = check(tool, "--include", headers, "--dump", dump, "--renew", "--anyway")
        if renewed.returncode == 77:
            print(renewed.stdout)
            return 77
        for name, header, replacements, expected, word in CASES:
            shutil.rmtree(changed, ignore_errors=True)
            shutil.copytree(headers, changed)
            file = changed / "jackfield" / "abi" / header
            text = file.read_text(encoding="utf-8")
            for before, after in replacements:
                if before not in text:
                    sys.exit(f"broken_promises.py: {header} has no \"{before}\"; this test has to follow it")
                text = text.replace(before, after, 1)
            file.write_text(text, encoding="utf-8")
            for each in changed.glob("jackfield/abi/*.h"): # they would see it first
                each.write_text(re.sub(r"JF_ASSERT_(SIZE|OFFSET)\(jf_.*\);", "", each.read_text(encoding="utf-8")), encoding="utf-8")
            seen = check(tool, "--include", changed, "--dump", dump)
            if seen.returncode != expected or word not in seen.stdout:
                complain(f"{name}: ended with {seen.returncode}, not {expected} and \"{word}\"", seen)
            if expected == BROKEN and "at the end of a struct that begins with struct_size" not in seen.stdout:
                complain(f"{name}: it is not said what to do", seen)
        library_problems(tool, headers.parents[1] / "capi" / "include" / "jackfield" / "jackfield.h", folder, complain)
        # The last of them added something: that can be promised from now on, and taken away no more.
        more = "typedef struct jf_more { uint32_t struct_size; uint32_t reserved; void *a; uint32_t b; } jf_more;\n"
        file = changed / "jackfield" / "abi" / "types.h"
        with_more = file.read_text(encoding="utf-8").replace("/* Names one running", more + "/* Names one running", 1)
        file.write_text(with_more, encoding="utf-8")
        if (seen := check(tool, "--include", changed, "--dump", dump, "--renew")).returncode != 0:
            complain("what was added is not promised", seen)
        file.write_text(with_more.replace("uint32_t b;", "uint32_t b; uint32_t c;"), encoding="utf-8")
        if (seen := check(tool, "--include", changed, "--dump", dump)).returncode != BROKEN or "jf_more" not in seen.stdout:
            complain("a struct grows into what was its padding, where JF_HAS cannot tell", seen)
        before = dump.read_bytes()
        for renew in ([], ["--renew"]):
            if (seen := check(tool, "--include", headers, "--dump", dump, *renew)).returncode != 1 or "jf_more" not in seen.stdout:
                complain("what was promised is taken away", seen)
        if dump.read_bytes() != before:
            problems += 1
            print("--renew alone forgets a promise")
    print(f"{len(CASES)} changes of the boundary, {problems} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
