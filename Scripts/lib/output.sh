# shellcheck shell=bash
# How our scripts speak: one line a step, on standard error, so that standard output stays free for results.

step() { printf '%s==> %s%s\n' "${colour_bold}" "$*" "${colour_none}" >&2; }
note() { printf '    %s\n' "$*" >&2; }
warn() { printf '%swarning:%s %s\n' "${colour_red}" "${colour_none}" "$*" >&2; }
fail() { printf '%serror:%s %s\n' "${colour_red}" "${colour_none}" "$*" >&2; exit 1; }
usage_error() { printf '%serror:%s %s\n' "${colour_red}" "${colour_none}" "$*" >&2; exit 2; }

colour_bold='' colour_red='' colour_none=''
if [[ -t 2 && -z ${NO_COLOR:-} ]]; then
    colour_bold=$'\e[1m' colour_red=$'\e[31m' colour_none=$'\e[0m'
fi

# timed WORDS -- COMMAND...: runs the command and says how long it took. The output of the command passes through.
timed() {
    local words=$1 begun=$SECONDS status=0
    shift 2
    step "$words"
    "$@" || status=$?
    note "$words: $((SECONDS - begun)) s$([[ $status == 0 ]] || echo ", exit code $status")"
    return "$status"
}

need_root() { [[ $EUID == 0 ]] || fail "$1 needs root: run it with sudo"; }
