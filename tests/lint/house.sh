#!/usr/bin/env bash
# The house rules that need no compiler: names at the top, sizes of files and functions, marks, hosts and paths of machines.
set -euo pipefail
cd "$(dirname "$0")/../.."
mapfile -t all < <(git ls-files -co --exclude-standard | while read -r f; do [[ ! -f $f ]] || echo "$f"; done)
mapfile -t code < <(printf '%s\n' "${all[@]}" | grep -E '\.[ch]$')
status=0
complain() {
    [[ -z $2 ]] || { printf '%s:\n%s\n' "$1" "$2"; status=1; }
}

complain 'does not belong at the top level' "$(printf '%s\n' "${all[@]}" | cut -d/ -f1 | sort -u |
    grep -vxE 'Makefile|runner|nn|experiments|results|tests|report|README\.md|LICENSE|\..*' || true)"
complain 'longer than 500 lines' "$(wc -l "${code[@]}" | awk '$2 != "total" && $1 > 500')"
# clang-format puts the braces of functions, and no others, alone into the first column.
complain 'functions longer than 60 lines' "$(awk '
    FNR == 1 { start = 0 }
    /^{$/ { start = FNR }
    /^}$/ && start { if (FNR - start - 1 > 60) print FILENAME ":" start ": " FNR - start - 1 " lines"; start = 0 }' "${code[@]}")"
complain 'marks of unfinished work' "$(grep -nIwE 'TO[D]O|FIX[M]E|X[X]X|HA[C]K' "${all[@]}" || true)"
complain 'hosts of package registries' "$(grep -nIiE 'registry[.]npmjs|deb[.]debian[.]org|pypi[.]org|python[h]osted' "${all[@]}" || true)"
complain 'paths of one machine' "$(grep -nIE '(^|[^[:alnum:]_.}~)])/(home|root|work|Users)/[a-z]' "${all[@]}" || true)"
complain 'scripts that are not executable' "$(grep -lIm 1 '^#!' "${all[@]}" |
    while read -r f; do [[ $(head -c 2 "$f") != '#!' || -x $f ]] || echo "$f"; done)"
complain 'trailing white space' "$(grep -nIE '[[:blank:]]+$' "${code[@]}" Makefile || true)"
exit $status
