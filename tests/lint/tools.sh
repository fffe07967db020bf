#!/usr/bin/env bash
# clang-format, cppcheck and clang-tidy over all C files; prints findings only.
set -euo pipefail
cd "$(dirname "$0")/../.."
flags=(-std=c11 -I. -D_GNU_SOURCE)
if [[ ${1:-} == --tidy ]]; then
    case $2 in # as the Makefile compiles them
        */exact/avx512.c) flags+=(-mavx512f -mfma) ;;
        */exact/avx2.c) flags+=(-mavx2 -mfma) ;;
    esac
    # clang-tidy counts what it left out on standard error, even with --quiet; what it finds in a library isn't ours.
    found=$(clang-tidy --quiet "$2" -- "${flags[@]}" 2>&1) && exit 0
    grep -E '(error|warning): ' <<<"$found" | grep -qv '^/usr/' || exit 0
    grep -vE '^[0-9]+ warnings? (generated|treated)' <<<"$found"
    exit 1
fi
mapfile -t code < <(git ls-files -co --exclude-standard '*.c' '*.h' | sort -u | while read -r f; do [[ ! -f $f ]] || echo "$f"; done)
mapfile -t sources < <(printf '%s\n' "${code[@]}" | grep '\.c$')
cores=$(nproc)
status=0

clang-format --dry-run -Werror "${code[@]}" || status=1

cppcheck -q -j "$cores" --std=c11 -I. -D_GNU_SOURCE --enable=warning,performance,portability --inline-suppr \
    --library=tests/lint/cppcheck.cfg --suppress=missingIncludeSystem --suppress=invalidFunctionArg:nn/base/fmath.h --error-exitcode=1 "${sources[@]}" || status=1

printf '%s\0' "${sources[@]}" | xargs -0 -n 1 -P "$cores" "$0" --tidy || status=1
exit $status
