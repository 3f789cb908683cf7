# shellcheck shell=bash
# zvnftd inside a lab's balancer: $lab is its name, $state its state directory, $binaries where the programs are. Needs output.sh.

lbctl() { "$binaries/lbctl" --socket "$state/zvnftd.sock" "$@"; }
in_client() { ip netns exec "$lab-client" "$@"; }

# Sets $daemon to the process id. `ip netns exec` becomes the program, so it is the daemon's own.
launch_daemon() {
    mkdir -p "$state/state" "$state/farms.d"
    [[ -e $state/zvnftd.yaml ]] || : >"$state/zvnftd.yaml"
    ip netns exec "$lab-balancer" "$binaries/zvnftd" run --config "$state/zvnftd.yaml" --farms "$state/farms.d" \
        --state "$state/state" --socket "$state/zvnftd.sock" </dev/null >>"$state/zvnftd.log" 2>&1 &
    daemon=$!
    # The shell shall not tell us of a kill that is part of the show.
    disown "$daemon"
}

start_daemon() {
    step "zvnftd run --farms farms.d"
    launch_daemon
    wait_for_backends 6
}

# wait_for_backends N [SECONDS]: until as many backends of farm web are up.
wait_for_backends() {
    local up='' deadline=$((SECONDS + ${2:-10}))
    while ((SECONDS < deadline)); do
        up=$(healthy_backends || true)
        [[ $up != "$1" ]] || return 0
        kill -0 "$daemon" 2>/dev/null || break
        sleep 0.1
    done
    tail -n 20 "$state/zvnftd.log" >&2
    fail "farm web has ${up:-no} healthy backends instead of $1 (the daemon's last words are above)"
}

healthy_backends() { lbctl backend list web -o json 2>/dev/null | jq '[.backends[] | select(.health == "up")] | length'; }
