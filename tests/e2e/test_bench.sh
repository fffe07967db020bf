#!/usr/bin/env bash
# mayvae bench: the columns and rows that others read; the times themselves are whatever the machine gives.
set -uo pipefail
. "$(dirname "$0")/lib.sh"

models='resnet18 vae vae_wide vqvae'

heads() { # heads FILE HEADER
    [[ $(head -n 1 "$1") == "$2" ]] || { echo "header: $(head -n 1 "$1")"; return 1; }
}
has_models() { [[ $(tail -n +2 "$1" | cut -d, -f1 | LC_ALL=C sort -u | xargs) == "$models" ]] || { cat "$1"; return 1; }; }
# Every row as wide as the header, and the columns from FIRST on numbers, none of them below 0.
numbers() { # numbers FILE FIRST
    awk -F, -v first="$2" 'NR == 1 { columns = NF; next } NF != columns { bad = 1 }
        { for (i = first; i <= NF; i++) if ($i !~ /^[0-9]+([.][0-9]+)?$/ && $i != "") bad = 1 }
        bad { print; exit } END { exit bad }' "$1"
}

steps_of_all() {
    exits 0 "$MAYVAE" bench --csv --steps 1 && mv "$scratch/out" "$scratch/steps.csv" &&
        heads "$scratch/steps.csv" model,numerics,threads,batch,ms_per_step,images_per_s,gflops,peak_gflops,share &&
        [[ $(wc -l <"$scratch/steps.csv") == 5 ]] && has_models "$scratch/steps.csv" && numbers "$scratch/steps.csv" 3
}
report 'bench --csv: the header, and a row for each model' steps_of_all
# images/s x ms a step is the batch
report 'columns of a row agree' awk -F, 'NR > 1 && ($5 <= 0 || $6 * $5 / 1000 / $4 < 0.98 || $6 * $5 / 1000 / $4 > 1.02) { print; bad = 1 } END { exit bad }' "$scratch/steps.csv"
json_of_one() {
    exits 0 "$MAYVAE" bench --json --steps 1 tests/bench/vae.yaml &&
        grep -qE '^\{"model":"vae","numerics":"[a-z]+","threads":[0-9]+,"batch":128,"ms_per_step":[0-9.]+,.*"share":[0-9.]+\}$' "$scratch/out" || { cat "$scratch/out"; return 1; }
}
report 'bench --json: numbers are numbers' json_of_one

variants() { exits 0 "$MAYVAE" bench --csv --steps 1 'vae/dim[28]' && [[ $(tail -n +2 "$scratch/out" | cut -d, -f1 | xargs) == "vae/dim2 vae/dim8" ]]; }
report 'bench: variants are told apart' variants
seeds() { exits 0 "$MAYVAE" bench --csv --steps 1 vae/dim2 -o 'seeds=[1,2]' && [[ $(wc -l <"$scratch/out") == 2 ]]; }
report 'bench: seeds of a network are timed once' seeds
contrary() { exits 2 "$MAYVAE" bench --csv --json vae && says "not both" && exits 2 "$MAYVAE" bench gemm --layers vae && says "--layers is of a step"; }
report 'bench: options that contradict each other are refused' contrary

layers_of_one() {
    exits 0 "$MAYVAE" bench --layers --csv --steps 2 tests/bench/vae.yaml && mv "$scratch/out" "$scratch/layers.csv" &&
        heads "$scratch/layers.csv" model,layer,forward_ms,backward_ms,ms,part,gflop,gflops,peak_gflops,mbytes,gbyte_per_s,roofline_gflops,share &&
        numbers "$scratch/layers.csv" 3
}
report 'bench --layers --csv: the header' layers_of_one
sums() {
    local name
    for name in encoder.conv2d_2 latent.gaussian_posterior loss.kl batch 'loss sums' zeroing optimizer; do
        grep -q "^vae,$name," "$scratch/layers.csv" || { echo "no row $name"; return 1; }
    done
    awk -F, 'NR > 1 && $2 != "step" { ms += $5; gflop += $7; bytes += $10 }
        $2 == "step" { found = $5 > 0 && (ms - $5) ^ 2 < 0.03 ^ 2 && (gflop - $7) ^ 2 < 0.01 ^ 2 && (bytes - $10) ^ 2 < 0.2 ^ 2 }
        END { if (!found) print ms, gflop, bytes; exit !found }' "$scratch/layers.csv"
}
report 'layers and the rest of the step add up to the step' sums

gemm() {
    exits 0 "$MAYVAE" bench gemm --csv --steps 1 && mv "$scratch/out" "$scratch/gemm.csv" &&
        [[ $(head -n 1 "$scratch/gemm.csv") == model,layer,op,shape,count,*openblas_gflops* ]] &&
        has_models "$scratch/gemm.csv" && numbers "$scratch/gemm.csv" 5
}
report 'bench gemm --csv: the header, and all four models' gemm
slots() {
    local op
    for op in {dense,conv2d,conv2d_transpose}{,_grad_input,_grad_weight}; do
        grep -q "^vae,[^,]*,$op,[0-9x ]*,[0-9]*," "$scratch/gemm.csv" || { echo "no row $op"; return 1; }
    done
    # nobody wants the gradient of the images
    ! grep -q '^vae,encoder.conv2d,conv2d_grad_input,' "$scratch/gemm.csv"
}
report 'each contraction forward and for the gradients that are wanted' slots

refused() { exits 2 "$MAYVAE" bench --steps 0 && says '--steps: wants a whole number from 1 to 1024, got "0"'; }
report 'steps are counted from 1' refused

finish
