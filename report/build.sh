#!/usr/bin/env bash
# build.sh RESULTS PDF: the report from a folder of results. The same results give the same bytes.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
if (($# != 2)) || [[ -z $1 || -z $2 ]]; then
    echo "usage: build.sh RESULTS PDF (a folder, and the file to be written)" >&2
    exit 2
fi
if [[ -d $2 ]]; then
    echo "$2 is a folder; name the PDF in it, e.g. ${2%/}/report.pdf" >&2
    exit 2
fi
results=$(realpath -m "$1")
pdf=$(realpath -m "$2")

command -v latexmk >/dev/null || {
    echo "The report needs LaTeX; \`make deps\` installs it." >&2
    exit 1
}
work=$here/../build/report/$(sha256sum <<<"$results" | cut -c 1-12)
mkdir -p "$work" "$results" "$(dirname "$pdf")"
cd "$work"
# LaTeX sees fixed names, wherever the checkout and the results lie.
ln -sfn "$results" results
cp "$here/report.tex" report.tex

epoch=$(git -C "$here" log -1 --format=%ct -- . ../results 2>/dev/null || true)
export SOURCE_DATE_EPOCH=${epoch:-1700000000} FORCE_SOURCE_DATE=1 TZ=UTC
export TEXINPUTS="$here//:" max_print_line=1000
if ! latexmk -g -pdf -silent -halt-on-error report.tex >latexmk.txt 2>&1; then
    echo "The report could not be built ($work/report.log):" >&2
    grep -A 6 '^!' report.log >&2 || tail -n 20 latexmk.txt >&2
    exit 1
fi
cp report.pdf "$pdf.tmp"
mv -T "$pdf.tmp" "$pdf"
grep -hE '^(Overfull|LaTeX Warning|Package [a-z]+ Warning|.*undefined)' report.log >&2 || true
echo "$2"
