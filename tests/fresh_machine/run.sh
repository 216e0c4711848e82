#!/bin/sh
# Does a newcomer's bare Debian get to a call with the two commands? Each step is timed; the first that fails ends it.
#
#   tests/fresh_machine/run.sh [STEP...]     steps: install doctor again start rehearse test; default: all of them
#
# FRESH_DIR: where the machine is kept (default /var/tmp/passerelle-fresh, about 4 GB). Root only.
set -eu
cd "$(dirname -- "$0")/../.."
. tests/fresh_machine/machine.sh
machine=${FRESH_DIR:-/var/tmp/passerelle-fresh}/machine
mkdir -p "$(dirname "$machine")"
[ $# -gt 0 ] || set -- install doctor again start rehearse test

timed() { # $1: title; the rest: command
    title=$1 begin=$(date +%s)
    shift
    echo "== $title" >&2
    "$@" || { echo "== $title: FAILED after $(($(date +%s) - begin)) s" >&2; exit 1; }
    echo "== $title: $(($(date +%s) - begin)) s" >&2
}

start_and_stop() { # as a newcomer does, twice: the second time everything is there
    in_machine_offline "$machine" sh -c '
        cd /root/passerelle
        for turn in first second; do
            ./run &
            service=$! left=120
            until ./run health >/dev/null 2>&1; do
                left=$((left - 1)); [ $left -gt 0 ] && kill -0 $service || exit 1
                sleep 1
            done
            kill -TERM $service
            wait $service || exit 1
        done
    '
}

for step in "$@"; do
    case $step in
    install)
        timed "a bare machine" make_machine "$machine"
        timed "git clone" copy_repository "$machine" root/passerelle
        timed "./run --install-only" in_machine "$machine" /root/passerelle/run --install-only
        ;;
    again) timed "./run --install-only, again" in_machine_offline "$machine" /root/passerelle/run --install-only ;;
    doctor) timed "./run doctor" in_machine_offline "$machine" /root/passerelle/run doctor ;;
    start) timed "./run, twice" start_and_stop ;;
    rehearse) timed "./run rehearse" in_machine_offline "$machine" /root/passerelle/run rehearse ;;
    test) timed "./test" in_machine "$machine" /root/passerelle/test ;;
    *) echo "unknown step $step" >&2 && exit 2 ;;
    esac
done
