#!/usr/bin/env bash
# The table of the runs under way, on a pseudo terminal; what is written where there is none.
set -u
source "$(dirname "$0")/lib.sh"

if ! script -qec true /dev/null >/dev/null 2>&1 </dev/null; then
    echo "ok skipped: script, which makes pseudo terminals, is not here"
    finish
fi

few=(vae -o data.limit=300 -o data.batch=32 -o train.epochs=2 -o evaluate=[] -o figures=[])

# on_terminal COLUMNS ROWS COMMAND...: what the terminal was sent, with escape sequences as ~, goes to $scratch/seen.
on_terminal() {
    local size="cols $1 rows $2" got=0
    shift 2
    SHELL=/bin/bash script -qec "stty $size; $(printf '%q ' "$@")" /dev/null </dev/null >"$scratch/raw" 2>&1 || got=$?
    tr -d '\r' <"$scratch/raw" | sed 's/\x1b\[/~/g' >"$scratch/seen"
    ((got == 0)) || { echo "exit $got"; tail -n 20 "$scratch/seen"; return 1; }
}
# shows EXPRESSION: what was seen, line ends as they are, matches somewhere.
shows() { grep -qPzo -- "$1" "$scratch/seen" || { echo "expected: $1"; tail -n 40 "$scratch/seen"; return 1; }; }
never() { ! grep -P -- "$1" "$scratch/seen"; }

# Two lines one below the other, each with a bar and each of another run; no message comes to stand behind a line.
two_at_once() {
    on_terminal 80 24 "$MAYVAE" run "${few[@]}" --results "$scratch/two" -j 2 || return 1
    shows 'vae/dim(\d+)/seed1 +\[#*-*\] .*left~0m~K\n~36mvae/dim(?!\1/)\d+/seed1 +\[#*-*\] .*left~0m' &&
        shows '(\n|J)vae/dim8/seed1: epoch 2/2: objective .* left\n' &&
        shows '~J$' && never '~K~Jvae/'
}
report "-j 2 on a terminal: two runs at once, epochs above them" two_at_once

# Lines stand in the order of the starts, the longest run first, whatever each has come to by then.
longest_first() {
    local first
    first=$(grep -o '~36mvae/dim[0-9]*/seed1' "$scratch/seen" | head -n 1)
    [[ $first == "~36mvae/dim32/seed1" ]] || { echo "first: $first"; return 1; }
}
report "the longest first" longest_first

alone() {
    on_terminal 80 24 "$MAYVAE" run vae/dim2 "${few[@]:1}" --results "$scratch/alone" || return 1
    shows '~36mvae/dim2/seed1  \[#+-*\]  ./2  loss .* left~0m~K~J' && never '~\d*A'
}
report "-j 1: one bar" alone

narrow() {
    on_terminal 40 3 env NO_COLOR=1 "$MAYVAE" run "${few[@]}" --results "$scratch/narrow" -j 4 || return 1
    shows '\nvae/dim\d+/seed1  \[[#-]+\]  \d/2  \d+ s left~K\n' && shows '\.\.\. and 3 more~K~J' && never '~36m' &&
        ! sed 's/~[0-9]*[AJ]/\n/g' "$scratch/seen" | grep -P '^.{40,}~K'
}
report "40 columns, 3 lines, NO_COLOR: cut, without color" narrow

dumb() {
    on_terminal 80 24 env TERM=dumb "$MAYVAE" run "${few[@]}" --results "$scratch/dumb" -j 2 &&
        never '~' && never '\[#*-*\]' && shows 'vae/dim8/seed1: epoch 2/2: objective'
}
report "TERM=dumb: plain lines" dumb
report "the table changes no byte" same_digest "$scratch/two" "$scratch/narrow" "$scratch/dumb"

quiet() { on_terminal 80 24 "$MAYVAE" run "${few[@]}" --results "$scratch/quiet" -j 2 --quiet && [[ ! -s $scratch/seen ]]; }
report "--quiet: nothing" quiet

# A run that fails says why, whole, above the table, and the call ends as it does.
failing() {
    local got=0
    mkdir -p "$scratch/failing/vae/dim2/seed1/log" && mkdir "$scratch/failing/vae/dim2/seed1/log/lock" || return 1
    on_terminal 80 24 "$MAYVAE" run vae/dim2 "${few[@]:1}" --results "$scratch/failing" >"$scratch/o" || got=1
    ((got == 1)) && shows "Jcan't lock .*log/lock: Is a directory\n" && shows 'J0 done, 1 failed, 0 stopped, 0 not started'
}
report "a failure stands above the table" failing

# Ctrl-C typed on the terminal: everything is as without one.
typed() {
    local code
    (sleep 2; printf '\003'; sleep 3) |
        SHELL=/bin/bash script -qec "stty cols 80 rows 24; $MAYVAE run vae -j 2 -o $plain -o data.limit=300 -o data.batch=32 -o train.epochs=4000 \
            --results $scratch/typed; echo code \$?" /dev/null >"$scratch/raw" 2>&1
    code=$(grep -ao 'code [0-9]*' "$scratch/raw")
    [[ $code == "code 130" ]] && (($(grep -ac 'goes on from there' "$scratch/raw") == 2)) || { tail -n 20 "$scratch/raw"; return 1; }
}
report "Ctrl-C on the terminal: checkpoints, exit 130" typed

whole_lines() {
    "$MAYVAE" run "${few[@]}" --results "$scratch/lines" -j 4 2>"$scratch/err" || return 1
    ! grep -vE '^vae/dim[0-9]+/seed1: [^:]*(: [^:]*)?$' "$scratch/err"
}
report "-j 4 into a file: whole lines" whole_lines
finish
