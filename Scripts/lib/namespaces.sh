# shellcheck shell=bash
# Namespaces of one lab: $name is its name, $state its state directory. Needs output.sh.

lab_namespaces() { ip netns list | awk -v prefix="$name-" '
    index($1, prefix) == 1 && substr($1, length(prefix) + 1) ~ /^(client|balancer|switch|b[0-9]+)$/ { print $1 }' | sort -V; }

lab_leftover() { [[ -e $state/servers.lab || -n $(lab_namespaces) ]]; }

backend_names() { ip netns list | awk -v prefix="$name-b" '
    index($1, prefix) == 1 && substr($1, length(prefix) + 1) ~ /^[0-9]+$/ { print substr($1, length(prefix)) }' | sort -V | tr '\n' ' '; }

shown() {
    [[ -n ${quiet:-} ]] || printf '    %s\n' "$*" >&2
    "$@"
}

# at PLACE COMMAND…: the command inside the namespace of that place (client, balancer, switch, b1, …).
at() {
    local place=$1
    shift
    [[ -n ${quiet:-} ]] || printf '    %-9s %s\n' "$place:" "$*" >&2
    ip netns exec "$name-$place" "$@"
}

# setting PLACE KEY=VALUE…: sysctls by their path under /proc/sys/net.
setting() {
    local place=$1
    shift
    [[ -n ${quiet:-} ]] || printf '    %-9s %s\n' "$place:" "sysctl $*" >&2
    # The words are expanded by the inner shell: /proc/sys/net shows the namespace of the process that looks.
    # shellcheck disable=SC2016
    ip netns exec "$name-$place" sh -c 'for pair; do echo "${pair#*=}" >"/proc/sys/net/${pair%%=*}" || exit; done' sh "$@"
}

add_namespace() { shown ip netns add "$name-$1"; }

# cable PLACE DEVICE PLACE DEVICE: a veth pair whose ends never appear in the machine's own namespace.
cable() {
    shown ip link add "$2" netns "$name-$1" type veth peer name "$4" netns "$name-$3"
}

kill_lab_processes() {
    local namespace pids
    while read -r namespace; do
        # A process started between two looks is caught by the next one.
        for _ in 1 2 3 4 5; do
            pids=$(ip netns pids "$namespace" 2>/dev/null | grep -vx -e "$$" -e "$BASHPID" | tr '\n' ' ') || break
            # shellcheck disable=SC2086
            kill -KILL $pids 2>/dev/null || true
            sleep 0.05
        done
    done < <(lab_namespaces)
}

remove_namespaces() {
    local namespace
    while read -r namespace; do
        shown ip netns delete "$namespace" || warn "could not delete namespace $namespace"
    done < <(lab_namespaces)
}

namespace_summary() {
    ip -n "$1" -brief address show scope global up | awk '$1 != "lo" { line = line (line == "" ? "" : "; ") $1; for (i = 3; i <= NF; i++) line = line " " $i }
        END { printf "%s", line }'
    local running
    running=$(for pid in $(ip netns pids "$1" 2>/dev/null); do cat "/proc/$pid/comm" 2>/dev/null || true; done | sort | uniq -c | awk '{ printf "%s%s×%s", sep, $2, $1; sep = ", " }')
    [[ -z $running ]] || printf ' [%s]' "$running"
}
