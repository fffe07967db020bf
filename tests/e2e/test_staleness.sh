#!/usr/bin/env bash
# What runs again and what doesn't, and where results go.
set -u
source "$(dirname "$0")/lib.sh"
mkdir "$scratch/experiments"
cp experiments/datasets.yaml "$scratch/experiments/"
mkdir "$scratch/experiments/profiles"
echo "train: {epochs: 5}" >"$scratch/experiments/profiles/quick.yaml" # the real one names experiments that aren't here
cat >"$scratch/experiments/tiny.yaml" <<'YAML'
experiment: tiny
data: {dataset: mnist, batch: 32, limit: 200}
network:
  encoder: {input: image, layers: [flatten, dense: {units: 32}, relu]}
  latent: {input: encoder, layers: [gaussian_posterior: {dim: 2}]}
  decoder: {input: latent, layers: [dense: {units: 784}, reshape: [28, 28, 1]]}
loss:
  reconstruction: {binary_cross_entropy: {logits: decoder, target: image}}
  kl: {kl_divergence: {posterior: latent}}
train:
  epochs: 2
  optimizer: {adam: {lr: 0.001}}
evaluate: [elbo]
figures: [learning_curve]
YAML
tiny=$scratch/experiments/tiny.yaml
run() { "$MAYVAE" run tiny --experiments "$scratch/experiments" --results "$scratch/r" "$@" 2>"$scratch/e"; }
plan() { "$MAYVAE" plan tiny --experiments "$scratch/experiments" --results "$scratch/r" --json | sed -n 1p; }
planned() { plan | grep -qF "\"to do\":\"$1\"" || { plan; return 1; }; }
weights() { sha256sum <"$scratch/r/tiny/seed1/weights.safetensors"; }

report "a new experiment is planned to be trained" planned train
counted() { plan | grep -qE '"parameters":27604,"about":"[^"]+"'; }
report "plan --json: numbers are numbers, times are text" counted
report "a new experiment runs without code, Makefile or report" run
report "then it is up to date" planned "up to date"

before=$(stat -c %Y%i "$scratch/r/tiny/seed1/run.yaml")
run
report "a second run does nothing" test "$before" = "$(stat -c %Y%i "$scratch/r/tiny/seed1/run.yaml")"

sed -i '1i # a comment' "$tiny"
sed -i 's/  epochs: 2/  epochs:   2   # twice/' "$tiny"
report "a comment and formatting don't count" planned "up to date"
sed -i 's/data: {dataset: mnist, batch: 32, limit: 200}/data: {limit: 200, batch: 32, dataset: mnist}/' "$tiny"
report "nor does the order of keys" planned "up to date"

old=$(weights)
sed -i 's/evaluate: \[elbo\]/evaluate: [elbo, active_units]/' "$tiny"
report "a new metric: evaluate only" planned evaluate
run
report "it trains nothing" test "$old" = "$(weights)"
report "and is measured" grep -q active_units "$scratch/r/tiny/seed1/metrics.csv"
rm "$scratch/r/tiny/seed1/figures/learning_curve.png"
report "a missing figure: evaluate only" planned evaluate
mkdir -p "$scratch/r/figures"
touch "$scratch/r/"{summary.csv,figures/figure1.png,tiny/seed1/{metrics.csv,log/launch-999999999.yaml,log/config.yaml}}.tmp
touch "$scratch/r/tiny/seed1/log/launch-999999999.yaml"
run
swept() { ! find "$scratch/r" -name '*.tmp' -o -name 'launch-*' | grep .; }
report "what killed processes left goes at the next start" swept

figures=$scratch/r/tiny/seed1/figures
cp "$figures/learning_curve.png" "$figures/learning_curve-2.png"
cp "$figures/learning_curve.png" "$figures/mine.png"
report "a figure that is not asked for any more: evaluate" planned evaluate
run
report "it is taken away, what is no figure's stays" test "$(ls "$figures" | tr '\n' ' ')" = "learning_curve.png mine.png "
rm "$figures/mine.png"

damaged() {
    weights=$scratch/r/tiny/seed1/weights.safetensors
    cp "$weights" "$scratch/whole"
    printf '\x55' | dd of="$weights" bs=1 seek=$(($(stat -c %s "$weights") - 3)) conv=notrunc status=none
    mv "$scratch/r/tiny/seed1/metrics.csv" "$scratch/metrics.csv"
    "$MAYVAE" run tiny --experiments "$scratch/experiments" --results "$scratch/r" >"$scratch/out" 2>&1
    local status=$?
    mv "$scratch/metrics.csv" "$scratch/r/tiny/seed1/metrics.csv"
    cp "$scratch/whole" "$weights"
    ((status == 1)) && grep -q 'weights.safetensors: altered: its SHA-256 is' "$scratch/out"
}
report "weights that were damaged are not used" damaged

# An evaluation that ends half-way leaves nothing that passes for the other configuration's results.
mv "$scratch/r/tiny/seed1/figures" "$scratch/figures"
touch "$scratch/r/tiny/seed1/figures"
sed -i 's/evaluate: \[elbo, active_units\]/evaluate: [elbo]/' "$tiny"
report "figures that can't be written fail the run" exits 1 run
rm "$scratch/r/tiny/seed1/figures"
mv "$scratch/figures" "$scratch/r/tiny/seed1/figures"
sed -i 's/evaluate: \[elbo\]/evaluate: [elbo, active_units]/' "$tiny"
report "what was measured for another configuration doesn't count" planned evaluate
run

sed -i 's/epochs:   2/epochs: 3/' "$tiny"
report "more epochs: train" planned train
edited() {
    sed 's/epochs: 3/epochs: 3000/' "$tiny" >"$scratch/experiments/long.yaml" && sed -i 's/experiment: tiny/experiment: long/' "$scratch/experiments/long.yaml"
    local long=("$MAYVAE" run long --experiments "$scratch/experiments" --results "$scratch/l")
    "${long[@]}" --quiet 2>/dev/null &
    local runner=$!
    for _ in $(seq 200); do [[ -e $scratch/l/long/seed1/checkpoint.safetensors ]] && break; sleep 0.05; done
    kill -INT "$runner"
    wait "$runner"
    sed -i 's/epochs: 3000/epochs: 2/' "$scratch/experiments/long.yaml"
    exits 0 "${long[@]}" && says "long/seed1: train: a checkpoint of another configuration, of epoch " &&
        says " will be replaced"
}
report "a checkpoint of before an edit is named" edited
report "explain names the key" sh -c "'$MAYVAE' explain tiny --experiments '$scratch/experiments' --results '$scratch/r' | grep -qF 'train.epochs: 2 -> 3'"
run
report "explain has nothing to say of a current run" sh -c "! '$MAYVAE' explain tiny --experiments '$scratch/experiments' --results '$scratch/r' | grep -q -- '->'"
old=$(weights)
rm "$scratch/r/tiny/seed1/weights.safetensors"
report "without weights, as in a fresh clone: train" planned train
run
report "and the bytes are the same again" test "$old" = "$(weights)"


# A mean over seeds is one over runs of one configuration.
grouped() { grep -c "^tiny,,negative_elbo,test,.*,$1,200," "$scratch/r/groups.csv" | grep -qx 1 || { cat "$scratch/r/groups.csv"; return 1; }; }
two_seeds() { run --seed 2 && grouped 2 && ! grep "groups.csv" "$scratch/e"; }
report "two seeds are averaged" two_seeds
left_out() {
    sed -i 's/epochs: 3/epochs: 2/' "$tiny"
    run && grouped 1 && grep -qxF "tiny/seed2: not in groups.csv, since its configuration isn't that of tiny/seed1 (train.epochs); \`mayvae run tiny --seed 1\` and \`--seed 2\`, with the other options of this call, make them alike" "$scratch/e" && run --seed 2 && grouped 2
}
report "but not one of another configuration" left_out

# -o and profiles never write over committed results.
cd "$scratch" || exit 1
says_where() { "$MAYVAE" run tiny --experiments experiments -o train.epochs=1 2>&1 | tail -1 | grep -qx "the results are in build/override/"; }
report "a run with -o says where its results are" says_where
report "-o without --results writes under build/override" test -s build/override/tiny/seed1/metrics.csv
"$MAYVAE" run tiny --experiments experiments --profile quick -o data.limit=100 --results prof --quiet
report "a profile changes the run" grep -q "limit: 100" prof/tiny/seed1/config.yaml
report "results/ was not touched" test ! -e results
report "--seed makes a run of its own" sh -c "'$MAYVAE' run tiny --experiments experiments --results s --seed 7 --quiet && test -s s/tiny/seed7/metrics.csv"

elsewhere() {
    mkdir -p nowhere && (cd nowhere && "$MAYVAE" run ../experiments/tiny.yaml --quiet) && [[ -s nowhere/results/tiny/seed1/run.yaml ]]
}
report "a file is run from anywhere by the data sets beside it" elsewhere
installed() {
    mkdir -p prefix/bin prefix/share/mayvae/experiments alone && cp "$MAYVAE" prefix/bin/mayvae &&
        cp experiments/datasets.yaml prefix/share/mayvae/experiments/ && cp experiments/tiny.yaml alone/ &&
        (cd alone && ../prefix/bin/mayvae run tiny.yaml --quiet) && [[ -s alone/results/tiny/seed1/run.yaml ]]
}
report "or by those installed with the program" installed

frozen() {
    "$MAYVAE" run tiny --experiments experiments --results f -o train.epochs=300 --quiet &
    local runner=$!
    for _ in $(seq 100); do [[ -e f/tiny/seed1/log/config.yaml ]] && break; sleep 0.02; done
    sed -i 's/lr: 0.001/lr: 0.5/' "$tiny"
    wait "$runner" || return 1
    grep -q "lr: 0.001" f/tiny/seed1/config.yaml
}
report "an edit doesn't leak into a run under way" frozen
finish
