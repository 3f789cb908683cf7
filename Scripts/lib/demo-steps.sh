# shellcheck shell=bash
# The steps of Scripts/demo, each one thing that zvnft does. Needs output.sh and daemon.sh.

vip=203.0.113.10
vip6=2001:db8::10

# holds WORDS CONDITION…: prints whether a condition (of the test command) holds, and counts what does not.
holds() {
    local words=$1
    shift
    if test "$@"; then
        note "ok: $words"
    else
        faults=$((faults + 1))
        warn "did not work: $words"
    fi
}

show() {
    note "\$ $*"
    "$@" | sed 's/^/    /' >&2 || { faults=$((faults + 1)); warn "did not work: $*"; }
}

show_farm_file() {
    step "the farm file"
    mkdir -p "$state/farms.d"
    cat >"$state/farms.d/web.yaml" <<END
farm: web
listen:
  - { address: $vip, protocol: tcp, ports: 80 }
  - { address: "$vip6", protocol: tcp, ports: 80 }
mode: dnat
scheduler: round-robin
backends:
  - { name: b1, address: 10.0.1.11, port: 8080 }
  - { name: b2, address: 10.0.1.12, port: 8080 }
  - { name: b3, address: 10.0.1.13, port: 8080 }
  - { name: b1v6, address: "fd00:1::11", port: 8080 }
  - { name: b2v6, address: "fd00:1::12", port: 8080 }
  - { name: b3v6, address: "fd00:1::13", port: 8080 }
health: { type: http, path: /healthz, interval: 100ms, rise: 2, fall: 2 }
---
farm: lines
listen:
  - { address: $vip, protocol: tcp, ports: 9000 }
mode: snat
backends: ["10.0.1.11:9000", "10.0.1.12:9000", "10.0.1.13:9000"]
health: { interval: 500ms }
END
    sed 's/^/    /' "$state/farms.d/web.yaml" >&2
    show lbctl check "$state/farms.d/web.yaml"
}

# load RESULT ARGUMENT…: farmload in the client, its JSON in a file of the state directory.
load() {
    local result=$state/$1.json
    shift
    in_client "$FARMLOAD" "$@" -o json >"$result"
}

result() { jq -r "$2" "$state/$1.json"; }

show_distribution() {
    local address
    step "300 connections over three equal backends, IPv4 and IPv6"
    for address in "$vip" "[$vip6]"; do
        load distribution connect --to "$address:80" --rate 300 --count 300
        note "$address: $(result distribution '.backends | to_entries | map("\(.key) \(.value)") | join(", ")'), $(result distribution .failed) failed"
        holds "each backend of $address has 100" "$(result distribution '[.backends[]] == [100, 100, 100]')" = true
    done
}

show_trace() {
    step "where a packet would go, and why"
    show lbctl trace --from 192.0.2.2:40000 --to "$vip:80"
}

milliseconds_after_kill() { jq -r --argjson killed "$2" "if $3 then (($3 - \$killed) / 1e4 | round / 100) else 0 end" "$state/$1.json"; }

show_failover() {
    local pids killed load
    step "backend b2 is killed under 500 connections a second (probes: 100 ms, fall 2)"
    load failover connect --to "$vip:80" --rate 500 --duration 4s --timeout 3s &
    load=$!
    sleep 1.5
    pids=$(ip netns pids "$lab-b2")
    # shellcheck disable=SC2086
    killed=$("$FARMLOAD" clock kill -9 $pids)
    wait "$load"
    note "$(result failover .started) connections, $(result failover .failed) failed: $(result failover '.failures | with_entries(select(.value > 0)) | tojson')"
    note "the last one that failed was started $(milliseconds_after_kill failover "$killed" .lastFailureByStart.startedNs) ms after the kill" \
        "and failed $(milliseconds_after_kill failover "$killed" .lastFailureByEnd.failedNs) ms after it"
    show lbctl backend list web
    holds "no connection fails later than a second after the kill" \
        "$(jq --argjson killed "$killed" '(.lastFailureByStart.startedNs // 0) < $killed + 1e9' "$state/failover.json")" = true
    holds "the others go on: over 1 500 answered" "$(result failover .answered)" -gt 1500
}

show_return() {
    step "b2 comes back"
    "$scripts/lab" servers-start b2 --name "$lab" --quiet
    wait_for_backends 6
    load return connect --to "$vip:80" --rate 300 --count 300
    note "$(result return '.backends | to_entries | map("\(.key) \(.value)") | join(", ")'), $(result return .failed) failed"
    holds "each backend has 100 again" "$(result return '[.backends[]] == [100, 100, 100]')" = true
}

show_restart() {
    local connects longs
    step "kill -9 and restart of zvnftd under 1 000 connections a second and 40 long ones"
    load restart connect --to "$vip:80" --rate 1000 --duration 5s --timeout 3s &
    connects=$!
    load long long --to "$vip:9000" --count 40 --duration 6s &
    longs=$!
    sleep 1.5
    kill -9 "$daemon"
    note "killed; the kernel goes on by itself"
    sleep 1
    launch_daemon
    wait_for_backends 6
    note "restarted"
    wait "$connects" "$longs"
    note "$(result restart .started) connections, $(result restart .failed) failed; $(result long .alive) of $(result long .count) long ones alive"
    holds "no connection failed" "$(result restart .failed)" = 0
    holds "all of the 5 000 were made" "$(result restart .answered)" = 5000
    holds "all 40 long ones are alive" "$(result long .alive)" = 40
}

show_status() {
    step "lbctl status"
    show lbctl status
}
