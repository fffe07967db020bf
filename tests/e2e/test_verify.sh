#!/usr/bin/env bash
# mayvae verify: runs again elsewhere, compares bytes, leaves nothing behind.
set -u
source "$(dirname "$0")/lib.sh"
export TMPDIR=$scratch/tmp
mkdir "$TMPDIR"
run=$scratch/r/vae/dim2/seed1
options=(-o "$plain" -o "$drawn" -o data.limit=300 -o data.batch=32 -o train.epochs=2 --results "$scratch/r" --quiet)
verify() { "$MAYVAE" verify vae/dim2 "${options[@]}"; }
prints() { grep -qxF -- "$1" "$scratch/out" || { cat "$scratch/out" "$scratch/err"; return 1; }; }
left_nothing() { [[ -z $(ls -A "$TMPDIR") ]] || { ls -lA "$TMPDIR"; return 1; }; }

not_there() { exits 2 verify && says 'vae/dim2/seed1 has no results here; `mayvae run` with the same targets and options makes them' && left_nothing; }
report "a run that is not in the results is an error" not_there

small "$scratch/r" --quiet || exit 1
identical() {
    local files=5
    files=$((files + $(ls "$run/figures" | wc -l)))
    exits 0 verify && prints "vae/dim2/seed1: identical ($files files)" && left_nothing
}
report "an untouched run is identical" identical

differs() {
    cp -r "$run" "$scratch/kept"
    sed -i '2s/[0-9]$/x/; 2s/[0-9],/0,/' "$run/metrics.csv"
    rm "$run/figures/samples.png"
    cp "$run/figures/learning_curve.png" "$run/figures/old.png"
    printf 'x' >>"$run/weights.safetensors"
    exits 1 verify && prints "vae/dim2/seed1: metrics.csv differs" &&
        prints "vae/dim2/seed1: figures/samples.png is not in the results" &&
        prints "vae/dim2/seed1: figures/old.png is not made any more" &&
        prints "vae/dim2/seed1: weights.safetensors differs" && (($(wc -l <"$scratch/out") == 4)) && left_nothing
    local status=$?
    rm -rf "$run"
    mv "$scratch/kept" "$run"
    return $status
}
report "each file that differs is named" differs

no_weights() {
    mv "$run/weights.safetensors" "$scratch/w"
    exits 0 verify && grep -q 'identical' "$scratch/out"
    local status=$?
    mv "$scratch/w" "$run/weights.safetensors"
    return $status
}
report "weights that were not kept are not compared" no_weights

other_config() {
    options+=(-o train.epochs=3)
    exits 1 verify && 
        prints 'vae/dim2/seed1: config.yaml differs; `mayvae explain` with the same targets and options says in what'
    local status=$?
    unset 'options[-1]' 'options[-1]'
    return $status
}
report "another configuration is told without a run" other_config

fails() {
    MAYVAE_DATA=$scratch/none exits 1 verify && [[ -s $scratch/err ]] && prints "vae/dim2/seed1: not made again" && left_nothing
}
report "a run that fails is an error, and leaves nothing behind" fails

interrupted() {
    local code=0
    "$MAYVAE" verify vae/dim2 "${options[@]}" >"$scratch/out" 2>"$scratch/err" &
    local verifier=$!
    until [[ -n $(ls -A "$TMPDIR") ]]; do kill -0 "$verifier" || return 1; done
    kill -TERM "$verifier"
    wait "$verifier" || code=$?
    ((code == 143)) || { echo "exit $code"; return 1; }
    left_nothing
}
report "a signal ends it with 128 + its number, and leaves nothing behind" interrupted

# What was done so far is gone, so nothing goes on from there.
killed() {
    "$MAYVAE" verify vae/dim2 "${options[@]}" >"$scratch/out" 2>"$scratch/err" &
    local verifier=$! code=0
    until pkill -KILL -P "$verifier"; do kill -0 "$verifier" || return 1; done
    wait "$verifier" || code=$?
    ((code == 1)) || { echo "exit $code"; return 1; }
    says 'was ended by signal 9 (Killed)' && ! grep 'goes on' "$scratch/err" && left_nothing
}
report "a run that is killed is an error, and nothing goes on with it" killed

finish
