#!/usr/bin/env bash
# The whole journey on this machine: a collector, an invite, the hire's check, the sealed report delivered and verified.
# With a terminal the collector then serves until Ctrl-C; without one the script ends by itself.
# Exit 0 when the journey was completed, whatever the verdict.
#   DESKREADY         the program (bin/deskready)
#   DESKREADY_DATA    folder to keep (a fresh one under the temporary folder)
#   DESKREADY_PORT    first port to try (8440)
set -u
cd "$(dirname "$0")/.." || exit 1

program=${DESKREADY:-bin/deskready}
name="Demo Hire"
server=

say() { printf '%s\n' "$*"; }
die() {
	printf 'run: %s\n' "$*" >&2
	exit 1
}
cleanup() {
	trap - EXIT INT TERM
	[ -n "$server" ] || return
	kill "$server" 2>/dev/null
	wait "$server" 2>/dev/null
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

healthy() { # GET /healthz without asking for curl
	local answer
	answer=$(
		exec 2>/dev/null 3<>"/dev/tcp/127.0.0.1/$port" || exit
		printf 'GET /healthz HTTP/1.0\r\nHost: 127.0.0.1:%s\r\n\r\n' "$port" >&3
		timeout 2 head -n 1 <&3
	)
	[[ $answer == HTTP/1.?\ 200* ]]
}

serve() { # starts the collector on the first port of ten that is free
	local first=${DESKREADY_PORT:-8440} i
	for ((port = first; port < first + 10; port++)); do
		taken "$port" && continue
		"$program" serve --listen "127.0.0.1:$port" --data "$data/collector" --employer "Demo Employer" </dev/null >"$data/serve.log" 2>&1 &
		server=$!
		for ((i = 0; i < 150; i++)); do
			healthy && return
			kill -0 "$server" 2>/dev/null || break
			sleep 0.1
		done
		kill -0 "$server" 2>/dev/null && die "the collector on port $port does not answer. It said: $(tail -n 3 "$data/serve.log")"
		wait "$server" 2>/dev/null
		server=
		taken "$port" || die "the collector did not start. It said: $(tail -n 3 "$data/serve.log")"
	done
	die "the ports $first to $((first + 9)) of this machine are all taken. Set DESKREADY_PORT to a free one."
}

verdict() { # the words for an exit code of check and verify
	case $1 in 0) echo ready ;; 10) echo "not ready" ;; 11) echo undecided ;; esac
}

[ -x "$program" ] || die "there is no $program. Run: make build"
if [ -n "${DESKREADY_DATA:-}" ]; then
	data=$DESKREADY_DATA
	mkdir -p "$data" || die "the folder $data cannot be made."
else
	data=$(mktemp -d "${TMPDIR:-/tmp}/deskready-demo.XXXXXX") || die "no temporary folder can be made."
fi
data=$(cd "$data" && pwd) || die "the folder $data cannot be opened."
run=$(mktemp -d "$data/run.XXXXXX") || die "nothing can be written into $data."

serve
say "1. The collector serves http://127.0.0.1:$port"

"$program" invite create --data "$data/collector" --for "$name" --policy voice-agent --out "$run/hire.invite.json" ||
	die "the invite could not be made (exit code $?)."
say "2. An invite for $name: $run/hire.invite.json"

say "3. The hire's check. It measures this computer and takes up to two minutes."
"$program" check --invite "$run/hire.invite.json" --yes --name "$name" --no-page --out "$run/hire.deskready.json" </dev/null
code=$?
said=$(verdict $code)
case $code in
12) die "the check was made, but its report did not reach the collector (exit code 12)." ;;
130) exit 130 ;;
esac
[ -n "$said" ] || die "the check did not come to a verdict (exit code $code)."
[ -s "$run/hire.deskready.json" ] || die "the check left no report."

say "4. The report, read as a stranger would"
"$program" verify "$run/hire.deskready.json" --trust "$data/collector/trust.json"
code=$?
[ -n "$(verdict $code)" ] || die "the report does not verify (exit code $code)."
[ "$(verdict $code)" = "$said" ] || die "the check said $said, but the verifier says $(verdict $code)."

say ""
say "Verdict: $said. Delivered and verified."
say "Report:  $run/hire.deskready.json"
say "Page:    http://127.0.0.1:$port"
link=$(grep -m 1 -E '^https?://[^/]+/.' "$data/serve.log")
[ -z "$link" ] || say "         $link (for the first administrator; works once)"
if [ -t 0 ]; then
	say "The collector goes on serving. Ctrl-C ends it."
	trap 'exit 0' INT
	wait "$server"
	die "the collector ended by itself. It said: $(tail -n 3 "$data/serve.log")"
fi
