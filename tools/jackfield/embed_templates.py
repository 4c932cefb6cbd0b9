#!/usr/bin/env python3
"""Writes the files of sdk/template as a table in C++, so that `jackfield new` needs none of them: embed_templates.py FOLDER OUTPUT"""

import sys
from pathlib import Path

folder, output = Path(sys.argv[1]), Path(sys.argv[2])
END = "jackfield"  # of a raw string
rows = []
for file in sorted(path for path in folder.rglob("*") if path.is_file()):
    text = file.read_text()
    if f"){END}\"" in text:
        sys.exit(f"{file}: has what ends a raw string")
    rows.append(f'    {{"{file.relative_to(folder).as_posix()}", R"{END}({text}){END}"}},\n')
output.write_text(
    "// Made by embed_templates.py of what lies in sdk/template.\n#include \"tools/jackfield/templates.hpp\"\n\n"
    "namespace jackfield::program {\n\nnamespace {\nconstexpr TemplateFile kFiles[] = {\n" + "".join(rows) +
    "};\n} // namespace\n\nstd::span<const TemplateFile> template_files()\n{\n    return kFiles;\n}\n\n"
    "} // namespace jackfield::program\n")
