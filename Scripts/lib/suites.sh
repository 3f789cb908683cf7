# shellcheck shell=bash
# Runs the test targets of a folder under Tests/ and does not trust a run without tests. Needs output.sh and build.sh.

suite_targets() {
    local folder
    for folder in "$repository/Tests/$1"/*/; do
        [[ ! -d $folder ]] || basename "$folder"
    done
}

# Their tests wait for real probes and programs: beside hundreds of others on two cores they would miss their moments.
timed_targets='^(HealthProbingTests|HooksTests)$'

# Tests in namespaces mostly wait, and look at the clock: one at a time within a lane, and few lanes beside each other. What no pattern
# names runs in one more lane. They are drawn up so that all take about as long on two cores.
lanes=('^DaemonTests\..*/(ConnectionSafeChange|Starvation|Policy)/' '^DaemonTests\..*/(Counters|ChangesUnderLoad|Passages)/' '^DaemonTests\.' '^CorpusKernelTests\.' '^PathTests\.')

# These come last and alone: ten thousand probes a second take a core, and a stall has to be seen while it lasts.
declare -A alone=([Netns]='^DaemonTests\..*/MassFailure/' [Unit]='^HealthProbingTests\.ProbeTroubleTests/silenceDuringAStall')

# run_suite Unit|Netns|Peers: exit code 0 if every target of the folder has tests, and those that ran passed.
run_suite() {
    local targets apart
    mapfile -t targets < <(suite_targets "$1")
    [[ ${#targets[@]} -gt 0 ]] || { warn "Tests/$1 has no test target"; return 1; }
    every_target_has_tests "${targets[@]}" || return 1
    if [[ $1 == Netns ]]; then
        run_lanes "$1" "${targets[@]}" || return 1
        run_tests "$1" "${alone[$1]}" --no-parallel || return 1
    elif [[ $1 == Peers ]]; then
        run_targets "$1" --no-parallel -- "${targets[@]}" || return 1
    else
        mapfile -t apart < <(printf '%s\n' "${targets[@]}" | grep -E "$timed_targets")
        mapfile -t targets < <(printf '%s\n' "${targets[@]}" | grep -vE "$timed_targets")
        run_targets "$1" -- "${targets[@]}" || return 1
        run_targets "$1" --skip "${alone[$1]}" -- "${apart[@]}" || return 1
        run_tests "$1" "${alone[$1]}" || return 1
    fi
    some_test_ran "$1" "$logs/$1.log"
}

# run_lanes SUITE TARGET…: each lane is a process group of its own, so that whoever ends this script can end it.
run_lanes() {
    local suite=$1 lane skipped=(--skip "${alone[$1]}") failed=''
    shift
    set -m
    for lane in "${lanes[@]}" "$(any_of "$@")"; do
        ZVNFT_LAB_PREFIX=$ZVNFT_LAB_PREFIX-${#lane_groups[@]} run_tests "$suite" "$lane" --no-parallel "${skipped[@]}" &
        lane_groups+=($!)
        skipped+=(--skip "$lane")
        [[ -z ${one_lane:-} ]] || wait "$!" || failed=yes
    done
    set +m
    for lane in "${lane_groups[@]}"; do wait "$lane" || failed=yes; done
    lane_groups=()
    [[ -z $failed ]]
}
lane_groups=()

end_lanes() {
    local group
    for group in "${lane_groups[@]}"; do kill -TERM -- "-$group" 2>/dev/null || true; done
}

# run_targets SUITE OPTION… -- TARGET…
run_targets() {
    local suite=$1 options=()
    shift
    while [[ $1 != -- ]]; do options+=("$1"); shift; done
    shift
    run_tests "$suite" "$(any_of "$@")" "${options[@]}"
}

any_of() { echo "^($(IFS='|'; echo "$*"))\\."; }

# What `swift test` would start: of that only one runs at a time.
test_program() { NO_COLOR=1 "$ZVNFT_BIN/zvnftPackageTests.xctest" --testing-library swift-testing "$@"; }

# run_tests SUITE PATTERN OPTION…: what they print goes on in the suite's log. They end with 69 when no test matches: some_test_ran has
# the say.
run_tests() {
    local suite=$1 pattern=$2 status=0
    shift 2
    test_program "$@" --filter "${filter:+^(?=.*($filter))}$pattern" 2>&1 |
        tee -a "$logs/$suite.log" | sed -u '/^◇/d' >&2 || status=$?
    [[ $status == 0 || $status == 69 ]] || { warn "Tests/$suite: the tests ended with exit code $status"; return 1; }
}

every_target_has_tests() {
    local list target missing=()
    list=$(test_program --list-tests 2>"$logs/list.log") || { cat "$logs/list.log" >&2; warn "the tests cannot be listed"; return 1; }
    for target in "$@"; do
        grep -q "^$target\\." <<<"$list" || missing+=("$target")
    done
    [[ ${#missing[@]} == 0 ]] || { warn "no test is built from: ${missing[*]} - does Package.swift name them?"; return 1; }
}

# The closing line is "Test run with 12 tests in 3 suites passed after 0.5 seconds."; skipped tests are counted in it.
some_test_ran() {
    local counted skipped
    counted=$(grep -oE 'Test run with [0-9]+ test' "$2" | awk '{ sum += $4 } END { print sum + 0 }' || true)
    skipped=$(grep -cE '^(➜|->|↷).* Test .* skipped' "$2" || true)
    ((${counted:-0} - skipped > 0)) || { warn "Tests/$1: no test ran (${counted:-no} counted, $skipped skipped)"; return 1; }
    note "Tests/$1: $((counted - skipped)) tests passed, $skipped skipped"
}

# Everything that stands under $ZVNFT_LAB_PREFIX: namespaces, the processes in them, state directories.
remove_test_namespaces() {
    local namespace pids directory
    command -v ip >/dev/null || return 0
    while read -r namespace; do
        pids=$(ip netns pids "$namespace" 2>/dev/null | tr '\n' ' ')
        # shellcheck disable=SC2086
        [[ -z $pids ]] || kill -KILL $pids 2>/dev/null || true
        ip netns delete "$namespace" 2>/dev/null || true
        note "removed the left-over namespace $namespace"
    done < <(ip netns list 2>/dev/null | awk -v prefix="$ZVNFT_LAB_PREFIX" 'index($1, prefix) == 1 { print $1 }')
    for directory in "${TMPDIR:-/tmp}/$ZVNFT_LAB_PREFIX"*; do
        [[ ! -e $directory/servers.lab ]] || rm -rf "$directory"
    done
}
