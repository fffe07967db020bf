#!/usr/bin/env bash
# run.sh TEST...: runs test programs and scripts, as many at once as there are cores, and ends with `N passed, N failed`.
# A test prints TAP: `ok ...` and `not ok ...` lines, programs also their number first (`1..N`). What was announced and
# not reported failed; so did a test that reports nothing, or that ends with an error and no `not ok` line.
# TEST_SECONDS bounds one program's time; logs lie in build/test/.
set -euo pipefail
cd "$(dirname "$0")/.."
logs=build/test

run_one() {
    local test=$1 log start status=0
    log=$logs/${test//\//-}.log
    start=$(date +%s.%N)
    CMOCKA_MESSAGE_OUTPUT=TAP timeout -k 5 "${TEST_SECONDS:-300}" "./$test" >"$log" 2>&1 </dev/null || status=$?
    awk -v test="$test" -v status="$status" -v seconds="$(echo "$(date +%s.%N) $start" | awk '{print $1 - $2}')" '
        /^1\.\.[0-9]+[[:space:]]*$/ { planned += substr($1, 4) }
        /^(not )?ok .*# SKIP/ { skipped++; next }
        /^ok / { passed++ }
        /^not ok / { failed++ }
        END {
            reported = passed + failed + skipped
            if (planned > reported) { failed += planned - reported; why = why ", not all tests reported" }
            if (status == 124 || status == 137) why = why ", took too long"
            if (status != 0) why = why ", exit status " status
            if (!failed && status != 0) failed = 1
            if (!failed && !reported) { failed = 1; why = why ", reported nothing" }
            printf "%d %d %d %s\n", passed, failed, skipped, test
            printf "%-4s %s: %d passed, %d failed%s (%.1f s)%s\n", failed ? "FAIL" : "ok", test, passed, failed,
                skipped ? ", " skipped " skipped" : "", seconds, why >"/dev/stderr"
        }' "$log" >"$log.count"
}

if [[ ${1:-} == --one ]]; then
    run_one "$2"
    exit
fi

rm -rf "$logs"
mkdir -p "$logs"
(($# == 0)) || printf '%s\0' "$@" | xargs -0 -n 1 -P "$(nproc)" "$0" --one

passed=0 failed=0 skipped=0
for test in "$@"; do
    log=$logs/${test//\//-}.log
    if [[ -s $log.count ]]; then
        read -r p f s _ <"$log.count"
    else
        p=0 f=1 s=0
    fi
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    if ((f)); then
        printf '\n--- %s\n' "$test"
        tail -n 60 "$log"
    fi
done
((skipped == 0)) || echo "$skipped skipped"
echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))
