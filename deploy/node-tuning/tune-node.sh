#!/bin/sh
# Settings of an ingest node, made once: socket buffers, queues, the network card's ring and pause frames. Each line says what was and what
# is. What a node does not have is said and left. Needs root on the node itself; run by daemonset.yaml, or by hand:
#
#   INTERFACES="ens1f0 ens1f1" sh deploy/node-tuning/tune-node.sh
#
#   RMEM_MAX, BACKLOG   bytes, packets (deploy/README.md says why)
#   INTERFACES          interfaces of the detector's network; empty: none
set -eu

failed=0

sysctl_to() {
  file=/proc/sys/$(echo "$1" | tr . /)
  if [ ! -e "$file" ]; then
    echo "$1: this kernel, or this network namespace, does not have it"
    failed=1
    return
  fi
  before=$(cat "$file")
  if [ "$before" -ge "$2" ]; then
    echo "$1: $before, enough"
  elif { echo "$2" > "$file"; } 2> /dev/null; then
    echo "$1: $before -> $(cat "$file")"
  else
    echo "$1: $before, and not permitted to raise it to $2"
    failed=1
  fi
}

card_to() {
  what=$1
  shift
  if output=$(ethtool "$@" 2>&1); then
    echo "$what: set (ethtool $*)"
  else
    # A card that has it already, or cannot do it, says so in many ways.
    echo "$what: left as it is (ethtool $*: $(echo "$output" | tail -n 1))"
  fi
}

sysctl_to net.core.rmem_max "${RMEM_MAX:-1073741824}"
sysctl_to net.core.netdev_max_backlog "${BACKLOG:-250000}"

for interface in ${INTERFACES:-}; do
  if [ ! -e "/sys/class/net/$interface" ]; then
    echo "$interface: this node has no such interface"
    continue
  fi
  if ! command -v ethtool > /dev/null; then
    echo "$interface: this node has no ethtool, so ring and pause frames stay as they are"
    continue
  fi
  most=$(ethtool -g "$interface" 2> /dev/null | awk '/^Current/ { exit } $1 == "RX:" { print $2 }')
  if [ -n "$most" ] && [ "$most" != n/a ]; then
    card_to "$interface receive ring" -G "$interface" rx "$most"
  else
    echo "$interface receive ring: the card does not tell its size"
  fi
  card_to "$interface pause frames" -A "$interface" rx on tx on
done

exit "$failed"
