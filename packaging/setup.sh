#!/bin/sh
# usage: setup.sh run|test ; installs what building and running, or also testing, needs and this machine lacks.
# Says what it installs. With nothing missing it touches nothing and needs neither root nor a network.
set -eu

missing=
need() { # need PACKAGE PROBE...: the package is missing unless the probe succeeds
	package=$1
	shift
	"$@" >/dev/null 2>&1 || missing="$missing $package"
}
has() { PATH="$PATH:/usr/sbin:/sbin" command -v "$1"; }
file() { for f in "$@"; do [ -e "$f" ] && return; done; return 1; }

case ${1:-} in run | test) ;; *) echo "usage: setup.sh run|test" >&2; exit 2 ;; esac

need ca-certificates file /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem
need gcc has gcc
need libc6-dev file /usr/include/stdio.h
need pkg-config has pkg-config
need portaudio19-dev pkg-config --exists portaudio-2.0
# through this PortAudio reaches the sound server of a desktop
need libasound2-plugins file /usr/lib/*/alsa-lib/libasound_module_pcm_pulse.so /usr/lib*/alsa-lib/libasound_module_pcm_pulse.so

if [ "$1" = test ]; then
	need git has git
	need shellcheck has shellcheck
	need iproute2 has ip
	need iputils-ping has ping
	need iperf3 has iperf3
	need pulseaudio has pulseaudio
	need pulseaudio-utils has pactl
	need espeak-ng has espeak-ng
	need sox has sox
	need jq has jq
	need openssl has openssl
	need strace has strace
	need procps has ps
	need chromium has chromium
	need firefox-esr has firefox-esr
	need xvfb has Xvfb
	need xdg-utils has xdg-mime
fi

[ -n "$missing" ] || exit 0
install="apt-get update && apt-get install -y --no-install-recommends$missing"
if ! has apt-get >/dev/null; then
	echo "setup: this machine lacks what Debian calls:$missing. Install it with your system's packages, then try again." >&2
	exit 1
fi
as=
if [ "$(id -u)" != 0 ]; then
	if has sudo >/dev/null && { sudo -n true 2>/dev/null || { [ -t 0 ] && sudo -v; }; }; then
		as=sudo
	else
		echo "setup: packages are missing and only root can install them. Run this, then try again:" >&2
		echo "  su -c '$install'" >&2
		exit 1
	fi
fi
echo "setup: installing$missing"
log=$(mktemp)
# shellcheck disable=SC2086 # the packages are words
if ! $as apt-get update >"$log" 2>&1 ||
	! $as env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing >>"$log" 2>&1; then
	tail -n 15 "$log" >&2
	rm -f "$log"
	echo "setup: the packages could not be installed. Once this machine has a network, run this, then try again:" >&2
	echo "  ${as:+sudo }sh -c '$install'" >&2
	exit 1
fi
rm -f "$log"
