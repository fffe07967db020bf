# Helpers of the end-to-end tests, which run the real program on real MNIST. Each test prints `ok NAME` or `not ok NAME`.
# Sourced by tests/e2e/test_*.sh; $MAYVAE is the program (default ./mayvae), $scratch a folder of the test's own.
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
MAYVAE=$(realpath "${MAYVAE:-./mayvae}")
scratch=$(mktemp -d)
trap 'chmod -R u+rwX "$scratch" 2>/dev/null; rm -rf "$scratch"' EXIT
failed=0

# report NAME CONDITION...: runs the condition; its output is shown when it fails. Status 77: it could not be tried here.
report() {
    local name=$1
    shift
    local status=0
    "$@" >"$scratch/.report" 2>&1 || status=$?
    if [[ $status == 0 ]]; then
        echo "ok $name"
    elif [[ $status == 77 ]]; then
        echo "ok $name # SKIP $(tail -n 1 "$scratch/.report")"
    else
        failed=1
        sed 's/^/# /' "$scratch/.report"
        echo "not ok $name"
    fi
}

finish() {
    exit "$failed"
}

# vae without its judges, which would have to be trained first, and with the figures that the golden files were made with.
plain='evaluate=[elbo,active_units]'
drawn='figures=[samples,reconstructions,latent_scatter,latent_manifold,learning_curve,architecture]'

# A small run: 300 images of each split, 2 epochs, one variant. small RESULTS [OPTION...]
small() {
    local results=$1
    shift
    "$MAYVAE" run vae/dim2 -o "$plain" -o "$drawn" -o data.limit=300 -o data.batch=32 -o train.epochs=2 --results "$results" "$@"
}

# The hash of every file of a results folder, names included; log/, locks and checkpoints apart.
digest() {
    (cd "$1" && find . -type f -not -path '*/log/*' -not -name 'checkpoint.*' | LC_ALL=C sort | xargs sha256sum | sha256sum)
}

same_digest() {
    local first=$1
    shift
    for other in "$@"; do
        [[ "$(digest "$first")" == "$(digest "$other")" ]] || { echo "$other differs from $first"; diff -rq "$first" "$other"; return 1; }
    done
}

# exits CODE COMMAND...: the command ends with that code and was not killed by a fault; its messages stay in $scratch/err.
exits() {
    local expected=$1 got=0
    shift
    "$@" >"$scratch/out" 2>"$scratch/err" || got=$?
    [[ $got == "$expected" ]] || { echo "exit $got, expected $expected"; cat "$scratch/err"; return 1; }
}

# says TEXT: the last command run by `exits` said it, on one line that names what is wrong.
says() {
    grep -qF -- "$1" "$scratch/err" || { echo "expected: $1"; echo "got:"; cat "$scratch/err"; return 1; }
}
