# shellcheck shell=bash
# The network of Scripts/lab: namespaces, cables, addresses, routes. The picture is in Scripts/lab. Needs namespaces.sh.

build_topology() {
    local index
    build_switch
    build_balancer
    build_client
    for ((index = 1; index <= backend_count; index++)); do build_backend "$index"; done
}

# place NAME: a namespace with the settings that all of ours have. Addresses are usable at once (no duplicate detection), nobody
# autoconfigures, and no reverse path filter takes offence at dsr's triangle.
place() {
    add_namespace "$1"
    setting "$1" ipv6/conf/default/accept_dad=0 ipv6/conf/all/accept_dad=0 ipv6/conf/default/accept_ra=0 \
        ipv4/conf/default/rp_filter=0 ipv4/conf/all/rp_filter=0
    at "$1" ip link set lo up
}

build_switch() {
    place switch
    at switch ip link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0
    # Bridged packets are not this namespace's business; the kernel would hand them to its netfilter hooks.
    if [[ -e /proc/sys/net/bridge ]]; then
        setting switch bridge/bridge-nf-call-iptables=0 bridge/bridge-nf-call-ip6tables=0 bridge/bridge-nf-call-arptables=0
    fi
    at switch ip link set br0 up
}

# plug PLACE DEVICE: cable from a device to the switch.
plug() {
    local port=p-$1
    cable "$1" "$2" switch "$port"
    at switch ip link set "$port" master br0 up
}

build_balancer() {
    local last
    place balancer
    plug balancer back
    at balancer ip link set back up
    at balancer ip address add 10.0.1.1/24 dev back
    at balancer ip -6 address add fd00:1::1/64 dev back nodad
    place client
    cable client front balancer front
    at balancer ip link set front up
    at balancer ip address add 192.0.2.1/24 dev front
    at balancer ip -6 address add 2001:db8:c::1/64 dev front nodad
    for last in 1 10 11 12 13 14 15 16 17 18 19; do
        at balancer ip address add "203.0.113.$last/32" dev front
        at balancer ip -6 address add "2001:db8::$last/128" dev front nodad
    done
    setting balancer ipv4/ip_forward=1 ipv6/conf/all/forwarding=1
    at balancer ip route add 198.51.100.0/24 via 192.0.2.2
    at balancer ip -6 route add 2001:db8:5::/64 via 2001:db8:c::2
}

build_client() {
    plug client direct
    at client ip link set front up
    at client ip link set direct up
    at client ip address add 192.0.2.2/24 dev front
    at client ip -6 address add 2001:db8:c::2/64 dev front nodad
    # Host addresses: a connected 10.0.1.0/24 would lead to the backends past the balancer.
    at client ip address add 10.0.1.2/32 dev direct
    at client ip -6 address add fd00:1::2/128 dev direct nodad
    at client ip route add 203.0.113.0/24 via 192.0.2.1
    at client ip route add 10.0.1.0/24 via 192.0.2.1
    at client ip -6 route add 2001:db8::/64 via 2001:db8:c::1
    at client ip -6 route add fd00:1::/64 via 2001:db8:c::1
    at client ip route add local 198.51.100.0/24 dev lo
    at client ip -6 route add local 2001:db8:5::/64 dev lo
    # Wide, so that a minute of load does not come back to a port whose entry a peer still remembers.
    setting client ipv4/ip_local_port_range='10000 65000' ipv4/ip_nonlocal_bind=1 ipv6/ip_nonlocal_bind=1
}

build_backend() {
    local place=b$1 number=$((10 + $1)) last
    place "$place"
    # Announces a changed MAC, as a real host's takeover does; dsr has to follow it.
    setting "$place" ipv4/conf/default/arp_notify=1 ipv6/conf/default/ndisc_notify=1
    plug "$place" eth0
    at "$place" ip link set eth0 address "$(printf '02:00:00:00:01:%02x' "$1")" up
    at "$place" ip address add "10.0.1.$number/24" dev eth0
    at "$place" ip -6 address add "fd00:1::$number/64" dev eth0 nodad
    at "$place" ip route add default via 10.0.1.1
    at "$place" ip -6 route add default via fd00:1::1
    # The VIPs for dsr: known here, but nobody on the segment may hear of them. IPv6 answers only for a device's own addresses.
    setting "$place" ipv4/conf/all/arp_ignore=1 ipv4/conf/all/arp_announce=2
    for last in 10 11 12 13 14 15 16 17 18 19; do
        at "$place" ip address add "203.0.113.$last/32" dev lo
        at "$place" ip -6 address add "2001:db8::$last/128" dev lo nodad
    done
    at "$place" ip rule add from 203.0.113.0/24 lookup 100
    at "$place" ip route add default via 10.0.1.2 table 100
    at "$place" ip -6 rule add from 2001:db8::/64 lookup 100
    at "$place" ip -6 route add default via fd00:1::2 table 100
    # Who asks a VIP from the link itself, as probes through dsr do, is answered there.
    at "$place" ip route add 10.0.1.0/24 dev eth0 table 100
    at "$place" ip -6 route add fd00:1::/64 dev eth0 table 100
}
