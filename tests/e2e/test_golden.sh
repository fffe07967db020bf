#!/usr/bin/env bash
# A frozen short run, byte for byte: `numerics: exact` gives these bits on every processor with FMA, from every compiler. A
# change of an op, an initialiser, a stream or the order of a sum shows here; then NUMERICS_VERSION rises.
set -u
source "$(dirname "$0")/lib.sh"

golden() {
    small "$scratch/$1" --quiet || return 1
    for file in history metrics; do cmp "$scratch/$1/vae/dim2/seed1/$file.csv" "tests/golden/vae_small_$file.csv" || return 1; done
    cmp "$scratch/$1/vae/dim2/seed1/config.yaml" tests/golden/vae_small_config.yaml
}
report "a short run is what it was" golden chosen

# Every instruction set that this processor has, and plain C.
for isa in avx512 avx2 portable; do
    MAYVAE_ISA=$isa "$MAYVAE" list >/dev/null 2>"$scratch/err" || { echo "ok $isa isn't here # SKIP"; continue; }
    export MAYVAE_ISA=$isa
    report "the same with $isa" golden "$isa"
    unset MAYVAE_ISA
done
same_weights() {
    for isa in avx512 avx2 portable; do
        [[ ! -e $scratch/$isa ]] || same_digest "$scratch/chosen" "$scratch/$isa" || return 1
    done
}
report "weights and figures too" same_weights

# The other back end is an independent reference: nearly the same numbers.
near() {
    small "$scratch/openblas" -o numerics=openblas --quiet || return 1
    "$MAYVAE" diff "$scratch/chosen" "$scratch/openblas" --rtol 1e-3 --atol 1e-6
}
report "openblas agrees to 1e-3" near
off_by_a_percent() {
    awk -F, -v OFS=, 'NR == 2 { $3 *= 1.01 } 1' "$scratch/openblas/vae/dim2/seed1/metrics.csv" >"$scratch/off.csv"
    cp "$scratch/off.csv" "$scratch/openblas/vae/dim2/seed1/metrics.csv"
    exits 1 "$MAYVAE" diff "$scratch/chosen" "$scratch/openblas" --rtol 1e-3 --atol 1e-6
}
report "1% would be seen" off_by_a_percent
finish
