#!/bin/sh
# The detector's side of a rehearsal in containers: arms a series once a consumer is connected, then sends its packets with faults.
# Started by compose.yaml and by the chart's rehearsal Job, which run it beside a checking consumer. Settings are environment variables:
#   CONFIG, NAME      configuration file and detector
#   URL               HTTP interface of the service
#   FRAMES, RATE      how many frames, how many per second
#   FAULTS            options of `vdcu simulate`, for example --loss 0.001
#   UDP_HOST          name or address to send to; empty: udp_host of the configuration
set -eu

tries=0
until vdcu arm --url "$URL" --frames "$FRAMES" --first-frame 1 --frame-period 100; do
  tries=$((tries + 1))
  if [ "$tries" -ge 60 ]; then
    echo 'no series could be armed within 60 tries; the reasons are above' >&2
    exit 3
  fi
  sleep 1
done

# FAULTS are several words.
# shellcheck disable=SC2086
exec vdcu simulate "$CONFIG" "$NAME" --frames "$FRAMES" --rate "$RATE" ${UDP_HOST:+--udp-host "$UDP_HOST"} $FAULTS
