#!/bin/sh
# fetch.sh on made-up data sets from file:// addresses: no network. Prints TAP; exit 1 if any failed.
set -u
cd "$(dirname "$0")/../.." || exit 1
top=$(mktemp -d) || exit 1
trap 'rm -rf "$top"' EXIT
failures=0

check() { # NAME COMMAND...: ok when the command succeeds
    check_name=$1
    shift
    if "$@"; then echo "ok $check_name"; else
        echo "not ok $check_name"
        sed 's/^/# /' "$top/log"
        failures=$((failures + 1))
    fi
}

fetch() { # runs fetch.sh; its exit status is in $status, its messages in $top/log
    DATASETS=$top/datasets.yaml MAYVAE_DATA=$top/data runner/data/fetch.sh "$@" 2>"$top/log"
    status=$?
}

said() {
    grep -q -- "$1" "$top/log"
}

# exactly the four files, and what they should hold
whole() {
    [ "$(ls -A "$top/data/small" | tr '\n' ' ')" = "a b c d " ] && for file in a b c d; do
        cmp -s "$top/good/$file" "$top/data/small/$file" || return 1
    done
}

nothing_left() {
    [ -z "$(ls -A "$top/data/small")" ]
}

is() {
    [ "$1" = "$2" ]
}

fails() {
    ! "$@"
}

describe() { # SOURCE...
    {
        printf 'before:\n  title: another\n  files:\n    - {role: train_images, name: x, bytes: 1, sha256: 0}\n  sources:\n    - {from: url, at: "file:///nowhere/", packing: none}\n'
        printf 'small:\n  title: made up\n  files:\n'
        for file in a b c d; do
            printf '    - {role: r, name: %s, bytes: %s, sha256: %s}\n' $file "$(wc -c <"$top/good/$file")" \
                "$(sha256sum <"$top/good/$file" | cut -d ' ' -f 1)"
        done
        printf '  sources:\n'
        for source in "$@"; do printf '    - {%s}\n' "$source"; done
    } >"$top/datasets.yaml"
}

mkdir "$top/good" "$top/packed" "$top/altered" "$top/short"
for file in a b c d; do
    head -c 3000 /dev/urandom >"$top/good/$file"
    gzip -c "$top/good/$file" >"$top/packed/$file.gz"
    cp "$top/good/$file" "$top/altered/$file"
    cp "$top/packed/$file.gz" "$top/short/$file.gz"
done
printf x | dd of="$top/altered/c" bs=1 seek=100 conv=notrunc 2>/dev/null
{ cat "$top/good/c" && printf x; } >"$top/altered/d"
head -c 1000 "$top/packed/c.gz" >"$top/short/c.gz"
good="from: url, at: \"file://$top/good/\", packing: none"
packed="from: url, at: \"file://$top/packed/\", packing: gzip"
altered="from: url, at: \"file://$top/altered/\", packing: none"
short="from: url, at: \"file://$top/short/\", packing: gzip"
missing="from: url, at: \"file://$top/nowhere/\", packing: none"

describe "$good"
fetch small
check "plain files" is $status 0
check "plain files are whole" whole
fetch small
check "a second time" is $status 0
check "a second time says so in one line" is "$(wc -l <"$top/log")" 1
check "a second time fetches nothing" said "there and verified"

rm -r "$top/data"
describe "$packed"
fetch small
check "gzip files" is $status 0
check "gzip files are whole" whole

printf y | dd of="$top/data/small/b" bs=1 seek=7 conv=notrunc 2>/dev/null
fetch small
check "an altered file is fetched again" is $status 0
check "an altered file is replaced" whole

rm -r "$top/data"
describe "$missing" "$altered" "$short" "$good"
fetch small
check "the next source" is $status 0
check "the next source's files are whole" whole
check "an altered source is named" said "altered/c: not what it should be"
check "a broken archive is named" said "short/c.gz: not what it should be"

rm -r "$top/data"
describe "$missing"
mkdir -p "$top/data/small/package.tmp" && touch "$top/data/small/a.tmp" "$top/data/small/package.tmp/x"
fetch small
check "no source" is $status 1
check "no source leaves nothing, and clears what a killed fetch left" nothing_left
check "no source says what was tried" said "no source worked; tried:"
check "no source lists the address" said "^  url file://$top/nowhere/"

describe "$altered"
fetch small
check "only an altered source" is $status 1
check "what failed isn't kept" fails test -e "$top/data/small/c"
check "no temporary files" fails ls "$top"/data/small/*.tmp 2>/dev/null

# Packages, with stand-ins for their tools: what they were asked is in $top/calls. npm comes with its installation alone.
mkdir "$top/bin" "$top/package"
cp "$top"/good/? "$top/package/"
for tool in awk cat cp curl cut dirname flock gzip head id mkdir mv rm sed sh sha256sum sync tar touch; do
    ln -s "$(command -v $tool)" "$top/bin/$tool" 2>/dev/null
done
tool() { # NAME: a script from standard input
    { printf '#!/bin/sh\necho "%s $*" >>"%s"\n' "$1" "$top/calls" && cat; } >"$top/bin/$1"
    chmod +x "$top/bin/$1"
}
printf '#!/bin/sh\necho 0\n' >"$top/id" && chmod +x "$top/id" && mv "$top/id" "$top/bin/id"
tool apt-get <<EOF
case "\$*" in update*) exit 0 ;; esac
if [ -e "$top/refused" ]; then rm "$top/refused"; exit 1; fi
case "\$*" in
*install*npm) cp "$top/npm" "$top/bin/npm" ;;
download*) touch some.deb ;;
esac
EOF
tool npm <<EOF
tar -czf some.tgz -C "$top" package
EOF
mv "$top/bin/npm" "$top/npm"
tool dpkg-deb <<EOF
cp -r "$top/package" .
EOF
packages() { # REFUSED SOURCE: REFUSED is "refused" where the first call of apt-get for it fails
    rm -rf "$top/data" "$top/calls" "$top/bin/npm"
    [ "$1" != refused ] || touch "$top/refused"
    describe "from: $2, folder: package, packing: none"
    DATASETS=$top/datasets.yaml MAYVAE_DATA=$top/data PATH=$top/bin runner/data/fetch.sh small 2>"$top/log"
    status=$?
}
calls() { # PATTERN COUNT
    [ "$(grep -c -- "$1" "$top/calls")" = "$2" ] || { cat "$top/calls" >>"$top/log"; return 1; }
}
packages - 'npm, at: some@1'
check "an npm package" is $status 0
check "an npm package's files are whole" whole
check "npm is installed once" calls '^apt-get install' 1
check "nothing is updated where it needn't be" calls '^apt-get update' 0
packages refused 'npm, at: some@1'
check "npm after an update" is $status 0
check "npm after an update: two tries" calls '^apt-get install' 2
packages - 'debian, at: some'
check "a Debian package" is $status 0
check "a Debian package's files are whole" whole
check "a Debian package is fetched once" calls '^apt-get download' 1
packages refused 'debian, at: some'
check "a Debian package after an update" is $status 0
check "a Debian package after an update: two tries" calls '^apt-get download' 2

fetch smal
check "an unknown name" is $status 2
check "an unknown name is named" said 'no data set "smal"'
DATASETS=$top/none.yaml runner/data/fetch.sh small 2>"$top/log"
check "no datasets.yaml" is $? 2

rm -rf "$top/data"
describe "$packed"
for i in 1 2 3 4; do
    { DATASETS=$top/datasets.yaml MAYVAE_DATA=$top/data runner/data/fetch.sh small 2>"$top/log$i" || touch "$top/broken"; } &
done
wait
cat "$top"/log? >"$top/log"
check "four at once" fails test -e "$top/broken"
check "four at once: the files are whole" whole
check "four at once: one fetched" is "$(grep -c "fetched and verified" "$top/log")" 1

rm -r "$top/data"
unset MAYVAE_DATA
DATASETS=$top/datasets.yaml XDG_CACHE_HOME=$top/cache runner/data/fetch.sh small 2>"$top/log"
check "XDG_CACHE_HOME" test -f "$top/cache/mayvae/small/d"
DATASETS=$top/datasets.yaml XDG_CACHE_HOME='' HOME=$top/home runner/data/fetch.sh small 2>"$top/log"
check "HOME" test -f "$top/home/.cache/mayvae/small/d"

exit $((failures > 0))
