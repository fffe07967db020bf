#!/usr/bin/env bash
# A frozen short run: its history stays where it was. `numerics: openblas` may differ in the last bits between processors,
# which training amplifies, hence the tolerance; a change of an op, an initialiser or a stream is far larger.
set -u
source "$(dirname "$0")/lib.sh"

tolerance=1e-3

# compare FILE GOLDEN: the same heading, and numbers within the relative tolerance.
compare() {
    awk -F, -v tolerance="$tolerance" '
        function abs(x) { return x < 0 ? -x : x }
        NR == FNR { golden[FNR] = $0; lines = FNR; next }
        FNR == 1 && $0 != golden[1] { print "columns: " $0; bad = 1 }
        FNR > 1 {
            n = split(golden[FNR], want, ",")
            if (n != NF) { print "line " FNR ": " $0; bad = 1 }
            for (i = 1; i <= n; i++)
                if (abs($i - want[i]) > tolerance * abs(want[i]) + 1e-9) { print "line " FNR ", column " i ": " $i ", golden " want[i]; bad = 1 }
        }
        END { if (FNR != lines) { print FNR " lines, golden " lines; bad = 1 } exit bad }' "$2" "$1"
}

small "$scratch/r" --quiet || exit 1
run=$scratch/r/vae/dim2/seed1
report "the history of a short run" compare "$run/history.csv" tests/golden/vae_small_history.csv
report "its frozen configuration, byte for byte" cmp "$run/config.yaml" tests/golden/vae_small_config.yaml

off_by_a_percent() {
    awk -F, -v OFS=, 'NR == 2 { $3 *= 1.01 } 1' tests/golden/vae_small_history.csv >"$scratch/off.csv"
    ! compare "$run/history.csv" "$scratch/off.csv"
}
report "a value that is off by 1% would be seen" off_by_a_percent
finish
