#!/usr/bin/env bash
# compare.sh MAYVAE [ROUNDS [STEPS]]: the bench, and where a python3 has torch, a training step of each of its models in
# mayvae and in PyTorch, in turn, so that a busy moment of the machine hits both: ROUNDS (5) times the median of STEPS
# (12) steps; then the medians of the rounds and their ratio. PyTorch gets 1 thread and as many as there are processors,
# and the better one counts. TORCH_PYTHON names a python3 to take; otherwise the newest torch in reach is taken.
set -euo pipefail
cd "$(dirname "$0")/../.."
mayvae=$(realpath "$1")
rounds=${2:-5} steps=${3:-12}
export OPENBLAS_NUM_THREADS=1 # neither side lets OpenBLAS start threads of its own

# "VERSION PYTHON" of every python3 that has torch.
candidates() {
    local pythons python version
    mapfile -t pythons < <(if [[ -n ${TORCH_PYTHON:-} ]]; then echo "$TORCH_PYTHON"; else type -ap python3; fi)
    for python in "${pythons[@]}"; do
        version=$("$python" -W ignore -c 'import torch; print(torch.__version__)' 2>/dev/null) || continue
        echo "$version $python"
    done
}

# What is read is CSV with a header: one column of the row of a model, with so many threads where that is given.
column() { # column MODEL NAME [THREADS]
    awk -F, -v model="$1" -v name="$2" -v threads="${3:-}" '
        NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        $at["model"] == model && (threads == "" || $at["threads"] == threads) { print $at[name] }'
}
median() { sort -g | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

found=$(candidates | sort -V | tail -n 1)
version=${found%% *} python=${found#* }

"$mayvae" bench
if [[ -z $found ]]; then
    echo
    echo "No python3 with torch here (TORCH_PYTHON=...): nothing to compare with."
    exit 0
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
threads=(1)
(($(nproc) == 1)) || threads+=("$(nproc)")
models=(vae vae_wide vqvae resnet18)
for ((round = 1; round <= rounds; round++)); do
    echo "round $round of $rounds" >&2
    for model in "${models[@]}"; do
        "$mayvae" bench --csv --steps "$steps" "tests/bench/$model.yaml" | column "$model" ms_per_step >>"$scratch/$model.ours"
        "$python" tests/bench/torch_step.py --model "$model" --steps "$steps" "${threads[@]/#/--threads=}" >"$scratch/csv"
        for n in "${threads[@]}"; do column "$model" ms_per_step "$n" <"$scratch/csv" >>"$scratch/$model.$n"; done
    done
done

echo
echo "A training step, batch 128: mayvae with $(nproc) threads, PyTorch $version with 1 or $(nproc); medians of $rounds rounds of $steps steps"
{
    echo 'model mayvae_ms pytorch_ms pytorch_threads times_as_fast'
    for model in "${models[@]}"; do
        ours=$(median <"$scratch/$model.ours")
        for n in "${threads[@]}"; do echo "$(median <"$scratch/$model.$n") $n"; done | sort -g | head -n 1 |
            awk -v model="$model" -v ours="$ours" '{ printf "%s %.1f %.1f %d %.2f\n", model, ours, $1, $2, $1 / ours }'
    done
} | awk '{ printf "%-10s %10s %11s %16s %14s\n", $1, $2, $3, $4, $5 }'
