#!/usr/bin/env bash
# make install: what is installed works in any folder, without the repository.
set -u
source "$(dirname "$0")/lib.sh"

prefix="$(realpath "$scratch")/some where/usr"
install() { env -u MAKEFLAGS -u MAKELEVEL make -s install PREFIX="$prefix"; }
report "make install" install

MAYVAE=$prefix/bin/mayvae
fetch=$prefix/share/mayvae/runner/data/fetch.sh
mkdir "$scratch/elsewhere" && cd "$scratch/elsewhere" || exit 1

experiments() { exits 0 "$MAYVAE" check && exits 0 "$MAYVAE" list ae && grep -q "^ae/seed1 " "$scratch/out"; }
report "the program finds the experiments" experiments

missing() {
    MAYVAE_DATA=$scratch/nothing exits 1 "$MAYVAE" run ae -o evaluate=[] && says "missing; run \"$fetch mnist\""
}
report "without data it names what fetches them" missing
report "and that does" "$fetch" mnist

mkdir -p own/experiments && cp "$prefix/share/mayvae/experiments/"{datasets,vae}.yaml own/experiments/ || exit 1
run_own() { cd own && MAYVAE_DATA=$scratch/nothing "$MAYVAE" run vae -o evaluate=[]; }
described() {
    (exits 1 run_own) &&
        says "missing; run \"DATASETS=experiments/datasets.yaml $fetch mnist\""
}
report "data sets that a folder describes itself: its file, too" described

# Names in a folder of one's own must not mean what was installed.
mkdir -p mine/experiments && printf 'experiment: ae\ntitle: mine\nextends: vae.yaml\n' >mine/experiments/ae.yaml || exit 1
named() { exits 2 "$MAYVAE" list ae && says "experiments/ has no datasets.yaml" && says "$prefix/share/mayvae/experiments/"; }
mine() {
    cd mine && named && exits 0 "$MAYVAE" list --help && exits 2 "$MAYVAE" sample experiments/ae.yaml new.png &&
        says 'there is no file "experiments/vae.yaml"' && cp -n "$prefix/share/mayvae/experiments/"*.yaml experiments/ && exits 0 "$MAYVAE" list ae && grep -q mine "$scratch/out"
}
report "experiments of one's own without data sets are not mistaken for the installed ones" eval '(mine)'
untargeted() { exits 2 "$MAYVAE" bench && says "name a target"; }
report "bench without targets says that it wants some" untargeted

trained() {
    "$MAYVAE" run ae -o data.limit=100 -o train.epochs=1 -o evaluate=[] -o figures=[] --results r --quiet && [[ -s r/ae/seed1/run.yaml ]]
}
report "a run" trained
finish
