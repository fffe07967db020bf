#!/bin/bash
# Broken experiments must be refused with the right place and words. For each tests/bad/NAME.yaml, NAME.expect holds the
# exit code; the place as LINE:COL, or - for none; a phrase of the message; and, where a fourth line stands, all of the
# message with the file's base name. A line `args: ...` gives further arguments. Inputs that are large or no text are
# made here.
cd "$(dirname "$0")/../.." || exit 2
mayvae=${MAYVAE:-./mayvae}
folder=$(mktemp -d) || exit 2
trap 'rm -rf "$folder"' EXIT
failed=0

# compare NAME CODE PLACE PHRASE WHOLE FILE ARGUMENTS...
compare() {
    local name=$1 code=$2 place=$3 phrase=$4 whole=$5 file=$6
    shift 6
    local got status wrong=
    got=$(timeout 20 "$mayvae" check "$file" "$@" 2>&1 >"$folder/stdout")
    status=$?
    [ "$status" = "$code" ] || wrong+=" exit $status, not $code;"
    [ "$place" = - ] || grep -qE "\.yaml:$place: " <<<"$got" || wrong+=" place is not $place;"
    grep -qF -- "$phrase" <<<"$got" || wrong+=" no \"$phrase\";"
    [ -z "$whole" ] || [ "$(sed 's,^[^ ]*/\([^/ ]*\.yaml:\),\1,' <<<"$got")" = "$whole" ] ||
        wrong+=" the message is not \"$whole\";"
    if [ -z "$wrong" ]; then
        echo "ok $name"
    else
        echo "not ok $name:$wrong got: $(head -c 1000 <<<"$got")"
        failed=1
    fi
}

for expect in tests/bad/*.expect; do
    name=$(basename "$expect" .expect)
    mapfile -t lines < <(grep -v '^args:' "$expect")
    read -ra arguments < <(sed -n 's/^args: *//p' "$expect")
    compare "$name" "${lines[0]}" "${lines[1]}" "${lines[2]}" "${lines[3]}" "tests/bad/$name.yaml" "${arguments[@]}"
done
for file in tests/bad/*.yaml; do
    [ -e "${file%.yaml}.expect" ] || { echo "not ok $(basename "$file" .yaml): no .expect beside it"; failed=1; }
done

# generated NAME PLACE PHRASE: the file's bytes come from standard input.
generated() {
    cat >"$folder/$1.yaml"
    compare "$1" 2 "$2" "$3" "" "$folder/$1.yaml"
}

repeat() { head -c "$2" /dev/zero | tr '\0' "$1"; }

{ printf 'experiment: big_scalar\ntitle: '; repeat x 70000; echo; } | generated big_scalar 2:8 'at most 65536'
{ printf '# '; repeat x 1100000; echo; } | generated big_file - 'too large'
{ printf 'experiment: many_events\nseeds: ['; for _ in {1..100001}; do printf '1,'; done; echo ']'; } |
    generated many_events '2:[0-9]+' 'too large: more than 100000'
repeat '[' 200000 | generated brackets '1:65' 'nested too deeply'
{ for _ in {1..300}; do printf -- '- '; done; echo x; } | generated dashes '1:[0-9]+' 'nested too deeply'
printf 'experiment: nul\ntitle: a\0b\n' | generated nul '2:9' 'not a text file'
printf 'experiment: latin1\ntitle: caf\xe9\n' | generated latin1 '2:11' 'not a text file'
printf 'experiment: crlf\r\nextends: %s\r\ntrain: {epochs: 0}\r\n' "$PWD/tests/bad/base/vae.yaml" |
    generated crlf 3:17 'epochs in train'
printf '\xef\xbb\xbfexperiment: bom\nextends: %s\ntrain: {epochs: 0}\n' "$PWD/tests/bad/base/vae.yaml" |
    generated bom 3:17 'epochs in train'
printf 'experiment: utf16\nextends: %s\ntrain: {epochs: 0}\n' "$PWD/tests/bad/base/vae.yaml" |
    iconv -f UTF-8 -t UTF-16 | generated utf16 3:17 'epochs in train'
: | generated empty_file - 'nothing in it'

mkdir "$folder/folder.yaml"
compare folder 2 - 'is a folder' '' "$folder/folder.yaml"
compare absent 2 - 'No such file' '' "$folder/absent.yaml"
ln -s /dev/zero "$folder/device.yaml"
compare device 2 - 'no regular file' '' "$folder/device.yaml"
mkfifo "$folder/pipe.yaml"
compare pipe 2 - 'no regular file' '' "$folder/pipe.yaml"
if [ "$(id -u)" != 0 ]; then
    cp tests/bad/base/vae.yaml "$folder/locked.yaml"
    chmod 0 "$folder/locked.yaml"
    compare locked 2 - 'ermission denied' '' "$folder/locked.yaml"
fi

# The file that the broken ones extend is right, so that each is refused for what is broken in it.
if got=$("$mayvae" check tests/bad/base/vae.yaml 2>&1 >"$folder/stdout"); then
    echo "ok base"
else
    echo "not ok base: $got"
    failed=1
fi
exit $failed
