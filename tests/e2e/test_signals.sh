#!/usr/bin/env bash
# Signals at every stage, to one process or to all of them; what a run leaves behind, and what its streams' absence does.
set -u
source "$(dirname "$0")/lib.sh"

long=(run vae/dim2 -o "$plain" -o data.limit=300 -o data.batch=32 -o train.epochs=4000)
run=vae/dim2/seed1

# begin RESULTS [OPTION...]: a long run in a process group of its own; $runner is its process.
begin() {
    local results=$1
    shift
    setsid "$MAYVAE" "${long[@]}" --results "$results" "$@" >"$scratch/o" 2>"$scratch/e" &
    runner=$!
}
# until_there FILE: at most 10 seconds.
until_there() {
    for _ in $(seq 200); do [[ -e $1 ]] && return 0; sleep 0.05; done
    echo "$1 did not come"
    return 1
}
ends() {
    local code=$1 got=0
    wait "$runner" || got=$?
    [[ $got == "$code" ]] || { echo "exit $got, expected $code"; cat "$scratch/e"; return 1; }
}
# No process of the group is left, within 5 seconds.
all_ended() {
    for _ in $(seq 100); do pgrep -g "$runner" >/dev/null || return 0; sleep 0.05; done
    echo "left:"; pgrep -a -g "$runner"
    return 1
}
said() { grep -qF -- "$1" "$scratch/e" || { echo "expected: $1"; cat "$scratch/e"; return 1; }; }

# A terminal sends Ctrl-C to the runner and to its runs, and the runner passes it on: they still write their checkpoints.
to_the_group() {
    for _ in 1 2 3 4 5; do
        begin "$scratch/group"
        until_there "$scratch/group/$run/checkpoint.safetensors" || return 1
        sleep 0.8
        kill -INT -- "-$runner"
        ends 130 && said "the same command goes on from there" && said "1 stopped" && all_ended || return 1
    done
}
report "Ctrl-C in a terminal: a checkpoint each time" to_the_group

# Stopped from outside while it starts the run's process, the signal comes before the wait for that process begins.
at_the_start() {
    for delay in 01 02 03 04 05 06 08 10 15; do
        rm -rf "$scratch/start"
        begin "$scratch/start"
        sleep "0.$delay"
        kill -TERM "$runner" 2>/dev/null
        local got=0
        wait "$runner" || got=$?
        [[ $got == 143 ]] || { echo "exit $got after 0.$delay s"; cat "$scratch/e"; return 1; }
        all_ended || return 1
        ! grep "was ended by signal" "$scratch/e" || return 1
        ! find "$scratch/start" -name 'launch-*' 2>/dev/null | grep . || return 1
    done
}
report "SIGTERM before the first step ends it" at_the_start

held() {
    mkdir -p "$scratch/held/$run/log"
    exec 9>"$scratch/held/$run/log/lock"
    flock 9
    begin "$scratch/held" 9>&-
    for _ in $(seq 100); do grep -q "waiting for process" "$scratch/e" && break; sleep 0.05; done
    kill -INT "$runner"
    local ok=0
    ends 130 && said "waiting for process" && said "stopped while it waited" && all_ended &&
        ! find "$scratch/held" -name 'launch-*' | grep . || ok=1
    exec 9>&-
    return $ok
}
report "a signal while it waits for a lock ends it, and leaves nothing" held

runner_killed() {
    begin "$scratch/orphan"
    until_there "$scratch/orphan/$run/checkpoint.safetensors" || return 1
    kill -KILL "$runner"
    wait "$runner" 2>/dev/null
    all_ended
}
report "SIGKILL to the runner: its runs end" runner_killed

child_killed() {
    begin "$scratch/child"
    until_there "$scratch/child/$run/checkpoint.safetensors" || return 1
    pkill -KILL -P "$runner"
    ends 1 && said "was ended by signal 9" && said "; the same command goes on from its last checkpoint"
}
report "SIGKILL to a run: said, exit 1" child_killed

# Results that are whole, then --force: stopped or killed, the call without it goes on, and ends in the same bytes.
forced() {
    small "$scratch/forced" --quiet -o train.epochs=60 && cp -r "$scratch/forced" "$scratch/before" || return 1
    begin "$scratch/forced" -o train.epochs=60 --force
    until_there "$scratch/forced/$run/checkpoint.safetensors" || return 1
    kill "-$1" "$(pgrep -P "$runner")"
    cmp <(head -n 1 "$scratch/before/$run/history.csv") <(head -n 1 "$scratch/forced/$run/log/history.csv") || return 1
    ends "$2" && said "; the same command without --force goes on from $3" || return 1
    same_digest "$scratch/before" "$scratch/forced" || return 1
    exits 0 small "$scratch/forced" -o train.epochs=60 && says "$run: resume: interrupted in epoch" &&
        says "$run: going on from epoch" && [[ ! -e $scratch/forced/$run/checkpoint.safetensors ]] &&
        same_digest "$scratch/before" "$scratch/forced" && cmp "$scratch/forced/$run/"{,log/}history.csv && rm -r "$scratch/forced" "$scratch/before"
}
report "run --force, and stopped: the call without it goes on" forced INT 1 there
report "run --force, and killed: the call without it goes on" forced KILL 1 "its last checkpoint"

# A file opened in place of a closed stream takes that stream's number: no message may end in it.
small "$scratch/whole" --quiet || exit 1
only_a_number() { [[ -s $1 ]] && ! grep -v '^[0-9]*$' "$1"; }
no_streams() {
    small "$scratch/mute" 2>&- && small "$scratch/closed" <&- >&- 2>&- || return 1
    same_digest "$scratch/whole" "$scratch/mute" "$scratch/closed" &&
        only_a_number "$scratch/mute/$run/log/lock" && only_a_number "$scratch/closed/$run/log/lock"
}
report "closed streams: the same bytes, no message in a file" no_streams
report "a table for a closed standard output: exit 1" bash -c "'$MAYVAE' list >&- 2>/dev/null; [[ \$? == 1 ]]"

# An evaluation alone, its messages in a file.
plain() {
    exits 0 small "$scratch/plain" && rm "$scratch/plain/$run/metrics.csv" && exits 0 small "$scratch/plain" &&
        says "measuring elbo" && ! grep $'\033' "$scratch/err"
}
report "no control sequences outside a terminal" plain
followed() {
    exits 0 small "$scratch/followed" -o 'data.split={train: 55000, valid: 5000}' -o train.history=valid -o evaluate=[] -o figures=[] &&
        grep -qE ': epoch 2/2: objective [0-9.]+, valid [0-9.]+, ' "$scratch/err" || { cat "$scratch/err"; return 1; }
}
report "the line of an epoch names the split that is followed" followed
helped() {
    exits 0 "$MAYVAE" help run && cp "$scratch/out" "$scratch/help" && exits 0 "$MAYVAE" run --help && cmp "$scratch/help" "$scratch/out" &&
        exits 2 "$MAYVAE" help rnu && says 'did you mean "run"'
}
report "help COMMAND is COMMAND --help" helped
nowhere() { exits 2 "$MAYVAE" list --experiments /nope && says "/nope" && says "No such file" && exits 2 "$MAYVAE" list /vae && says '"/vae"'; }
report "a folder of experiments that isn't there, and a target that can't be, are named" nowhere

twice() { exits 0 "$MAYVAE" check vae/dim2 'vae/dim[28]' vae/dim2/seed1 vae && grep -qx "4 runs checked, and 2 that they need" "$scratch/out"; }
report "targets that overlap are one" twice

# A path near the system's limit: everything lies where it should, or nothing does and the file is named.
deep() {
    local length=$1 folder=$scratch/deep part
    part=$(printf 'd%.0s' $(seq 200))
    while ((${#folder} + 201 < length)); do folder+=/$part; done
    folder+=/$(printf 'e%.0s' $(seq $((length - ${#folder} - 1))))
    local got=0
    small "$folder" --quiet >"$scratch/out" 2>"$scratch/err" || got=$?
    case $got in
        0) same_digest "$scratch/whole" "$folder" ;;
        1) grep -q "File name too long" "$scratch/err" || { cat "$scratch/err"; return 1; } ;;
        *) cat "$scratch/err"; return 1 ;;
    esac
}
deep_paths() { for length in 3900 4040 4060 4070 4080 4090; do deep "$length" || { echo "at $length"; return 1; }; rm -rf "$scratch/deep"; done; }
report "paths near 4096 bytes" deep_paths
finish
