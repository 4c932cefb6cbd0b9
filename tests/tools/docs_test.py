#!/usr/bin/env python3
"""The site that tools/docs builds has no broken link, and its check finds each kind of broken one. Exit code 77: tools are missing."""
import pathlib
import subprocess
import sys
import tempfile

docs = sys.argv[1]


def run(*arguments):
    made = subprocess.run([docs, *arguments], capture_output=True, text=True)
    return made.returncode, made.stdout + made.stderr


def expect(holds, what):
    if not holds:
        sys.exit(f"failed: {what}")


with tempfile.TemporaryDirectory() as folder:
    site = pathlib.Path(folder) / "site"
    code, said = run(str(site))
    print(said)
    if code == 77:
        sys.exit(77)
    expect(code == 0, "the site is built")
    code, said = run("--check", str(site))
    print(said)
    expect(code == 0, "nothing in the site is broken")
    for page in ("index.html", "sdk/CONTRACT.html", "manual/jackfield.1.html", "reference/index.html"):
        expect((site / page).is_file(), f"{page} is there")

    small = pathlib.Path(folder) / "small"
    small.mkdir()
    (small / "page.html").write_text('<p id="here">x</p>')
    for bad, words in (("", ""), ('<a href="nowhere.html">x</a>', "there is no such file"), ('<a href="../site/index.html">x</a>', "there is no such file"),
                       ('<a href="page.html#there">x</a>', "no such anchor"), ('<script src="https://example.net/x.js"></script>', "not in the site")):
        (small / "index.html").write_text('<a href="page.html#here">x</a>' + bad)
        code, said = run("--check", str(small))
        expect((code == 1 and words in said and "1 broken" in said) if bad else code == 0, f"the check finds {bad or 'nothing'}")

    other = pathlib.Path(folder) / "other"
    other.mkdir()
    (other / "kept.txt").write_text("kept")
    code, said = run(str(other))
    expect(code == 1 and "something else" in said and (other / "kept.txt").is_file(), "a folder with something else in it is left alone")
expect(run("--nonsense")[0] == 2, "wrong usage is told")
