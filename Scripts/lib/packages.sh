# shellcheck shell=bash
# Debian packages by name, installed only when missing. Needs output.sh.

# shellcheck disable=SC2034
{
    packages_to_build=(pkg-config libmnl-dev libnftnl-dev libnl-3-dev libnl-route-3-dev libssl-dev)
    packages_to_test=(nftables iproute2 iputils-ping nginx-light curl vsftpd conntrack ethtool python3 jq procps openssl dnsmasq-base)
    packages_of_peers=(haproxy nftlb redis-server postgresql mariadb-server opensmtpd python3-grpcio)
}

missing_packages() {
    local name
    for name in "$@"; do
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null) == installed ]] || echo "$name"
    done
}

# Installs what is missing of the named packages. Says nothing and needs no root when all of them are there.
install_packages() {
    local missing
    mapfile -t missing < <(missing_packages "$@")
    [[ ${#missing[@]} -gt 0 ]] || return 0
    command -v apt-get >/dev/null || fail "these packages are missing and there is no apt-get to install them: ${missing[*]}"
    [[ $EUID == 0 ]] || fail "these packages are missing: ${missing[*]} - install them, or run this as root"
    timed "installing Debian packages: ${missing[*]}" -- apt_install "${missing[@]}"
    mapfile -t missing < <(missing_packages "$@")
    [[ ${#missing[@]} == 0 ]] || fail "apt-get left these packages uninstalled: ${missing[*]}"
}

# In a subshell of its own, so that the policy file goes away however it ends. The file keeps nginx, haproxy and nftlb
# from being started as services of this machine: their ports and nft tables would be in the way of more than our tests.
apt_install() (
    log=$(mktemp)
    policy=/usr/sbin/policy-rc.d
    made=''
    trap 'rm -f "$log" $made' EXIT
    if [[ ! -e $policy ]]; then
        made=$policy
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    apt_quiet "$log" update
    apt_quiet "$log" install -y --no-install-recommends "$@"
)

apt_quiet() {
    local log=$1
    shift
    note "apt-get $*"
    DEBIAN_FRONTEND=noninteractive apt-get -q "$@" </dev/null >"$log" 2>&1 || {
        tail -n 20 "$log" >&2
        fail "apt-get $1 failed, see above"
    }
}
