#!/usr/bin/env bash
# run.sh SECONDS FOLDER: runs each fuzzer of the folder for so long, from what tests/bad and experiments/ hold. What breaks
# it is kept in build/fuzz/crashes.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=$1 folder=$2
crashes=build/fuzz/crashes

seed() { # NAME: files that are a start for this fuzzer, into its corpus
    local corpus=build/fuzz/corpus/$1
    mkdir -p "$corpus"
    case $1 in
    fuzz_config) cp -f experiments/*.yaml "$corpus" && find tests/bad -name '*.yaml' -exec cp -f {} "$corpus" \; ;;
    fuzz_safetensors)
        find tests/bad -name '*.safetensors' -exec cp -f {} "$corpus" \;
        local header='{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'
        { printf '\x38\0\0\0\0\0\0\0%-56s' "$header"; printf '\0\0\0\0\0\0\0\0'; } >"$corpus/good"
        ;;
    fuzz_idx)
        printf '\0\0\0\x08\x01\0\0\0\x03abc' >"$corpus/labels"
        printf '\x02\0\0\x08\x03\0\0\0\x01\0\0\0\x02\0\0\0\x02abcd' >"$corpus/images"
        ;;
    esac
}

one() { # FUZZER
    local name=${1##*/} status=0
    mkdir -p "$crashes"
    "$1" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 -artifact_prefix="$crashes/$name-" \
        "build/fuzz/corpus/$name" >"build/fuzz/$name.log" 2>&1 || status=$?
    if ((status)); then
        echo "not ok $name"
        tail -n 40 "build/fuzz/$name.log"
        return 1
    fi
    echo "ok $name: $(grep -oE 'Done [0-9]+ runs' "build/fuzz/$name.log" | tail -n 1)"
}

if [[ $folder == --one ]]; then
    one "$3"
    exit
fi
mapfile -t fuzzers < <(find "$folder" -name 'fuzz_*' -type f -executable | sort)
((${#fuzzers[@]})) || { echo "no fuzzer in $folder" >&2; exit 1; }
for fuzzer in "${fuzzers[@]}"; do seed "${fuzzer##*/}"; done
printf '%s\0' "${fuzzers[@]}" | xargs -0 -n 1 -P "$(nproc)" "$0" "$seconds" --one
