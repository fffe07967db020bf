#!/usr/bin/env bash
# One digest for each network: a short run gives the same bytes with each instruction set, at any number of threads, and
# from other builds of the program (MAYVAE_OTHERS: paths, e.g. of one by another compiler).
set -u
source "$(dirname "$0")/lib.sh"

# two_steps RESULTS MODEL PROGRAM [OPTION...]: 2 steps of 8 images, and the evaluation after them.
two_steps() {
    local results=$1 model=$2 program=$3
    shift 3
    "$program" run "tests/bench/$model.yaml" --experiments experiments -o data.limit=16 -o data.batch=8 --results "$results" --quiet "$@"
}

# compare NAME: the results of the run that ended last are those of the first one of this model.
compare() {
    local digest
    digest=$(digest "$scratch/run")
    rm -rf "$scratch/run"
    [[ $digest == "$first" ]] || { echo "$1: $digest, not $first"; return 1; }
}

isas=()
for isa in avx512 avx2 portable; do
    MAYVAE_ISA=$isa "$MAYVAE" list >/dev/null 2>&1 && isas+=("$isa") || echo "ok $isa isn't here # SKIP"
done

variants() {
    local model=$1 isa threads
    two_steps "$scratch/run" "$model" "$MAYVAE" || return 1
    [[ -n $(find "$scratch/run" -name weights.safetensors) ]] || return 1
    first=$(digest "$scratch/run")
    rm -rf "$scratch/run"
    for isa in "${isas[@]}"; do
        for threads in 1 2 3 8; do
            MAYVAE_ISA=$isa two_steps "$scratch/run" "$model" "$MAYVAE" --threads "$threads" && compare "$isa, $threads threads" || return 1
        done
    done
    for program in ${MAYVAE_OTHERS:-}; do
        for isa in "${isas[@]}"; do
            MAYVAE_ISA=$isa two_steps "$scratch/run" "$model" "$program" && compare "$program, $isa" || return 1
        done
    done
}

for model in vae vae_wide vqvae resnet18; do
    report "$model: one digest with ${isas[*]}, 1, 2, 3 and 8 threads${MAYVAE_OTHERS:+, $MAYVAE_OTHERS}" variants "$model"
done

# fmaf of a C library that may not use the instruction.
emulated() {
    two_steps "$scratch/run" vae "$MAYVAE" && first=$(digest "$scratch/run") || return 1
    rm -rf "$scratch/run"
    GLIBC_TUNABLES=glibc.cpu.hwcaps=-FMA,-FMA4,-AVX2 MAYVAE_ISA=portable two_steps "$scratch/run" vae "$MAYVAE" && compare "emulated fmaf"
}
report "plain C with an emulated fmaf too" emulated

# The comparison can fail.
other_seed() {
    two_steps "$scratch/run" vae "$MAYVAE" && first=$(digest "$scratch/run") || return 1
    rm -rf "$scratch/run"
    two_steps "$scratch/run" vae "$MAYVAE" -o train.optimizer.adam.lr=0.0010001 && ! compare "another rate" >/dev/null
}
report "a rate 1.0001 times as large would be seen" other_seed
finish
