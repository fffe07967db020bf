#!/usr/bin/env bash
# mayvae sample: the picture of the run itself, other samplers and seeds, and what it refuses.
set -uo pipefail
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "$0")/lib.sh"

results=$scratch/results
small "$results" >/dev/null 2>&1
run=$results/vae/dim2/seed1

sample() { # sample FILE [OPTION...]
    local file=$1
    shift
    "$MAYVAE" sample vae/dim2 "$scratch/$file" -o "$plain" -o data.limit=300 -o data.batch=32 -o train.epochs=2 --results "$results" "$@"
}
differ() { ! cmp -s "$scratch/$1" "$scratch/$2"; }

own() { sample own.png && cmp "$scratch/own.png" "$run/figures/samples.png"; }
report 'sample: the bytes of the run'"'"'s own figure' own
without_data() { MAYVAE_DATA=$scratch/nothing sample bare.png && cmp "$scratch/own.png" "$scratch/bare.png"; }
report 'sample: needs no data where the sampler needs none' without_data
named() { sample prior.png --sampler prior && cmp "$scratch/own.png" "$scratch/prior.png"; }
report 'sample --sampler prior: the default of a VAE' named
region() { sample region.png --sampler '{region: {scale: 0.2}}' && differ region.png own.png; }
report 'sample --sampler: another one' region
again() { sample again.png --sampler 'region: {scale: 0.2}' --threads 1 && cmp "$scratch/region.png" "$scratch/again.png"; }
report 'sample --sampler: the same bytes again' again
seed() { sample seed.png --sampler 'region: {scale: 0.2}' --sample-seed 7 && differ seed.png region.png; }
report 'sample --sampler: by --sample-seed' seed
unknown() { exits 2 sample bad.png --sampler regoin && says 'did you mean "region"' && says '--sampler:1:1'; }
report 'sample --sampler: an unknown one is refused with the nearest' unknown
key() { exits 2 sample bad.png --sampler '{region: {scale: -1}}' && says '--sampler:1:18'; }
report 'sample --sampler: a bad option is refused at its place' key
missing() { MAYVAE_DATA=$scratch/nothing exits 1 sample bad.png --sampler region && says 'make data'; }
report 'sample --sampler region: missing data are named' missing
untrained() {
    exits 1 "$MAYVAE" sample vae/dim8 "$scratch/bad.png" --results "$scratch/nothing" &&
        says 'no weights of this configuration; `mayvae run` with the same targets and options makes them' || return 1
    (cd "$scratch" && cp -r "$OLDPWD/experiments" . && exits 1 "$MAYVAE" sample vae/dim8) && says '; `mayvae run vae/dim8/seed1` makes them'
}
report "sample: what makes the weights that are missing" untrained
at_once() {
    local pids=() pid
    echo precious >"$scratch/victim"
    ln -s victim "$scratch/shared.png.tmp"
    for _ in 1 2 3 4 5 6; do sample shared.png --threads 1 & pids+=($!); done
    for pid in "${pids[@]}"; do wait "$pid" || return 1; done
    cmp "$scratch/shared.png" "$scratch/own.png" && [[ $(<"$scratch/victim") == precious ]] && ! ls "$scratch"/shared.png.*.tmp 2>/dev/null
}
report "sample: several at once may draw one picture, and write through no link" at_once
file_name() {
    exits 2 "$MAYVAE" sample vae/dim2 x.jpg && says "sample: the picture's name ends in .png, got \"x.jpg\"" &&
        exits 2 "$MAYVAE" sample vae/dim2 vae/dim8 && says 'ends in .png' &&
        exits 2 "$MAYVAE" sample vae/dim2 vae/dim8 x.png && says 'wants one run' &&
        exits 2 "$MAYVAE" sample x.png && says 'wants a run'
}
report "sample: the picture's name ends in .png" file_name

finish
