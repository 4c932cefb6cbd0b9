#!/usr/bin/env bash
# A call of one second between two processes on this machine: call.sh [program [configuration]]
#
# Both ends have the same configuration: each makes up an account when it starts. By hand, in two terminals:
#     jackfield listen --config build/call.json --answer
#     jackfield call --config build/call.json ACCOUNT      with what listen printed
set -euo pipefail
program=${1:-jackfield}
configuration=${2:-$(dirname "${BASH_SOURCE[0]}")/build/call.json}

coproc listener { exec "$program" listen --config "$configuration" --answer --once --events json; }
trap 'kill "$pid" 2>/dev/null || true' EXIT
pid=$listener_PID
exec 3<&"${listener[0]}" # which bash keeps from what runs in the background
account=
while read -r line <&3; do
    [[ $line =~ \"account\":\"([^\"]+)\" ]] && account=${BASH_REMATCH[1]}
    [[ $line == *'"announced"'* ]] && break
done
[[ $account ]] || { echo "call.sh: the listener did not start; what it said stands above" >&2; exit 1; }

cat <&3 >/dev/null & # it must not wait for a reader
"$program" call --config "$configuration" --for 1 "$account"
wait "$pid"
