#!/usr/bin/env bash
# Runs that need others: made first, told apart by them, found where they lie; failed, killed, verified.
set -u
source "$(dirname "$0")/lib.sh"
mkdir "$scratch/experiments"
cp -r experiments/datasets.yaml "$scratch/experiments/"
cd "$scratch" || exit 1
cat >experiments/judge.yaml <<'YAML'
experiment: judge
data: {dataset: mnist, batch: 32, limit: 300}
network:
  classifier: {input: image, layers: [flatten, dense: {units: 10}]}
loss:
  cross_entropy: {cross_entropy: {logits: classifier, target: label}}
train: {epochs: 8, optimizer: {adam: {lr: 0.001}}}
evaluate: [accuracy]
YAML
cat >experiments/user.yaml <<'YAML'
experiment: user
data: {dataset: mnist, batch: 32, limit: 300}
matrix: {dim: [2, 3]}
network:
  encoder: {input: image, layers: [flatten, dense: {units: 32}, relu]}
  latent: {input: encoder, layers: [gaussian_posterior: {dim: "${dim}"}]}
  decoder: {input: latent, layers: [dense: {units: 784}, reshape: [28, 28, 1]]}
loss:
  reconstruction: {binary_cross_entropy: {logits: decoder, target: image}}
  kl: {kl_divergence: {posterior: latent}}
train: {epochs: 2, optimizer: {adam: {lr: 0.001}}}
evaluate:
  - inception_score: {samples: 100, splits: 2, classifier: judge}
figures: [learning_curve]
YAML
printf 'experiment: alone\nextends: user.yaml\nmatrix: {dim: [4]}\nevaluate: [elbo]\n' >experiments/alone.yaml
mkdir experiments/profiles
printf 'data: {limit: 200}\n' >experiments/profiles/quick.yaml

# make RESULTS [ARGUMENT...]; what it says stays in $scratch/err.
make() {
    local results=$1
    shift
    "$MAYVAE" run --results "$results" "$@" >"$scratch/out" 2>"$scratch/err"
}
plan() { "$MAYVAE" plan "$@" --json; }
planned() { grep -qF "\"run\":\"$1\",\"to do\":\"$2\"" "$scratch/plan" || { cat "$scratch/plan"; return 1; }; }

checked() { exits 0 "$MAYVAE" check user && grep -qx "2 runs checked, and 1 that they need" "$scratch/out"; }
report "check looks at what is needed, too" checked

plan user --results r >"$scratch/plan"
first() { sed -n 1p "$scratch/plan" | grep -qF '"run":"judge/seed1"' && grep -qF "user/dim2/seed1 needs it" "$scratch/plan"; }
report "plan lists the need first, and for whom" first

report "run makes it before its users" make r user -j 2
here() { [[ -s r/judge/seed1/metrics.csv && -s r/user/dim2/seed1/metrics.csv && -s r/user/dim3/seed1/metrics.csv && ! -e r/alone ]]; }
report "and nothing else" here
report "run.yaml tells what was needed" grep -qE '^  judge/seed1: [0-9a-f]{64}$' r/user/dim2/seed1/run.yaml
again() {
    local before
    before=$(digest r)
    make r user && says "2 of 2 runs are up to date" && [[ $(wc -l <"$scratch/err") == 1 && $before == "$(digest r)" ]]
}
report "then all is up to date" again
one_by_one() { make r1 user && same_digest r r1; }
report "one after another: the same bytes" one_by_one

# Killed at any moment, the next call goes on, with the need or with its users.
killed() {
    for delay in 0.02 0.05 0.1 0.15 0.2 0.3 0.4; do
        setsid "$MAYVAE" run user --results k --quiet 2>/dev/null &
        local runner=$!
        sleep "$delay"
        kill -KILL -- "-$runner" 2>/dev/null
        wait "$runner" 2>/dev/null
    done
    make k user && same_digest r k
}
report "killed again and again: the same bytes" killed

weights=$(sha256sum <r/user/dim2/seed1/weights.safetensors)
sed -i 's/epochs: 8/epochs: 9/' experiments/judge.yaml
plan user --results r >"$scratch/plan"
changed() {
    planned judge/seed1 train && planned user/dim2/seed1 evaluate &&
        grep -qF '"why":"a run it needs changed: judge/seed1"' "$scratch/plan"
}
report "a changed need makes its users stale, and says so" changed
explained() { exits 0 "$MAYVAE" explain user/dim2 --results r && grep -qF "judge/seed1, which it needs: other weights" "$scratch/out"; }
report "explain tells of it" explained
unverified() {
    exits 1 "$MAYVAE" verify user/dim2 --results r --quiet && [[ $(wc -l <"$scratch/out") == 1 && ! -s $scratch/err ]] &&
        grep -qF 'user/dim2/seed1: a run it needs changed: judge/seed1; `mayvae explain` with the same targets and options says in what' "$scratch/out"
}
report "verify tells of it, and makes nothing again" unverified
report "they are evaluated anew" make r user
report "and not trained" test "$weights" = "$(sha256sum <r/user/dim2/seed1/weights.safetensors)"
sed -i 's/evaluate: \[accuracy\]/evaluate: [accuracy: {split: train}]/' experiments/judge.yaml
plan user --results r >"$scratch/plan"
report "what is only measured of a need doesn't count" planned user/dim2/seed1 "up to date"

# A need that fails keeps its users from starting, and only them with --keep-going.
failing() {
    mkdir -p f && touch f/judge
    exits 1 "$MAYVAE" run user alone --results f --keep-going &&
        says "user/dim2/seed1: not started: judge/seed1, which it needs, failed" &&
        says "user/dim3/seed1: not started" && says "1 done, 1 failed, 0 stopped, 2 not started" &&
        [[ -s f/alone/dim4/seed1/run.yaml && ! -e f/user ]]
}
report "a failed need: its users are named, the others go on" failing
at_once() { mkdir -p g && touch g/judge && exits 1 "$MAYVAE" run user alone --results g -j 1 && says "1 failed" && [[ ! -e g/user && ! -e g/alone ]]; }
report "without --keep-going nothing more is started" at_once

# -o is for the target; what it needs is taken from the usual results, or made beside it.
"$MAYVAE" run judge --quiet
borrowed() {
    "$MAYVAE" run user/dim2 -o train.epochs=1 --quiet &&
        [[ -s build/override/user/dim2/seed1/run.yaml && ! -e build/override/judge && ! -e results/user ]]
}
report "-o takes needs from the usual results" borrowed
beside() {
    rm results/judge/seed1/weights.safetensors
    "$MAYVAE" run user/dim3 -o train.epochs=1 --quiet && [[ -s build/override/judge/seed1/run.yaml ]] &&
        grep -q "epochs: 9" build/override/judge/seed1/config.yaml && [[ ! -e results/judge/seed1/weights.safetensors ]]
}
report "or makes them beside it, by their own file" beside

make r user
verified() { exits 0 "$MAYVAE" verify user/dim2 --results r && grep -q "user/dim2/seed1: identical" "$scratch/out"; }
report "verify finds needs in the results" verified
forgotten() {
    rm r/judge/seed1/weights.safetensors
    verified && ! grep -q judge "$scratch/out"
}
report "or makes them again, where their weights are not kept" forgotten

report "a profile is for needs, too" "$MAYVAE" run user --profile quick --quiet
quick() { grep -q "limit: 200" build/quick/results/judge/seed1/config.yaml && grep -q "limit: 200" build/quick/results/user/dim3/seed1/config.yaml; }
report "all of it below build/quick" quick
finish
