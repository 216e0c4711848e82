# A bare Debian 12 in a directory, to be sourced. Root only; leaves nothing mounted and nothing running: each command runs
# in its own mount and process namespaces, which end with it.
#
#   make_machine ROOT              debootstrap (kept as ROOT.base for the next time), name service, certificates
#   in_machine ROOT COMMAND...     with a clean environment, as root, in /root
#   in_machine_offline ROOT ...    the same without any network but its own loopback: no port of the host is in the way
set -eu
: "${FRESH_SUITE:=bookworm}"

debian_mirror() { # the one that apt uses here
    cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
        sed -n 's/^URIs: *\([^ ]*\).*/\1/p; s/^deb \(\[[^]]*\] \)\{0,1\}\([^ ]*\) .*/\2/p' | grep -m 1 '/debian/*$' ||
        echo http://deb.debian.org/debian
}

make_machine() {
    mirror=$(debian_mirror)
    if [ ! -e "$1.base/etc/debian_version" ]; then
        echo "== debootstrap $FRESH_SUITE ($mirror)" >&2
        debootstrap --variant=minbase "$FRESH_SUITE" "$1.base" "$mirror" >"$1.debootstrap.log" 2>&1 ||
            { tail -n 5 "$1.debootstrap.log" >&2; return 1; }
    fi
    rm -rf --one-file-system "$1"
    mkdir -p "$1"
    cp -a "$1.base/." "$1"
    cp -L /etc/resolv.conf "$1/etc/resolv.conf"
    grep -v '^#' /etc/hosts >"$1/etc/hosts"
    trust_our_certificates "$1"
}

trust_our_certificates() {
    # Only where this machine sits behind a proxy with an authority of its own does the bundle matter. The package comes
    # first: its installation rewrites the file.
    in_machine "$1" sh -c 'apt-get update -qq && apt-get install -y -qq --no-install-recommends ca-certificates' \
        >"$1.debootstrap.log" 2>&1 || { tail -n 5 "$1.debootstrap.log" >&2; return 1; }
    cp -L /etc/ssl/certs/ca-certificates.crt "$1/etc/ssl/certs/ca-certificates.crt"
}

copy_repository() { # $1: machine, $2: where in it. A clone: what is not committed is not there
    rm -rf "$1/$2"
    git clone -q --no-hardlinks "$(git rev-parse --show-toplevel)" "$1/$2"
}

in_machine() { _enter "" "$@"; }
in_machine_offline() { _enter --net "$@"; }

_enter() {
    namespaces=$1 root=$2
    shift 2
    # shellcheck disable=SC2086 # no word or one
    unshare --mount --pid --fork --kill-child $namespaces sh -c '
        root=$1; shift
        mount --bind "$root" "$root" # network namespaces inside need a root that is a mount
        mount -t proc proc "$root/proc"
        mount -t sysfs -o ro sysfs "$root/sys" # tcmalloc inside MediaPipe counts the processors there
        mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
        mkdir -p "$root/dev/shm" "$root/dev/pts"
        mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
        mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
        ip link set lo up 2>/dev/null || true
        exec chroot "$root" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
            HOME=/root LANG=C.UTF-8 TERM=dumb DEBIAN_FRONTEND=noninteractive \
            NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt "$@"
    ' sh "$root" "$@"
}
