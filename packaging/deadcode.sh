#!/usr/bin/env bash
# usage: deadcode.sh DEADCODE ; prints functions that no program of the module reaches, and fails if there are any.
# A function is dead when it is unreached on every system that it is built for: what reads the output of another
# system is no dead code here. Tests do not count as a use.
set -euo pipefail
cd "$(dirname "$0")/.."
deadcode=$(realpath "$1")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
on() { # on SYSTEM COMMAND...: with cgo where this machine can build it
	local os=$1 cgo=0
	shift
	[ "$os" != linux ] || cgo=1
	GOOS=$os GOARCH=amd64 CGO_ENABLED=$cgo "$@"
}
for os in linux windows darwin; do
	# shellcheck disable=SC2016 # the dollars are the template's
	on "$os" go list -f '{{range .GoFiles}}{{$.Dir}}/{{.}}{{"\n"}}{{end}}{{range .CgoFiles}}{{$.Dir}}/{{.}}{{"\n"}}{{end}}' ./... |
		sed "s|^$PWD/||; /^$/d" >>"$work/built"
	# from the programs down, so that packages for tests alone stay out
	mapfile -t programs < <(on "$os" go list -f '{{if eq .Name "main"}}{{.ImportPath}}{{end}}' ./... | grep .)
	on "$os" "$deadcode" "${programs[@]}" >>"$work/dead"
done
awk -F : '
	FNR == NR { built[$1]++; next }
	{ dead[$0]++; file[$0] = $1 }
	END { for (f in dead) if (dead[f] == built[file[f]]) { print f; found = 1 }; exit found }
' "$work/built" "$work/dead" | sort
