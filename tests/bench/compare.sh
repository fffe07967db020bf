#!/usr/bin/env bash
# compare.sh MAYVAE [ROUNDS]: the bench, and where a python3 has torch, a training step of the vae in mayvae and in PyTorch,
# in turn, so that a busy moment of the machine hits both; then the medians and their ratio.
set -euo pipefail
cd "$(dirname "$0")/../.."
mayvae=$(realpath "$1")
rounds=${2:-5}

"$mayvae" bench

python=
for candidate in python3 /usr/bin/python3; do
    if "$candidate" -c 'import torch' >/dev/null 2>&1; then
        python=$candidate
        break
    fi
done
if [[ -z $python ]]; then
    echo "No python3 with torch here: nothing to compare with."
    exit 0
fi

# Reads CSV with a header; prints one column of the row of a model.
column() {
    awk -F, -v name="$2" -v model="$1" '
        NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        $at["model"] == model { print $at[name] }'
}
median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

ours=() theirs=()
for ((i = 0; i < rounds; i++)); do
    ours+=("$("$mayvae" bench --csv | column vae ms_per_step)")
    theirs+=("$(OPENBLAS_NUM_THREADS=1 "$python" tests/bench/torch_step.py --model vae | column vae ms_per_step)")
done
a=$(printf '%s\n' "${ours[@]}" | median)
b=$(printf '%s\n' "${theirs[@]}" | median)
awk -v a="$a" -v b="$b" -v n="$rounds" 'BEGIN {
    printf "vae, one training step, median of %d: mayvae %.1f ms, PyTorch %.1f ms, ratio %.2f\n", n, a, b, a / b }'
