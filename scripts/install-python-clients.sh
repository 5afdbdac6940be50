#!/usr/bin/env bash
# Makes the Python in which clients/python is tested: a virtual environment in ~/.cache/virtual-dcu or $XDG_CACHE_HOME/virtual-dcu with the
# packages of clients/python/tests/requirements.txt. One that has them already stays. What cannot be had is said; the tests that need it
# then say so, too, and are skipped.
#
#   scripts/install-python-clients.sh [SECONDS]     at most so long (default 300)
set -uo pipefail
cd "$(dirname "$0")/.." || exit

limit=${1:-300}
wanted=clients/python/tests/requirements.txt
folder=${XDG_CACHE_HOME:-$HOME/.cache}/virtual-dcu
target=$folder/python-clients
mkdir -p "$folder"
if cmp -s "$wanted" "$target/installed.txt"; then
  echo 'python-clients: there'
  exit 0
fi
log=$folder/python-clients.log
rm -rf "$target"
# The newest Python that PATH names and that makes environments; ophyd-async wants 3.11 at least.
if timeout "$limit" nice python3 -m venv "$target" > "$log" 2>&1 \
  && timeout "$((limit - SECONDS > 0 ? limit - SECONDS : 1))" nice "$target/bin/python3" -m pip install --quiet --disable-pip-version-check -r "$wanted" >> "$log" 2>&1; then
  # Written last: an environment without it is not whole.
  cp "$wanted" "$target/installed.txt"
  echo "python-clients: installed, ${SECONDS} s"
else
  echo "python-clients: could not be had: $(tail -1 "$log")"
  rm -rf "$target"
  exit 1
fi
