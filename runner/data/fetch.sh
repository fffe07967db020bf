#!/bin/sh
# Fetches data sets and verifies them: runner/data/fetch.sh [NAME...] (default: mnist).
#
# NAME is one of experiments/datasets.yaml (or of the file that DATASETS names). Its sources are tried in order; every
# file is verified by its SHA-256 before it gets its name, and what fails is removed. Safe to run twice at once.
# Exit: 0 everything is there and verified, 1 no source worked, 2 usage. Messages go to standard error.
set -u

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd) || exit 1
datasets=${DATASETS:-$root/experiments/datasets.yaml}
if [ -n "${MAYVAE_DATA:-}" ]; then folder=$MAYVAE_DATA
elif [ -n "${XDG_CACHE_HOME:-}" ]; then folder=$XDG_CACHE_HOME/mayvae
elif [ -n "${HOME:-}" ]; then folder=$HOME/.cache/mayvae
else folder=
fi

say() {
    echo "fetch: $*" >&2
}

# rows NAME LIST KEY...: the flow maps of NAME's list, one a line, the keys' values separated by spaces, "-" where absent.
rows() {
    rows_name=$1 rows_list=$2
    shift 2
    awk -v name="$rows_name" -v list="$rows_list" -v keys="$*" '
        function value(line, key,    v) {
            if (!match(line, "[{,] *" key ": *")) return "-"
            v = substr(line, RSTART + RLENGTH)
            if (substr(v, 1, 1) == "\"") { v = substr(v, 2); sub(/".*/, "", v) } else sub(/ *[,}].*/, "", v)
            return v == "" ? "-" : v
        }
        BEGIN { count = split(keys, key, " ") }
        /^[^ #]/ { inside = ($0 ~ "^" name ":"); current = "" }
        inside && /^  [a-z]+:/ { current = $1; sub(/:.*/, "", current) }
        inside && current == list && /^ *- *\{/ {
            out = ""
            for (i = 1; i <= count; i++) out = out (i > 1 ? " " : "") value($0, key[i])
            print out
        }' "$datasets"
}

verified() { # FILE SHA256
    [ -f "$1" ] && [ "$(sha256sum <"$1" | cut -d ' ' -f 1)" = "$2" ]
}

sweep() { # what a killed fetch may have left as well
    rm -rf "$held"/*.tmp
}

# with_root COMMAND...: as root or through sudo; fails where neither is possible.
with_root() {
    if [ "$(id -u)" = 0 ]; then "$@" >&2
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then sudo "$@" >&2
    else return 1
    fi
}

need_npm() {
    command -v npm >/dev/null && return 0
    say "npm is not here: installing it with apt-get install npm"
    with_root apt-get install -y -qq --no-install-recommends npm ||
        { with_root apt-get update -qq && with_root apt-get install -y -qq --no-install-recommends npm; }
    command -v npm >/dev/null && return 0
    say "couldn't install npm; run: sudo apt-get install npm"
    return 1
}

unpack_npm() { # PACKAGE@VERSION, into $target/package.tmp
    need_npm && (cd "$target/package.tmp" && npm pack --silent --loglevel=error "$1" >/dev/null && tar -xzf ./*.tgz)
}

unpack_debian() { # PACKAGE, into $target/package.tmp
    (
        cd "$target/package.tmp" || exit 1
        apt-get download -qq "$1" 2>/dev/null ||
            { with_root apt-get update -qq && apt-get download -qq "$1" 2>/dev/null; } || exit 1
        dpkg-deb -x ./*.deb .
    )
}

# place FROM AT FOLDER: prints the address that the files' names are put behind; fails where the source can't be had.
place() {
    [ "$1" = url ] && { echo "$2"; return 0; }
    mkdir -p "$target/package.tmp" || return 1
    case $1 in
    npm) unpack_npm "$2" ;;
    debian) unpack_debian "$2" ;;
    *) say "unknown source \"$1\" in $datasets"; return 1 ;;
    esac >&2 || return 1
    echo "$target/package.tmp/$3/"
}

obtain() { # FROM ADDRESS OUTPUT
    case $1 in
    url) curl -fsSL --connect-timeout 10 --retry 2 --speed-limit 1000 --speed-time 30 -o "$3" "$2" ;;
    *) cp -- "$2" "$3" ;;
    esac >&2
}

# one_file FROM BASE PACKING NAME BYTES SHA256: fetched, unpacked, verified and put in its place.
one_file() {
    verified "$target/$4" "$6" && return 0
    suffix=
    if [ "$3" = gzip ]; then
        suffix=.gz
        obtain "$1" "$2$4.gz" "$target/$4.gz.tmp" || return 1
        # one byte more than it may have is enough to see that it is wrong
        gzip -dc "$target/$4.gz.tmp" 2>/dev/null | head -c "$(($5 + 1))" >"$target/$4.tmp"
        rm -f "$target/$4.gz.tmp"
    else
        obtain "$1" "$2$4" "$target/$4.tmp" || return 1
    fi
    if ! verified "$target/$4.tmp" "$6"; then
        say "$2$4$suffix: not what it should be (its SHA-256 is not $6): dropped"
        return 1
    fi
    sync "$target/$4.tmp" 2>/dev/null
    mv -f "$target/$4.tmp" "$target/$4"
}

# from_source FROM AT FOLDER PACKING
from_source() {
    base=$(place "$1" "$2" "$3") || return 1
    rows "$name" files name bytes sha256 >"$target/files.tmp"
    while read -r file bytes sha256; do
        one_file "$1" "$base" "$4" "$file" "$bytes" "$sha256" </dev/null || return 1
    done <"$target/files.tmp"
}

all_verified() {
    rows "$name" files name sha256 | while read -r file sha256; do
        verified "$target/$file" "$sha256" || exit 1
    done
}

fetch() { # NAME
    name=$1 target=$folder/$1 held=
    if [ -z "$(rows "$name" files name)" ]; then
        say "$datasets: no data set \"$name\""
        return 2
    fi
    mkdir -p "$target" || return 1
    exec 9<"$target" || return 1
    flock -n 9 || { say "$name: waiting for another fetch"; flock 9; } || return 1
    held=$target
    sweep
    if all_verified; then
        say "$name: there and verified ($target)"
        return 0
    fi
    rows "$name" sources from at folder packing >"$target/sources.tmp"
    tried=
    while read -r from at inside packing; do
        say "$name: from $from $at"
        if from_source "$from" "$at" "$inside" "$packing" </dev/null; then
            sweep
            say "$name: fetched and verified ($target)"
            return 0
        fi
        rm -rf "$target/package.tmp"
        tried="$tried
  $from $at"
    done <"$target/sources.tmp"
    sweep
    say "$name: no source worked; tried:$tried"
    return 1
}

[ -n "$folder" ] || { say "HOME is not set; name the folder of the data by MAYVAE_DATA"; exit 2; }
[ -r "$datasets" ] || { say "$datasets: can't be read"; exit 2; }
held= # the folder whose lock is ours
trap '[ -z "$held" ] || sweep' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
[ $# -gt 0 ] || set -- mnist
status=0
for wanted in "$@"; do
    fetch "$wanted"
    got=$?
    [ $got -le $status ] || status=$got
done
exit $status
