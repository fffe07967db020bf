#!/usr/bin/env bash
# The same bytes: at any number of threads, runs side by side, and after any kill.
set -u
source "$(dirname "$0")/lib.sh"

all_threads() {
    for threads in 1 2 3 8; do small "$scratch/t$threads" --threads "$threads" --quiet || return 1; done
    same_digest "$scratch/t1" "$scratch/t2" "$scratch/t3" "$scratch/t8"
}
report "1, 2, 3 and 8 threads give the same bytes" all_threads

# log/times.csv counts the threads that ran a task: what is compared did run on several. Where there is one processor, or
# all are busy, a thread may come too late for any.
several_at_work() {
    local column threads used most=0
    column=$(head -n 1 "$scratch/t8/vae/dim2/seed1/log/times.csv" | tr , '\n' | grep -n '^threads_used$' | cut -d: -f1)
    for threads in 1 2 3 8; do
        used=$(tail -n 1 "$scratch/t$threads/vae/dim2/seed1/log/times.csv" | cut -d, -f"$column")
        ((used >= 1 && used <= threads)) || { echo "$used of $threads threads at work"; return 1; }
        ((used <= most)) || most=$used
    done
    (($(nproc) > 1)) || { echo "one processor"; return 77; }
    ((most > 1)) || { echo "never more than one thread at work"; return 1; }
}
report "with several threads more than one was at work" several_at_work

has_everything() {
    local run=$scratch/t1/vae/dim2/seed1
    for file in config.yaml history.csv metrics.csv run.yaml weights.safetensors figures/samples.png; do
        [[ -s $run/$file ]] || { echo "$file is missing"; return 1; }
    done
    [[ ! -e $run/checkpoint.safetensors ]]
}
report "a run leaves every file and no checkpoint" has_everything

# Kills the run's processes with SIGKILL at a few random moments, then lets it finish.
killed_and_resumed() {
    local results=$1 seed=$2 moments=0
    RANDOM=$seed
    while ((moments++ < 6)); do
        small "$results" --quiet &
        local runner=$!
        sleep "0.$((RANDOM % 90 + 10))"
        pkill -KILL -P "$runner" 2>/dev/null
        kill -KILL "$runner" 2>/dev/null
        wait "$runner" 2>/dev/null
    done
    small "$results" --quiet || return 1
    same_digest "$scratch/t1" "$results"
}
report "killed at random moments and resumed: the same bytes" killed_and_resumed "$scratch/k1" 7
report "and again at other moments" killed_and_resumed "$scratch/k2" 11

# SIGINT in the middle of an epoch writes a checkpoint with a step in it.
interrupted() {
    local results=$scratch/interrupted signal=$1 code=$2 got=0
    rm -rf "$results"
    setsid "$MAYVAE" run vae/dim2 -o "$plain" -o data.limit=300 -o data.batch=32 -o train.epochs=400 --results "$results" >"$scratch/o" 2>"$scratch/e" &
    local runner=$!
    for _ in $(seq 100); do
        [[ -e $results/vae/dim2/seed1/checkpoint.safetensors ]] && break
        sleep 0.05
    done
    kill -"$signal" "$runner"
    wait "$runner" || got=$?
    [[ $got == "$code" ]] || { echo "exit $got, expected $code"; cat "$scratch/e"; return 1; }
    [[ -s $results/vae/dim2/seed1/checkpoint.safetensors ]] || { echo "no checkpoint"; return 1; }
    grep -q "; the same command goes on from there" "$scratch/e" || { cat "$scratch/e"; return 1; }
    ! pgrep -f "$results" || { echo "a process is left"; return 1; }
}
report "SIGINT: a checkpoint, how to go on, exit 130" interrupted INT 130
report "SIGTERM: the same, exit 143" interrupted TERM 143
report "SIGHUP: the same, exit 129" interrupted HUP 129

# A checkpoint in the middle of an epoch is resumed from there.
resumed_in_epoch() {
    local results=$scratch/middle
    for _ in 1 2 3 4 5 6; do
        small "$results" >/dev/null 2>"$scratch/e" &
        local runner=$!
        sleep "0.$((RANDOM % 40 + 25))"
        kill -INT "$runner" 2>/dev/null
        wait "$runner"
    done
    small "$results" --quiet || return 1
    same_digest "$scratch/t1" "$results"
}
report "interrupted again and again: the same bytes" resumed_in_epoch

side_by_side() {
    "$MAYVAE" run vae -o "$plain" -o data.limit=300 -o data.batch=32 -o train.epochs=1 --results "$scratch/j1" --quiet || return 1
    "$MAYVAE" run vae -o "$plain" -o data.limit=300 -o data.batch=32 -o train.epochs=1 --results "$scratch/j4" -j 4 --quiet || return 1
    same_digest "$scratch/j1" "$scratch/j4"
}
report "-j 4 gives the bytes of -j 1" side_by_side
report "summary.csv has a row a run" test "$(wc -l <"$scratch/j1/summary.csv")" = 5
report "figure2 is composed once its panels are there" test -s "$scratch/j1/figures/figure2.png"

two_at_once() {
    small "$scratch/two" --quiet 2>"$scratch/e1" &
    local first=$!
    small "$scratch/two" --quiet 2>"$scratch/e2" || return 1
    wait "$first" || return 1
    same_digest "$scratch/t1" "$scratch/two"
}
report "two calls for one run: the second waits, the bytes stay" two_at_once
finish
