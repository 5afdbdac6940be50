#!/usr/bin/env bash
# Makes the Python in which clients/python is tested, and in which others' decoders and viewers read our files: a
# virtual environment in ~/.cache/virtual-dcu or $XDG_CACHE_HOME/virtual-dcu with the packages of
# clients/python/tests/requirements.txt, and those of test/encode/decoders.txt as far as they can be had. One that has
# them already stays. What cannot be had is said; the tests that need it then say so, too, and are skipped.
#
#   scripts/install-python-clients.sh [SECONDS]     at most so long (default 300)
set -uo pipefail
cd "$(dirname "$0")/.." || exit

limit=${1:-300}
wanted=clients/python/tests/requirements.txt
decoders=test/encode/decoders.txt
folder=${XDG_CACHE_HOME:-$HOME/.cache}/virtual-dcu
target=$folder/python-clients
mkdir -p "$folder"
log=$folder/python-clients.log
left() { echo $((limit - SECONDS > 0 ? limit - SECONDS : 1)); }
get() { timeout "$(left)" nice "$target/bin/python3" -m pip install --quiet --disable-pip-version-check "$@" >> "$log" 2>&1; }

if cmp -s "$wanted" "$target/installed.txt"; then
  echo 'python-clients: there'
else
  rm -rf "$target"
  # The newest Python that PATH names and that makes environments; ophyd-async wants 3.11 at least.
  if timeout "$limit" nice python3 -m venv "$target" > "$log" 2>&1 && get -r "$wanted"; then
    # Written last: an environment without it is not whole.
    cp "$wanted" "$target/installed.txt"
    echo "python-clients: installed, ${SECONDS} s"
  else
    echo "python-clients: could not be had: $(tail -1 "$log")"
    rm -rf "$target"
    exit 1
  fi
fi
cmp -s "$decoders" "$target/decoders.txt" && exit
missing=0
while read -r package; do
  # Some are compiled; one that cannot be had does not keep the others away.
  get "$package" || { missing=1; echo "python-clients: $package could not be had: $(tail -1 "$log")"; }
done < "$decoders"
[ $missing = 1 ] || cp "$decoders" "$target/decoders.txt"
