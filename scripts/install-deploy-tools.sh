#!/usr/bin/env bash
# Installs what the tests of deploy/ use and distributions lack: helm and kubeconform (compiled by Go), and JSON schemas
# of Kubernetes' objects and of compose files (from the Python packages kubernetes-validate and check-jsonschema), into
# ~/.cache/virtual-dcu or $XDG_CACHE_HOME/virtual-dcu. What is there already stays. What cannot be had is said; the
# tests that need it then say so, too, and are skipped.
#
#   scripts/install-deploy-tools.sh [SECONDS]     at most so long (default 600)
set -uo pipefail

helm_version=v3.20.2
kubeconform_version=v0.7.0
kubernetes_version=1.37.0
check_jsonschema_version=0.39.0
limit=${1:-600}
folder=${XDG_CACHE_HOME:-$HOME/.cache}/virtual-dcu
mkdir -p "$folder/bin"
missing=0

# have NAME: on the path, or installed before.
have() {
  command -v "$1" > /dev/null || [ -x "$folder/bin/$1" ]
}

# by_go NAME PACKAGE: compile it, in the time that is left.
by_go() {
  local left=$((limit - SECONDS))
  if have "$1"; then
    echo "$1: there"
  elif ! command -v go > /dev/null; then
    echo "$1: not here, and no Go to compile it"
    missing=1
  elif GOBIN=$folder/bin GOFLAGS=-buildvcs=false timeout "$((left > 0 ? left : 1))" nice go install "$2" 2> "$folder/go.log"; then
    echo "$1: compiled, ${SECONDS} s"
  else
    echo "$1: could not be compiled: $(grep -v '^go: downloading' "$folder/go.log" | tail -1)"
    missing=1
  fi
}

# schemas NAME PACKAGE==VERSION FOLDER: the files of one folder of a Python package; nothing of it is installed or run.
schemas() {
  local target=$folder/$1 download
  if [ -d "$target" ]; then
    echo "$1: there"
    return
  fi
  download=$(mktemp -d)
  # Into place when it is whole.
  if python3 -m pip download --quiet --no-deps --dest "$download" "$2" 2> "$folder/pip.log" \
    && python3 - "$download" "$3" << 'PYTHON' && mv "$download/schemas" "$target"; then
import glob, os, sys, zipfile
folder, wanted = sys.argv[1:]
os.mkdir(os.path.join(folder, "schemas"))
with zipfile.ZipFile(glob.glob(os.path.join(folder, "*.whl"))[0]) as archive:
    for name in archive.namelist():
        if os.path.dirname(name).endswith(wanted) and name.endswith(".json"):
            with open(os.path.join(folder, "schemas", os.path.basename(name)), "wb") as file:
                file.write(archive.read(name))
PYTHON
    echo "$1: installed"
  else
    echo "$1: could not be had: $(tail -1 "$folder/pip.log")"
    missing=1
  fi
  rm -rf "$download"
}

schemas "kubernetes-schemas-$kubernetes_version" "kubernetes-validate==$kubernetes_version" "/v$kubernetes_version-local-strict"
schemas "vendor-schemas-$check_jsonschema_version" "check-jsonschema==$check_jsonschema_version" /builtin_schemas/vendor
by_go kubeconform "github.com/yannh/kubeconform/cmd/kubeconform@$kubeconform_version"
by_go helm "helm.sh/helm/v3/cmd/helm@$helm_version"
exit "$missing"
