#!/usr/bin/env bash
# mayvae diff, on made-up folders of results.
set -uo pipefail
cd "$(dirname "$0")/../.."
mayvae=${MAYVAE:-./mayvae}
failed=0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

report() { # report STATUS NAME
    if (($1 == 0)); then echo "ok $2"; else echo "not ok $2"; failed=1; sed 's/^/    /' "$folder/out" "$folder/err"; fi
}
diff_them() { # diff_them ARGUMENT...: sets code
    "$mayvae" diff "$@" >"$folder/out" 2>"$folder/err"
    code=$?
}
says() { grep -qF -- "$1" "$folder/out"; }
complains() { grep -qF -- "$1" "$folder/err"; }

add_run() { # add_run SIDE RUN VALUE [HISTORY]
    local run=$folder/$1/$2
    mkdir -p "$run"
    echo 'identity: 1' >"$run/run.yaml"
    printf 'metric,split,value,unit,n,detail\nelbo,test,%s,nats/image,100,\nactive_units,test,nan,units,100,"of 2, all"\n' "$3" >"$run/metrics.csv"
    printf 'epoch,objective_train\n1,%s\n' "${4:-120.5}" >"$run/history.csv"
}
sides() { # two folders of two runs each, all the same
    rm -rf "$folder/a" "$folder/b"
    for side in a b; do
        add_run "$side" vae/dim2/seed1 100
        add_run "$side" ae/seed1 50
    done
}

sides
diff_them "$folder/a" "$folder/b"
[[ $code == 0 ]] && [[ $(cat "$folder/out") == 'same: 2 runs, 4 values' ]]
report $? 'equal folders are the same'
sed -i 's/,nan,/,NaN,/' "$folder/b/ae/seed1/metrics.csv"
diff_them "$folder/a" "$folder/b"
[[ $code == 0 ]]
report $? 'NaN equals NaN, however it is written'
sides

add_run b vae/dim2/seed1 101.5
diff_them "$folder/a" "$folder/b"
[[ $code == 1 ]] && says 'vae/dim2/seed1' && says '+1.5' && ! says 'ae/seed1  elbo' && says '1 of 2 runs differs: 1 of 4 values, 0 histories'
report $? 'a value that differs is named with both values and the difference'

diff_them "$folder/a" "$folder/b" --atol 1.5
[[ $code == 0 ]]
report $? 'a difference of exactly atol is the same'
diff_them "$folder/a" "$folder/b" --atol 1.49
[[ $code == 1 ]]
report $? 'a difference above atol differs'
diff_them "$folder/a" "$folder/b" --rtol 0.0148
[[ $code == 0 ]]
report $? 'rtol is of B: 1.5 <= 0.0148 x 101.5'
diff_them "$folder/b" "$folder/a" --rtol 0.0148
[[ $code == 1 ]]
report $? 'rtol is of B: 1.5 > 0.0148 x 100'

sides
add_run b vae/dim2/seed1 inf
diff_them "$folder/a" "$folder/b" --atol 1e9 --rtol 1
[[ $code == 1 ]]
report $? 'an infinity is within no tolerance'
add_run b vae/dim2/seed1 nan
diff_them "$folder/a" "$folder/b" --atol 1e9
[[ $code == 1 ]]
report $? 'NaN differs from a number'

sides
add_run b vae/dim2/seed1 100 120.6
diff_them "$folder/a" "$folder/b"
[[ $code == 1 ]] && says 'history.csv differs' && says '0 of 4 values, 1 history;'
report $? 'a history that differs'
diff_them "$folder/a" "$folder/b" --atol 0.2
[[ $code == 0 ]]
report $? 'tolerances hold for histories too'
rm "$folder/b/vae/dim2/seed1/history.csv"
diff_them "$folder/a" "$folder/b"
[[ $code == 1 ]] && says 'history.csv' && says 'only in A'
report $? 'a history that one side lacks'

sides
add_run a only/seed1 1
add_run b other/dim8/seed2 1
diff_them "$folder/a" "$folder/b"
[[ $code == 1 ]] && grep -q '^only/seed1 .*only in A$' "$folder/out" && grep -q '^other/dim8/seed2 .*only in B$' "$folder/out"
report $? 'runs that one side alone has'

sides
echo 'accuracy,test,0.99,share,100,' >>"$folder/a/ae/seed1/metrics.csv"
echo 'accuracy,valid,0.98,share,100,' >>"$folder/b/ae/seed1/metrics.csv"
diff_them "$folder/a" "$folder/b"
[[ $code == 1 ]] && grep -q 'accuracy *test .*only in A$' "$folder/out" && grep -q 'accuracy *valid .*only in B$' "$folder/out"
report $? 'metrics that one side alone has, by split'

sides
for side in a b; do echo 'elbo,test,7,nats/image,50,again' >>"$folder/$side/ae/seed1/metrics.csv"; done
diff_them "$folder/a" "$folder/b"
[[ $code == 0 ]] && says 'same: 2 runs, 5 values'
report $? 'a metric measured twice is compared one by one'

add_run b vae/dim2/seed1 101.5
diff_them "$folder/a" "$folder/b" --md
[[ $code == 1 ]] && says '| run | metric | split | A | B | difference |' &&
    says '| vae/dim2/seed1 | elbo | test | 100 | 101.5 | +1.5 |' && says '1 of 2 runs differs'
report $? 'Markdown'
diff_them "$folder/a" "$folder/b" --json
[[ $code == 1 && $(wc -l <"$folder/out") == 1 ]] && says '"run":"vae/dim2/seed1"' && says '"A":100,"B":101.5,"difference":1.5}'
report $? 'JSON: an object a line, numbers are numbers'
sides
sed -i '/^elbo/d' "$folder/b/ae/seed1/metrics.csv"
sed -i 's/,nan,/,5,/' "$folder/b/vae/dim2/seed1/metrics.csv"
rm "$folder/a/vae/dim2/seed1/history.csv"
diff_them "$folder/a" "$folder/b" --json
[[ $code == 1 ]] && says '"metric":"elbo","split":"test","A":50,"B":null,"difference":"only in A"}' &&
    says '"A":"nan","B":5,"difference":"+nan"}' && says '"A":null,"B":"there","difference":"only in B"}'
report $? 'JSON: what is not there is null, and what is no number is text'

sides
diff_them "$folder/a" "$folder/none"
[[ $code == 2 && ! -s $folder/out ]] && complains "$folder/none: "
report $? 'a folder that is not there is trouble'
mkdir "$folder/empty"
diff_them "$folder/empty" "$folder/empty"
[[ $code == 2 ]] && complains 'has finished runs below it'
report $? 'nothing to compare is trouble'
diff_them "$folder/a"
[[ $code == 2 ]] && complains 'two folders'
report $? 'one folder alone is a usage error'
diff_them "$folder/a" "$folder/b" --md --json
[[ $code == 2 ]] && complains 'not both'
report $? 'two forms of the table are refused'
printf 'metric,split,value\nelbo,test\n' >"$folder/b/ae/seed1/metrics.csv"
diff_them "$folder/a" "$folder/b"
[[ $code == 2 ]] && complains "$folder/b/ae/seed1/metrics.csv:2"
report $? 'a broken CSV is trouble, with its file and line'
printf 'metric,split,value\nelbo,test,12x\n' >"$folder/b/ae/seed1/metrics.csv"
diff_them "$folder/a" "$folder/b"
[[ $code == 2 ]] && complains '"12x" is no number'
report $? 'a value that is no number is trouble'
printf 'metric,split\nelbo,test\n' >"$folder/b/ae/seed1/metrics.csv"
diff_them "$folder/a" "$folder/b"
[[ $code == 2 ]] && complains 'lacks one of the columns'
report $? 'a missing column is trouble'

exit $failed
