#!/usr/bin/env bash
# identical.sh FOLDER: how many of the files under FOLDER that are committed are still what was committed, and which are not.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$1

if ! git rev-parse --verify -q HEAD >/dev/null 2>&1; then
    echo "no git history here: nothing to compare $folder/ with"
    exit 0
fi
total=$(git ls-tree -r --name-only HEAD -- "$folder" | wc -l)
mapfile -t differing < <(git diff --name-only --no-renames --diff-filter=MDT HEAD -- "$folder")
mapfile -t new < <(git ls-files --others --exclude-standard -- "$folder")
((${#differing[@]} == 0)) || printf 'differs: %s\n' "${differing[@]}"
((${#new[@]} == 0)) || printf 'new: %s\n' "${new[@]}"
echo "$((total - ${#differing[@]})) of $total committed files under $folder/ came out identical"
