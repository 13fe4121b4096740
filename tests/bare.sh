#!/bin/sh
# On a Debian with nothing but its own Python: a clone, `make run` on a small country, the tests without a country.
#   tests/bare.sh [trixie] [sid]      as root, with debootstrap installed (make test-bare sees to both)
set -eu
cd "$(dirname "$0")/.."
repository=$PWD
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
[ "$(id -u)" = 0 ] || { echo "tests/bare.sh: chroot needs root: call it with sudo" >&2; exit 2; }

# How this machine reaches the package registries (proxies, certificates, pip's settings) is told to the guest too.
told=$(env | grep -E '^(PIP_|UV_|SSL_CERT_|REQUESTS_CA_BUNDLE|(https?|no)_proxy|(HTTPS?|NO)_PROXY)' | grep -v '^PIP_FIND_LINKS' || true)
bring() { # FILE ROOT: copy a file or folder of the host to the same place; tar follows no link of the guest's
	[ ! -e "$1" ] || tar -ch -C / "${1#/}" | tar -x -C "$2" --no-same-owner
}

for suite in "${@:-trixie}"; do
	root=$(mktemp -d "${TMPDIR:-/tmp}/qhawaq-bare.XXXXXX")
	chmod 755 "$root"
	unmount() {
		for place in proc dev; do umount -l "$root/$place" 2>/dev/null || true; done
	}
	trap 'unmount; rm -rf --one-file-system "$root"' EXIT INT TERM
	debootstrap --variant=minbase --include=python3,python3-venv,make,ca-certificates "$suite" "$root" "$mirror" >"$root.log" 2>&1 ||
		{ tail -5 "$root.log" >&2; exit 1; }
	rm -f "$root.log"
	mount -t proc proc "$root/proc"
	mount --rbind /dev "$root/dev" && mount --make-rslave "$root/dev"
	for value in /etc/resolv.conf /etc/hosts /etc/pip.conf /usr/local/share/ca-certificates \
		$(echo "$told" | sed -n 's/^[^=]*=\(\/.*\)$/\1/p'); do bring "$value" "$root"; done
	chroot "$root" useradd --create-home --shell /bin/sh guest
	git -c safe.directory="$repository" -c safe.directory="$repository/.git" clone --quiet "$repository" "$root/home/guest/qhawaq"
	chroot "$root" chown -R guest: /home/guest
	echo "== $suite: $(chroot "$root" python3 --version)"
	as_guest() {
		# shellcheck disable=SC2086  one assignment a word
		chroot --userspec=guest "$root" env -i HOME=/home/guest PATH=/usr/bin:/bin LANG=C.UTF-8 $told \
			sh -euc "cd /home/guest/qhawaq; $1"
	}
	as_guest 'make run CHILDREN=2300'
	as_guest 'make test FAST=1'
	unmount
	rm -rf --one-file-system "$root"
	trap - EXIT INT TERM
done
