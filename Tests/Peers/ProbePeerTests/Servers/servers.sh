#!/bin/sh
# servers.sh NAME DIRECTORY: starts a real server of Debian's on 127.0.0.1 of the namespace that it is called in. It keeps its files in
# DIRECTORY and ends with the namespace, whose processes the test kills.
set -eu
name=$1 directory=$2
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$directory"
chmod 755 "$directory"
log=$directory/log

background() { "$@" >>"$log" 2>&1 </dev/null & }

nginx_() {
    mkdir -p "$directory/logs"
    cat >"$directory/nginx.conf" <<END
pid $directory/pid;
error_log $log info;
events {}
http {
    access_log $directory/access;
    client_body_temp_path $directory/body; proxy_temp_path $directory/proxy; fastcgi_temp_path $directory/fastcgi;
    uwsgi_temp_path $directory/uwsgi; scgi_temp_path $directory/scgi;
    server {
        listen 127.0.0.1:80;
        add_header X-Health degraded;
        location /healthz { return 200 "uptime 1234s, all is fine"; }
        location /sick { return 503; }
        location /secret { if (\$http_x_probe != zvnft) { return 403; } return 204; }
    }
}
END
    background nginx -p "$directory" -c "$directory/nginx.conf"
}

redis_() { background redis-server --bind 127.0.0.1 --port 6379 --save '' --appendonly no --dir "$directory" "$@"; }

# As its own user: it refuses to run as root. max_connections leaves room for one connection beside the superusers'.
postgres_() {
    chown postgres "$directory"
    bin=$(ls -d /usr/lib/postgresql/*/bin | tail -n 1)
    runuser -u postgres -- "$bin/initdb" -D "$directory/data" -A trust -U postgres --no-sync >>"$log" 2>&1
    printf 'local all all trust\nhost all open all trust\nhost all all all scram-sha-256\n' >"$directory/data/pg_hba.conf"
    background runuser -u postgres -- "$bin/postgres" -D "$directory/data" -k "$directory" -h 127.0.0.1 -F "$@"
}

# Three clients that leave in the middle of the handshake are enough for a lock-out.
mariadb_() {
    chown mysql "$directory"
    mariadb-install-db --no-defaults --user=mysql --datadir="$directory/data" --auth-root-authentication-method=normal \
        --skip-test-db >>"$log" 2>&1
    printf "CREATE USER 'probe'@'%%';\nDROP USER IF EXISTS ''@'localhost';\n" >"$directory/init.sql"
    background mariadbd --no-defaults --user=mysql --datadir="$directory/data" --bind-address=127.0.0.1 --port=3306 \
        --socket="$directory/socket" --pid-file="$directory/pid" --init-file="$directory/init.sql" --max-connect-errors=3 "$@"
}

# Its places are built in: it gets a /run and a spool of its own.
smtpd_() {
    printf 'listen on 127.0.0.1\naction "out" relay\nmatch for any action "out"\n' >"$directory/smtpd.conf"
    background unshare -m sh -c '
        mount -t tmpfs -o mode=755 none /run
        mount -t tmpfs -o mode=711 none /var/spool/smtpd 2>/dev/null || { mkdir -p /run/spool && mount --bind /run/spool /var/spool/smtpd; }
        mkdir -m 700 /var/spool/smtpd/queue /var/spool/smtpd/corrupt /var/spool/smtpd/incoming /var/spool/smtpd/purge /var/spool/smtpd/temporary
        mkdir -m 770 /var/spool/smtpd/offline
        chown opensmtpq /var/spool/smtpd/queue /var/spool/smtpd/corrupt /var/spool/smtpd/incoming /var/spool/smtpd/purge /var/spool/smtpd/temporary
        chgrp opensmtpq /var/spool/smtpd/offline
        exec smtpd -d -f "$1"' smtpd "$directory/smtpd.conf"
}

grpc_() { background /usr/bin/python3 "$here/health.py"; }

agent_() { background /usr/bin/python3 "$here/agent.py" "$directory/words"; }

haproxy_() {
    cat >"$directory/haproxy.cfg" <<END
global
    stats socket $directory/socket level admin
defaults
    mode tcp
    timeout connect 1s
    timeout client 1s
    timeout server 1s
listen web
    bind 127.0.0.1:8080
    server web1 127.0.0.1:80 weight 100 check inter 100ms rise 1 fall 1 agent-check agent-port 5555 agent-inter 50ms
END
    background haproxy -db -f "$directory/haproxy.cfg"
}

server=$name
shift 2
# Other users start programs too, and they may not see where we are.
cd "$directory"
export TMPDIR="$directory"
trap 'status=$?; [ $status = 0 ] || grep -iE "error|fatal|cannot|denied" "$log" | head -n 10 >&2 || tail -n 10 "$log" >&2' EXIT
"${server}_" "$@"
