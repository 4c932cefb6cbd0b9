#!/bin/sh
# A PulseAudio daemon of the test's own, with one sink that plays nowhere, and its monitor to record from. It says itself when
# its socket is there.
folder=$1
export HOME="$folder" XDG_RUNTIME_DIR="$folder" PULSE_RUNTIME_PATH="$folder" PULSE_STATE_PATH="$folder/state"
unset DBUS_SESSION_BUS_ADDRESS
exec pulseaudio --daemonize=no -n --use-pid-file=no --exit-idle-time=-1 --realtime=no --high-priority=no -v --log-target=stderr \
    -L "module-null-sink rate=48000" -L "module-native-protocol-unix socket=$folder/native auth-anonymous=1" 2>&1
