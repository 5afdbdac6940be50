#!/usr/bin/env bash
# Installs what the tests of PSI's client use: the Python package slsdet (the client, a wheel) and PSI's virtual
# detector servers, compiled from the source distribution of the same release, into ~/.cache/virtual-dcu/psi-RELEASE or
# $XDG_CACHE_HOME/virtual-dcu/psi-RELEASE. What is there already stays. What cannot be had is said; the tests that need
# it then say so, too, and are skipped. Nothing of it becomes part of this repository.
#
#   scripts/install-psi-tools.sh [SECONDS]     at most so long (default 900)
set -uo pipefail

releases='10.0.1 9.2.1'
detectors='eiger jungfrau moench mythen3 gotthard2'
limit=${1:-900}
folder=${XDG_CACHE_HOME:-$HOME/.cache}/virtual-dcu
missing=0

# within COMMAND…: in the time that is left.
within() {
  local left=$((limit - SECONDS))
  timeout "$((left > 0 ? left : 1))" nice "$@"
}

# client RELEASE: a Python of its own with the package.
client() {
  local target=$folder/psi-$1/python
  if [ -x "$target/bin/python3" ]; then
    echo "slsdet $1: there"
  elif python3 -m venv "$target.part" 2> "$folder/psi.log" \
    && within "$target.part/bin/python3" -m pip install --quiet --only-binary :all: "slsdet==$1" 2>> "$folder/psi.log"; then
    # A Python environment knows its place by its folder's configuration only, so it may be moved.
    mv "$target.part" "$target"
    echo "slsdet $1: installed, ${SECONDS} s"
  else
    echo "slsdet $1: could not be had: $(tail -1 "$folder/psi.log")"
    rm -rf "$target.part"
    missing=1
  fi
}

# compile FOLDER: each server; one that cannot be made ends it.
compile() {
  local detector
  for detector in $detectors; do
    within make -C "$1" "${detector}DetectorServer_virtual" >> "$folder/psi.log" 2>&1 || return 1
  done
}

# servers RELEASE: the virtual detectors, from the source distribution.
servers() {
  local target=$folder/psi-$1/servers work
  if [ -d "$target" ]; then
    echo "virtual detectors $1: there"
    return
  fi
  work=$(mktemp -d)
  if within python3 -m pip download --quiet --no-deps --no-binary slsdet --dest "$work" "slsdet==$1" 2> "$folder/psi.log" \
    && mkdir "$work/source" && tar xzf "$work"/slsdet-*.tar.gz -C "$work/source" --strip-components=1 \
    && within cmake -S "$work/source" -B "$work/build" -DCMAKE_BUILD_TYPE=Release -DSLS_USE_SIMULATOR=ON -DSLS_USE_TEXTCLIENT=OFF \
      -DSLS_USE_RECEIVER=OFF -DSLS_USE_RECEIVER_BINARIES=OFF -DSLS_USE_DETECTOR=OFF > "$folder/psi.log" 2>&1 \
    && compile "$work/build"; then
    mkdir -p "$(dirname "$target")" && mv "$work/build/bin" "$target"
    echo "virtual detectors $1: compiled, ${SECONDS} s"
  else
    echo "virtual detectors $1: could not be compiled: $(tail -1 "$folder/psi.log")"
    missing=1
  fi
  rm -rf "$work"
}

mkdir -p "$folder"
for release in $releases; do
  mkdir -p "$folder/psi-$release"
  client "$release"
  servers "$release"
done
exit "$missing"
