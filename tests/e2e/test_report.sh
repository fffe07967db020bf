#!/usr/bin/env bash
# The report builds from no results and from a few, and its verdicts and tables follow from the numbers.
set -u
source "$(dirname "$0")/lib.sh"

refused() {
    for words in "" "a" "a b c"; do
        exits 2 report/build.sh $words && says 'build.sh RESULTS PDF' || return 1
    done
    mkdir "$scratch/folder.pdf" && exits 2 report/build.sh "$scratch/none" "$scratch/folder.pdf" &&
        says "$scratch/folder.pdf is a folder" && exits 2 report/build.sh "$scratch/none" "$scratch/folder.pdf/" &&
        exits 2 report/build.sh "" "$scratch/x.pdf" && exits 2 report/build.sh "$scratch/none" "" &&
        [[ ! -e $scratch/none && -z $(ls "$scratch/folder.pdf") ]]
}
report "build.sh wants two names, the second one of a file" refused

command -v latexmk >/dev/null || { echo "ok the report # SKIP latexmk is not installed"; exit 0; }
results=$scratch/results

# add RUN LINE...: a run with these rows of metrics.csv.
add() {
    local folder=$results/$1 experiment=${1%%/*} variant=${1#*/}
    variant=${variant%seed1}
    variant=${variant%/}
    mkdir -p "$folder"
    shift
    printf 'epochs: 1\nparameters: 5\n' >"$folder/run.yaml"
    printf 'epoch,learning_rate,objective_train\n1,0.1,9\n2,0.1,7\n' >"$folder/history.csv"
    printf 'data:\n  batch: 64\n  binarize: none\ntrain:\n  epochs: 2\n  optimizer: {adam: {lr: 0.1, beta1: 0.9}}\n' >"$folder/config.yaml"
    echo metric,split,value,unit,n,detail >"$folder/metrics.csv"
    for row in "$@"; do
        echo "$row" >>"$folder/metrics.csv"
        IFS=, read -r metric split value unit n detail <<<"$row"
        echo "$experiment,$variant,$metric,$split,$unit,$value,,1,$n,$detail" >>"$results/groups.csv"
    done
    echo "$experiment${variant:+/$variant}/seed1,$experiment,$variant,1,1,5" >>"$results/summary.csv"
}

builds() { # prints nothing but the PDF's name: no overfull box, no reference to nothing
    report/build.sh "$1" "$scratch/report.pdf" >"$scratch/out" 2>&1 || { cat "$scratch/out"; return 1; }
    [[ $(cat "$scratch/out") == "$scratch/report.pdf" && -s $scratch/report.pdf ]] || { cat "$scratch/out"; return 1; }
}
from_nothing() { builds "$scratch/empty"; }
report "from an empty folder" from_nothing

spaces() {
    exits 0 make -s --no-print-directory report RESULTS="$scratch/my results" REPORT="$scratch/my report.pdf" &&
        [[ -s "$scratch/my report.pdf" && -d "$scratch/my results" && ! -e $scratch/my ]]
}
report "make report: names with spaces" spaces

mkdir -p "$results"
echo experiment,variant,metric,split,unit,mean,sd,n,images,detail >"$results/groups.csv"
echo run,experiment,variant,seed,epochs,parameters >"$results/summary.csv"
add vae/dim8/seed1 'negative_elbo,test,102.5,nats/image,100,grey pixels; sum' 'digit_rate,prior,0.8,share,400,p >= 0.9' \
    'inception_score,prior,6.1,score,100,judge a_b' 'inception_score_sd,prior,0.3,score,100,over splits'
add vae/dim32/seed1 'negative_elbo,test,96.25,nats/image,100,grey pixels; sum' 'digit_rate,prior,0.7,share,400,p >= 0.9'
add resnet18/seed1 'accuracy,test,0.9925,share,100,'
from_a_few() { builds "$results"; }
report "from a few runs" from_a_few

# What macros print, as the log of a small document tells it.
cat >"$scratch/small.tex" <<'TEX'
\documentclass{article}
\usepackage{hyperref,results,tables,figures,runs}
\begin{document}
\Claim{more}{a}{b}{\V{vae/dim8}{digit_rate}{prior}}{0.05}{0.7}
\Claim{less}{a}{b}{\V{vae/dim32}{digit_rate}{prior} - \V{vae/dim8}{digit_rate}{prior}}{0.05}{0}
\Claim{noise}{a}{b}{\V{vae/dim8}{digit_rate}{prior}}{0.05}{0.78}
\Claim{nothing}{a}{b}{\V{vae/dim8}{digit_rate}{prior} - \V{vae/dim2}{digit_rate}{prior}}{0}{0}
\Claim{spread}{a}{b}{1}{2*\V{vae/dim32}{inception_score_sd}{prior}}{0}
\typeout{IS more=\Verdict{more} less=\Verdict{less} noise=\Verdict{noise} nothing=\Verdict{nothing} spread=\Verdict{spread}
  never=\Verdict{never}}
\typeout{IS n=\N{vae/dim8}{digit_rate}{prior} none=\V{vae/dim8}{digit_rate}{gmm}}
\showboxbreadth=1000 \showboxdepth=1000
\setbox0\hbox{\Setting{vae/dim8/seed1}{batch}}\typeout{IS batch \the\wd0}
\setbox0\hbox{64}\typeout{IS 64 \the\wd0}
\setbox0\hbox{\Value{vae/dim8}{negative_elbo}{test}}\typeout{IS value \the\wd0}
\setbox0\hbox{102.50}\typeout{IS 102.50 \the\wd0}
\ClaimTable{claims}
\ResultTable{vae, resnet18}{{bound}{negative_elbo}{test}{2}, {score}{inception_score}{*}{2}{inception_score_sd}}{scores}
\EveryRun
\end{document}
TEX
width_of() { sed -n "s/^IS $1 //p" "$scratch/small.log"; }
macros() {
    (cd "$scratch" && TEXINPUTS=$OLDPWD/report//: max_print_line=1000 pdflatex -interaction=batchmode -halt-on-error small.tex) ||
        { grep -A 5 '^!' "$scratch/small.log"; return 1; }
    grep '^IS' "$scratch/small.log"
    grep -q 'IS more=supported less=not supported noise=undecided nothing=untestable spread=untestable never=untestable' \
        <(tr -s '\n ' ' ' <"$scratch/small.log") && grep -qxF 'IS n=(400) none=(nan)' "$scratch/small.log" &&
        [[ $(width_of batch) == "$(width_of 64)" && $(width_of value) == "$(width_of 102.50)" ]]
}
report "verdicts, values and settings are those of the results" macros
finish
