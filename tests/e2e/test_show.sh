#!/usr/bin/env bash
# mayvae show: the layers of several runs in forms that other programs read.
set -u
source "$(dirname "$0")/lib.sh"

each_its_run() {
    exits 0 "$MAYVAE" show 'vae/dim[28]' --json && [[ $(grep -c '^{"run":"vae/dim2/seed1","layer":"' "$scratch/out") -gt 5 ]] &&
        [[ $(grep -c '^{"run":"vae/dim8/seed1","layer":"' "$scratch/out") -gt 5 ]] && ! grep -v '^{"run":"vae/dim[28]/seed1",' "$scratch/out"
}
report "show --json: a line a layer, each with its run" each_its_run
numbers() { grep -qE '^\{"run":"vae/dim2/seed1","layer":"encoder\.conv2d","kind":"conv2d",.*"output":"\[[^"]*\]","parameters":320,"multiply-adds":[0-9]+\}$' "$scratch/out" || { cat "$scratch/out"; return 1; }; }
report "show --json: numbers are numbers, shapes are text" numbers
one_header() {
    exits 0 "$MAYVAE" show 'vae/dim[28]' --format csv && [[ $(grep -c '^run,layer,kind,options,output,parameters,multiply-adds' "$scratch/out") == 1 ]] &&
        head -n 1 "$scratch/out" | grep -q ^run, && grep -q '^vae/dim2/seed1,encoder' "$scratch/out" && grep -q '^vae/dim8/seed1,encoder' "$scratch/out"
}
report "show --format csv: one header for all runs" one_header
both() { exits 2 "$MAYVAE" show vae/dim2 --json --format csv && says 'show: --json is a format of its own; leave out --format or --json'; }
report "show: --json and --format exclude each other" both
text() { exits 0 "$MAYVAE" show vae/dim2 && head -n 1 "$scratch/out" | grep -qx vae/dim2/seed1 && grep -q '^total .*[0-9]$' "$scratch/out"; }
report "show: a table below the run's name" text
unknown() { exits 2 "$MAYVAE" show vae/dim2 --format xml && says '--format: wants text, csv, dot or tikz, got "xml"'; }
report "show --format: an unknown one is refused" unknown
own_size() { exits 0 "$MAYVAE" show vae/dim2 -o 'network.encoder.layers=[max_pool: 2, average_pool: {kernel: 2, stride: 1}, flatten, dense: {units: 9}]' &&
        grep -qE '^encoder.max_pool +max_pool +2x2 +\[14,14,1\]' "$scratch/out" && grep -qE 'average_pool +2x2, stride 1 +\[13,13,1\]' "$scratch/out" || { cat "$scratch/out"; return 1; }; }
report "show: what was left out has no number" own_size
finish
