#!/usr/bin/env bash
# Bad data files, folders and checkpoints: one clear message with the file, exit 1 or 2, earlier results untouched.
set -u
source "$(dirname "$0")/lib.sh"
good=${MAYVAE_DATA:-${XDG_CACHE_HOME:-$HOME/.cache}/mayvae}

small "$scratch/r" --quiet || exit 1
before=$(digest "$scratch/r")
untouched() { [[ $before == "$(digest "$scratch/r")" ]] || { echo "earlier results changed"; return 1; }; }

# A copy of the data by links, one file of it replaced.
data() {
    rm -rf "$scratch/data"
    mkdir -p "$scratch/data/mnist"
    ln -s "$good"/mnist/*-ubyte "$scratch/data/mnist/"
}
with_data() { MAYVAE_DATA=$scratch/data small "$scratch/r" --force; }
labels=train-labels-idx1-ubyte

missing() { data; rm "$scratch/data/mnist/$labels"; exits 1 with_data && says "$labels" && says "make data" && untouched; }
truncated() { data; rm "$scratch/data/mnist/$labels"; head -c 1000 "$good/mnist/$labels" >"$scratch/data/mnist/$labels"
    exits 1 with_data && says "$labels" && untouched; }
altered() { data; rm "$scratch/data/mnist/$labels"; sed 's/\x05/\x06/' "$good/mnist/$labels" >"$scratch/data/mnist/$labels"
    exits 1 with_data && says "$labels" && says "SHA-256" && untouched; }
empty() { data; rm "$scratch/data/mnist/$labels"; : >"$scratch/data/mnist/$labels"; exits 1 with_data && says "$labels" && untouched; }
folder() { data; rm "$scratch/data/mnist/$labels"; mkdir "$scratch/data/mnist/$labels"; exits 1 with_data && says "$labels" && untouched; }
no_folder() { rm -rf "$scratch/data"; exits 1 with_data && says "$scratch/data" && untouched; }
# From a folder that has no fetch.sh, it is named by where it is.
elsewhere() {
    mkdir -p "$scratch/off" && cp experiments/{datasets,ae,vae}.yaml "$scratch/off/" || return 1
    local fetch="$PWD/runner/data/fetch.sh"
    (cd "$scratch/off" && MAYVAE_DATA=$scratch/nothing exits 1 "$MAYVAE" run ae.yaml -o evaluate=[]) &&
        says "missing; run \"DATASETS=./datasets.yaml $fetch mnist\""
}
no_home() { exits 2 env -u HOME -u XDG_CACHE_HOME -u MAYVAE_DATA "$@" && says "HOME is not set; name the folder of the data by MAYVAE_DATA"; }
report "a missing data file" missing
report "what fetches it, from anywhere" elsewhere
report "no HOME" no_home "$MAYVAE" run ae -o evaluate=[] --results "$scratch/homeless"
report "no HOME to fetch to" no_home runner/data/fetch.sh
report "a truncated data file" truncated
report "an altered data file" altered
report "an empty data file" empty
report "a folder in place of a data file" folder
report "no data folder" no_folder

# A run's own process reads a frozen copy; what is told is where the user wrote.
diverges() {
    printf 'experiment: far\nextends: %s/experiments/vae.yaml\nmatrix: {dim: [2]}\nevaluate: [elbo]\nfigures: [samples]
train:\n  optimizer:\n    sgd: {lr: 1000}\n' "$PWD" >"$scratch/far.yaml"
    exits 1 "$MAYVAE" run "$scratch/far.yaml" -o data.limit=300 -o train.optimizer.adam=~ --results "$scratch/far" --quiet &&
        says "$scratch/far.yaml:8:5: the loss is "
}
report "a loss that isn't finite" diverges

# Writing fails: a file-size limit stands in for the full disk (EFBIG in place of ENOSPC), a small tmpfs is the real thing.
limited() { (ulimit -f 64; small "$scratch/limited" --quiet); }
too_large() { exits 1 limited && says "$scratch/limited" && ! find "$scratch/limited" -name '*.tmp' | grep .; }
report "a file-size limit" too_large

# Memory follows the images that there are, not the batch: a whole batch of this one would take 120 GB.
large_batch() {
    local few=(vae/dim2 -o figures=[] -o data.limit=200 -o data.batch=1000000 -o train.epochs=1 -o 'evaluate=[reconstruction_error]')
    (ulimit -v 2000000 && exits 0 "$MAYVAE" "$1" "${few[@]}" --threads 1 --results "$scratch/few") || { cat "$scratch/err"; return 1; }
}
report "plan: a batch larger than the data set costs no memory" large_batch plan
report "run: neither" large_batch run

full_disk() {
    mkdir -p "$scratch/full"
    mount -t tmpfs -o size=3m tmpfs "$scratch/full" 2>/dev/null || { echo "no tmpfs here"; return 77; }
    exits 1 small "$scratch/full" --quiet && says "No space left on device"
    local code=$?
    find "$scratch/full" -name '*.tmp' | grep . && code=1
    umount "$scratch/full"
    return $code
}
report "a full disk" full_disk

# root may write anywhere, so another user tries, on copies that it can read.
as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
read_only() {
    mkdir -p "$scratch/locked"
    chmod 555 "$scratch/locked"
    if [[ $(id -u) == 0 ]]; then
        as_nobody true 2>/dev/null || { echo "root can't become another user"; return 77; }
        mkdir "$scratch/theirs"
        cp -r "$MAYVAE" experiments "$good/mnist" "$scratch/theirs/"
        chmod -R a+rX "$scratch" "$scratch/theirs"
        exits 1 as_nobody env MAYVAE_DATA="$scratch/theirs" "$scratch/theirs/$(basename "$MAYVAE")" run vae/dim2 \
            -o "$plain" -o data.limit=300 -o train.epochs=1 \
            --experiments "$scratch/theirs/experiments" --results "$scratch/locked"
    else
        exits 1 small "$scratch/locked"
    fi && says "$scratch/locked" && says "Permission denied"
}
report "a results folder without write permission" read_only
a_file() { echo x >"$scratch/file"; exits 2 small "$scratch/file" && says "$scratch/file: results go to a folder"; }
report "a file in place of the results folder" a_file
reads_only() {
    cd "$scratch" && touch results && exits 0 "$MAYVAE" run --help &&
        exits 0 "$MAYVAE" show ae --experiments "$OLDPWD/experiments" || return 1
    for command in check plan list; do
        exits 2 "$MAYVAE" "$command" ae --experiments "$OLDPWD/experiments" && says "results: results go to a folder" &&
            exits 2 "$MAYVAE" "$command" ae --experiments "$OLDPWD/experiments" --results "$scratch/file" &&
            says "$scratch/file: results go to a folder" || return 1
    done
}
report "is told of by check, plan and list, too" eval '(reads_only)'

# A damaged checkpoint is refused with what to do, at any cut and with any byte changed; --force goes on without it.
make_checkpoint() {
    rm -rf "$scratch/c"
    "$MAYVAE" run vae/dim2 -o "$plain" -o data.limit=300 -o data.batch=32 -o train.epochs=300 --results "$scratch/c" --quiet 2>/dev/null &
    local runner=$!
    for _ in $(seq 200); do [[ -e $scratch/c/vae/dim2/seed1/checkpoint.safetensors ]] && break; sleep 0.05; done
    kill -INT "$runner"
    wait "$runner"
    cp "$scratch/c/vae/dim2/seed1/checkpoint.safetensors" "$scratch/checkpoint"
}
make_checkpoint
again() { "$MAYVAE" run vae/dim2 -o "$plain" -o data.limit=300 -o data.batch=32 -o train.epochs=300 --results "$scratch/c" --quiet; }
damaged() {
    for cut in 0 4 100 5000 1000000; do
        head -c "$cut" "$scratch/checkpoint" >"$scratch/c/vae/dim2/seed1/checkpoint.safetensors"
        exits 1 again && says "checkpoint.safetensors" && says "--force" || return 1
    done
    sed '1s/F32/F64/' "$scratch/checkpoint" >"$scratch/c/vae/dim2/seed1/checkpoint.safetensors"
    exits 1 again && says "checkpoint.safetensors"
}
report "damaged checkpoints" damaged
corrupt_weights() {
    local weights=$scratch/r/vae/dim2/seed1/weights.safetensors
    head -c 5000 "$weights" >"$scratch/w" && cp "$scratch/w" "$weights"
    ! untouched >/dev/null && exits 0 small "$scratch/r" && says "epoch 2/2" && untouched
}
report "corrupt weights are trained anew, to the same bytes" corrupt_weights

# The command line.
usage() { exits 2 "$MAYVAE" "$@"; }
nearest() { usage rnu && says 'did you mean "run"' && usage run vea && says 'did you mean "vae"' && usage run vae --thread 2 && says "did you mean --threads"; }
report "misspelt commands, targets and options name the nearest" nearest
# report.yaml is read before anything is trained, whatever the targets are; the runs it names need not be among them.
mkdir "$scratch/study"
cp experiments/{datasets,vae,resnet18,convnet}.yaml "$scratch/study/"
studied() { "$MAYVAE" "$1" vae/dim2 -o "$plain" --experiments "$scratch/study" --results "$scratch/studied"; }
wrong_study() {
    printf 'figure1:\n  panels: [{run: vae/dim99/seed1, figur: samples}]\n' >"$scratch/study/report.yaml"
    for command in check plan run; do
        exits 2 studied "$command" && says 'report.yaml:2:' && says 'did you mean "figure"' || return 1
    done
    [[ ! -e $scratch/studied ]] || { echo "something was made"; return 1; }
    printf 'figure1:\n  panels: [{run: vae/dim99/seed1, figure: samples}]\n' >"$scratch/study/report.yaml"
    exits 0 studied check && exits 2 "$MAYVAE" check --experiments "$scratch/study" && says 'no run "vae/dim99/seed1"'
}
as_the_files_are() {
    exits 0 "$MAYVAE" check -o 'figures=[]' && exits 0 "$MAYVAE" check --seed 2 && exits 0 "$MAYVAE" plan --seed 2
}
report "the study is of the files: -o and --seed change none of it" as_the_files_are
report "a wrong report.yaml is refused before anything is trained" wrong_study
report "no command: usage, exit 2" usage
report "a missing experiment file" usage check "$scratch/nothing.yaml"
report "a value out of range" usage run vae --threads 0
report "no output device: exit 1" bash -c "'$MAYVAE' list >/dev/full 2>/dev/null; [[ \$? == 1 ]]"
finish
