#!/usr/bin/env bash
# Holds every #include of nn/ and runner/ against layers.txt: a room may use itself and the rooms to its left, not those it
# shares a place with. Also: which files may use which library, and that each header compiles alone.
set -euo pipefail
cd "$(dirname "$0")/../.."
mapfile -t files < <(git ls-files -co --exclude-standard 'nn/*.[ch]' 'runner/*.[ch]' 'nn/*.def' 'runner/*.def' | sort -u)
status=0

awk '
    FNR == 1 { room = FILENAME; sub(/^[a-z]+\//, "", room); sub(/\/.*/, "", room) }
    FILENAME ~ /layers\.txt$/ {
        for (i = 1; i <= NF; i++) if ($i == "<") place++; else rank[$i] = place + 1
        next
    }
    FNR == 1 && !(room in rank) { print FILENAME ": the room \"" room "\" has no place in tests/lint/layers.txt"; bad = 1; nextfile }
    /^[ \t]*#[ \t]*include[ \t]*"/ {
        path = $0; sub(/^[^"]*"/, "", path); sub(/".*/, "", path)
        n = split(path, part, "/")
        if (n < 3 || (part[1] != "nn" && part[1] != "runner")) {
            print FILENAME ":" FNR ": \"" path "\" is not a path from the root"; bad = 1; next
        }
        if (part[2] == room || (part[2] in rank && rank[part[2]] < rank[room])) next
        print FILENAME ":" FNR ": " room " may not use " part[2]; bad = 1
    }
    END { exit bad }' tests/lint/layers.txt "${files[@]}" || status=1

# only PATTERN-OF-THE-HEADER FILE-PATTERN: nobody else includes the header.
only() {
    local found
    found=$(grep -nE "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]$1[>\"]" "${files[@]}" | grep -vE "^$2:" || true)
    [[ -z $found ]] || { printf '%s (only %s may)\n' "$found" "$2"; status=1; }
}
only 'cblas\.h' 'nn/kernel/openblas[a-z_]*\.c'
only 'openblas_config\.h' 'nn/kernel/openblas[a-z_]*\.c'
only 'yaml\.h' 'runner/config/cfg[a-z_]*\.c'
only 'csv\.h' 'runner/table/csv\.c'
only 'jansson\.h' '(nn/params/safetensors|runner/cli/)[a-z_]*\.[ch]'
only 'stb/stb_image(_write)?\.h' 'runner/canvas/png\.c'
only 'stb/stb_truetype\.h' 'runner/canvas/text\.c'

printf '%s\n' "${files[@]}" | grep '\.h$' |
    xargs -P "$(nproc)" -n 4 gcc -x c -std=c11 -I. -D_GNU_SOURCE -Wall -Wextra -fsyntax-only || status=1
exit $status
