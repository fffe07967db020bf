#!/usr/bin/env bash
# mayvae describe and --help: every row of every .def file is described, in lines of at most 80 columns.
set -uo pipefail
cd "$(dirname "$0")/../.."
mayvae=${MAYVAE:-./mayvae}
export LC_ALL=C.UTF-8
failed=0
out=$(mktemp)
trap 'rm -f "$out"' EXIT

report() { # report STATUS NAME
    if (($1 == 0)); then echo "ok $2"; else echo "not ok $2"; failed=1; sed 's/^/    /' "$out"; fi
}
fits() { # lines of standard output that are too long, or end in blanks
    ! grep -nE '^.{81,}|[[:blank:]]$' "$out"
}
rows_of() { sed -n 's/^[A-Z]*(\([a-z0-9_]*\))$/\1/p' "$1"; }

"$mayvae" describe >"$out" 2>&1 && fits
report $? 'describe'
cp "$out" "$out.all"
trap 'rm -f "$out" "$out.all"' EXIT

# --json: a line a row, each with its options.
"$mayvae" describe --json >"$out" 2>&1 && ! grep -v '^{"table":"[a-z_]*","row":"[a-z0-9_]*","doc":".*}$' "$out" &&
    [[ $(grep -c '^{"table":"layers"' "$out") == $(rows_of nn/layer/layers.def | wc -l) ]]
report $? 'describe --json'
"$mayvae" describe --json layers dense >"$out" 2>&1 && [[ $(wc -l <"$out") == 1 ]] &&
    grep -qF '{"option":"units","type":"whole number","required":true,"least":1,' "$out"
report $? 'describe --json TABLE ROW'
! "$mayvae" describe --json lyaers >"$out" 2>&1 && grep -q 'did you mean "layers"' "$out"
report $? 'describe --json of what is not there'

for file in nn/*/*.def runner/*/*.def; do
    table=$(basename "$file" .def)
    [[ $table == op ]] && table=ops
    for row in $(rows_of "$file"); do
        if [[ $table == commands ]]; then
            "$mayvae" "$row" --help >"$out" 2>&1 && grep -q "^mayvae $row " "$out" && fits
            report $? "$row --help"
            continue
        fi
        "$mayvae" describe "$table" "$row" >"$out" 2>&1 && grep -qx "$row ($table)" "$out" && fits &&
            grep -q "^  $row " "$out.all"
        report $? "describe $table $row"
    done
    [[ $table == commands ]] && continue
    "$mayvae" describe "$table" >"$out" 2>&1 && fits
    report $? "describe $table"
done
for row in experiment title extends matrix seeds numerics data split network loss train evaluate figures; do
    "$mayvae" describe experiment "$row" >"$out" 2>&1 && grep -qx "$row (experiment)" "$out" && grep -q '^Example:' "$out" && fits
    report $? "describe experiment $row"
done
"$mayvae" help >"$out" 2>&1 && fits
report $? 'help'

"$mayvae" describe conv2d >"$out" 2>&1 && grep -qx 'conv2d (layers)' "$out" &&
    grep -qE '^  filters +whole number +required +1 to 1048576$' "$out" &&
    grep -qE '^  bias +true or false +true$' "$out" && grep -q '^    - conv2d: {' "$out"
report $? 'a bare name: the layer goes before the op; type, default, bounds, example'

"$mayvae" describe constant >"$out" 2>&1
(($? == 2)) && grep -q 'initialisers, schedules' "$out"
report $? 'a name of several tables is refused with the tables'
"$mayvae" describe conv2b >"$out" 2>&1
(($? == 2)) && grep -q 'did you mean "conv2d"' "$out"
report $? 'an unknown name: the nearest row'
"$mayvae" describe layer >"$out" 2>&1
(($? == 2)) && grep -q 'did you mean "layers"' "$out"
report $? 'an unknown name: the nearest table'
"$mayvae" describe losses kl_divergense >"$out" 2>&1
(($? == 2)) && grep -q 'did you mean "kl_divergence"' "$out"
report $? 'an unknown row of a table: the nearest of that table'
"$mayvae" describe codebook metrics >"$out" 2>&1
(($? == 2)) && grep -q 'the table comes first: `mayvae describe metrics codebook`' "$out"
report $? 'the row before its table'
"$mayvae" describe experiment matrix >"$out" 2>&1 && tr '\n' ' ' <"$out" | grep -qF "numbers, or texts fit for a folder's name" &&
    grep -qF '"${NAME}" in a value, not in a key,' "$out"
report $? 'the matrix: what its values may be, and where they are put in'
"$mayvae" describe layers conv2d more >"$out" 2>&1
(($? == 2))
report $? 'three names are a usage error'

exit $failed
