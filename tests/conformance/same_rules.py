"""The rules of CONTRACT.md, those that the kit's tests name, and those of which there is a planted bug are the same.

    same_rules.py <jackfield-conformance> <CONTRACT.md> <rule with a planted bug>...
"""

import re
import subprocess
import sys

kit, contract, *planted = sys.argv[1:]


def output(*words):
    return subprocess.run([kit, *words], check=True, capture_output=True, text=True).stdout


page = open(contract, encoding="utf-8").read()
written = re.findall(r"^\*\*(JF-[A-Z]+-\d\d)\*\*", page, re.MULTILINE)
tested = {line.split("\t")[0] for line in output("--list").splitlines()}
problems = []
if page != output("--contract"):
    problems.append(f"{contract} is not what jackfield-conformance --contract prints; write it again from there")
if len(written) != len(set(written)):
    problems.append("a number stands twice in the contract")
for what, rules in (("a test", tested), ("a planted bug", set(planted))):
    if missing := sorted(set(written) - rules):
        problems.append(f"without {what}: {', '.join(missing)}")
    if strange := sorted(rules - set(written)):
        problems.append(f"{what} names a rule that is not in the contract: {', '.join(strange)}")
print("\n".join(problems) or f"{len(written)} rules, each with a test and a planted bug")
sys.exit(1 if problems else 0)
