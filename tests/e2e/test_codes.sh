#!/usr/bin/env bash
# A prior over the codes of a VQ-VAE, small: its need is made first, the bytes are the same at any number of threads, and
# it can be sampled.
set -uo pipefail
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "$0")/lib.sh"

experiments=$scratch/experiments
mkdir -p "$experiments/profiles"
cp experiments/datasets.yaml experiments/vqvae.yaml experiments/pixelcnn.yaml "$experiments"
cat >"$experiments/profiles/small.yaml" <<'YAML'
# Without the judges, which would have to be trained first.
data: {batch: 32, limit: 300}
train: {epochs: 2}
experiments:
  vqvae: {evaluate: [elbo, codebook]}
  pixelcnn: {evaluate: [code_nll, description_length]}
YAML
run=pixelcnn/codes20-dim8/seed1
small_run() { "$MAYVAE" run "$run" --experiments "$experiments" --profile small --results "$scratch/$1" -j 1 --threads "$2"; }
draw() { "$MAYVAE" sample "$run" "$scratch/$1" --experiments "$experiments" --profile small --results "$scratch/one" "${@:2}"; }

first() {
    small_run one 1 || return 1
    [[ -f $scratch/one/vqvae/codes20-dim8/seed1/weights.safetensors ]] || { echo 'no VQ-VAE'; return 1; }
    grep -q '^code_nll_unigram,test,' "$scratch/one/$run/metrics.csv"
}
report 'pixelcnn: its VQ-VAE is made first, and its codes are scored' first
threads() { small_run three 3 && same_digest "$scratch/one" "$scratch/three"; }
report 'pixelcnn: the same bytes with three threads' threads
sampled() { draw drawn.png && cmp "$scratch/drawn.png" "$scratch/one/$run/figures/samples.png"; }
report 'pixelcnn: sample draws the picture of the run' sampled
colder() { draw colder.png --sampler 'autoregressive: {temperature: 0.5}' && ! cmp -s "$scratch/drawn.png" "$scratch/colder.png"; }
report 'pixelcnn: sample at another temperature' colder
hot() { exits 2 draw hot.png --sampler 'autoregressive: {temperature: 0}' && says '--sampler:1:31'; }
report 'pixelcnn: a temperature of 0 is refused at its place' hot
gone() {
    mv "$scratch/one/vqvae" "$scratch/moved"
    exits 1 draw gone.png && says 'vqvae/codes20-dim8/seed1 has no weights'
}
report 'pixelcnn: sample without the VQ-VAE says what is missing' gone

finish
