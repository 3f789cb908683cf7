# shellcheck shell=bash
# Where the load generator is: $FARMLOAD if set, else the newest one built here, else it is built. Needs output.sh.

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

find_farmload() {
    [[ -z ${farmload:-} ]] || return 0
    farmload=${FARMLOAD:-}
    if [[ -n $farmload ]]; then
        [[ -x $farmload ]] || fail "FARMLOAD=$farmload is not an executable file"
        return 0
    fi
    farmload=$(newest_executable "$repository/.build/release/farmload" "$repository/.build/debug/farmload")
    [[ -n $farmload ]] || build_farmload
}

build_farmload() {
    command -v swift >/dev/null || fail "farmload is not built and there is no swift to build it; set FARMLOAD to one"
    timed "building farmload (about a minute)" -- swift build --package-path "$repository" -c release --product farmload >&2
    farmload=$repository/.build/release/farmload
    [[ -x $farmload ]] || fail "swift build left no $farmload"
}

newest_executable() {
    local newest='' candidate
    for candidate in "$@"; do
        [[ -x $candidate ]] || continue
        [[ -z $newest || $candidate -nt $newest ]] && newest=$candidate
    done
    printf '%s\n' "$newest"
}
