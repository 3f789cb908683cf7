# shellcheck shell=bash
# Building with the flags that every script shares, so that one script's build is warm for the next. Needs output.sh.

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build_flags=(--package-path "$repository" -c release --explicit-target-dependency-import-check error)

# build WORDS ARGUMENT…: swift build with its own progress lines, and a sign of life in long silences.
build() {
    local words=$1 heartbeat
    shift
    command -v swift >/dev/null || fail "there is no swift in PATH; install the toolchain from swift.org"
    heartbeat "$words" &
    heartbeat=$!
    timed "$words" -- plainly swift build "${build_flags[@]}" "$@" >&2 || { kill "$heartbeat" 2>/dev/null || true; fail "$words failed, see above"; }
    kill "$heartbeat" 2>/dev/null || true
    wait "$heartbeat" 2>/dev/null || true
}

# Never on a terminal: swift adds colours to the compilers' arguments there, and everything would be built anew.
plainly() { "$@" 2>&1 | cat; }

# Ends by itself with the script: a beat that finds its parent gone is the last one.
heartbeat() {
    local waited=0 parent=$$
    while sleep 1 && kill -0 "$parent" 2>/dev/null; do
        waited=$((waited + 1))
        ((waited % 30)) || note "$1: $waited s and going on"
    done
}

binary_directory() { swift build "${build_flags[@]}" --show-bin-path; }
