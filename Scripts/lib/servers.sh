# shellcheck shell=bash
# What the lab's backends run. $servers says which: all, nginx, farmload or none. Needs namespaces.sh and farmload.sh.

# runs nginx|farmload: whether this lab's backends run it.
runs() { [[ $servers == all || $servers == "$1" ]]; }

start_all_servers() {
    local index
    [[ $servers != none ]] || return 0
    for ((index = 1; index <= backend_count; index++)); do start_servers "b$index"; done
    for ((index = 1; index <= backend_count; index++)); do wait_for_server "b$index"; done
}

start_servers() {
    local backend=$1
    [[ -e /run/netns/$name-$backend ]] || fail "there is no backend $backend in lab $name"
    servers=$(<"$state/servers.lab")
    mkdir -p "$state/$backend"
    if runs nginx; then start_nginx "$backend"; fi
    if runs farmload; then start_farmload "$backend"; fi
}

# Nothing but SIGKILL: the question is always what clients see of a backend that is suddenly gone.
stop_servers() {
    local pids
    [[ -e /run/netns/$name-$1 ]] || fail "there is no backend $1 in lab $name"
    pids=$(ip netns pids "$name-$1")
    # shellcheck disable=SC2086
    [[ -z $pids ]] || kill -KILL $pids 2>/dev/null || true
}

start_nginx() {
    local directory=$state/$1
    nginx_configuration "$1" "$directory" >"$directory/nginx.conf"
    at "$1" nginx -c "$directory/nginx.conf" -e "$directory/nginx-error.log" || fail "nginx of $1 did not start"
}

start_farmload() {
    local directory=$state/$1 http=9080
    [[ $servers != farmload ]] || http=80,8080
    find_farmload
    # Its own session, or a Ctrl-C meant for the caller would end it.
    at "$1" setsid "$farmload" serve --name "$1" --http "$http" --echo 9000 --udp 5300 \
        </dev/null >"$directory/farmload.log" 2>&1 &
}

nginx_configuration() {
    cat <<END
pid $2/nginx.pid;
user root;
worker_processes 1;
error_log $2/nginx-error.log warn;
events { worker_connections 8192; }
http {
    access_log off;
    default_type text/plain;
    keepalive_timeout 30;
    client_body_temp_path $2/body;
    proxy_temp_path $2/proxy;
    fastcgi_temp_path $2/fastcgi;
    uwsgi_temp_path $2/uwsgi;
    scgi_temp_path $2/scgi;
    server {
$(for port in 80 {8080..8089}; do printf '        listen %s backlog=4096; listen [::]:%s backlog=4096;\n' "$port" "$port"; done)
        add_header X-Backend $1;
        add_header X-Port \$server_port;
        add_header X-Client \$remote_addr;
        location = /healthz { if (-e $2/unhealthy) { return 503 "unhealthy\n"; } return 200 "ok\n"; }
        location / { return 200 "$1\n"; }
    }
}
END
}

wait_for_server() {
    for _ in {1..100}; do
        if port_is_open "$1" 8080 && { ! runs farmload || port_is_open "$1" 9000; }; then return 0; fi
        sleep 0.05
    done
    fail "the servers of $1 did not open their ports in 5 s, see $state/$1"
}

port_is_open() { ip netns exec "$name-$1" bash -c "exec 3<>/dev/tcp/127.0.0.1/$2" 2>/dev/null; }
