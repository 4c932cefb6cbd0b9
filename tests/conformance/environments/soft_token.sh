#!/usr/bin/env bash
# Two tokens of SoftHSM with keys made inside them, in a folder that is kept for the next time: making keys takes a second.
set -euo pipefail
folder=$1
module=/usr/lib/softhsm/libsofthsm2.so
mkdir -p "$folder"
exec 9>"$folder/lock"
flock 9
export SOFTHSM2_CONF=$folder/softhsm.conf
if [[ ! -e $folder/done ]]; then
    rm -rf "$folder/tokens"
    mkdir "$folder/tokens"
    printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' "$folder/tokens" >"$SOFTHSM2_CONF"
    install -m 600 /dev/null "$folder/pin"
    echo 1234 >"$folder/pin"
    for token in first second; do
        softhsm2-util --init-token --free --label $token --pin 1234 --so-pin 5678
        for key in "jackfield account:01" "jackfield device:02"; do
            pkcs11-tool --module $module --login --pin 1234 --token-label $token --keypairgen --key-type EC:prime256v1 \
                --label "${key%:*}" --id "${key#*:}" --usage-sign --usage-derive
        done
    done >"$folder/log" 2>&1
    touch "$folder/done"
fi
echo "tokens are ready"
