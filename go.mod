module deskready

go 1.26.0

// Each direct dependency, and why the standard library will not do.
require (
	github.com/chromedp/chromedp v0.14.2 // tests: drives a real Chromium over the pages; pinned to the cdproto it was made for
	github.com/coder/websocket v1.8.15 // the office end of the page that proves a browser: its echo; tests drive Firefox over it
	github.com/go-json-experiment/json v0.0.0-20260820222146-c27c302e5fc3 // encoding/json/v2 as a module: refuses duplicate and wrong-case keys, which encoding/json accepts
	github.com/gordonklaus/portaudio v0.0.0-20250206071425-98a94950218b // sound on three systems
	github.com/jfreymuth/pulse v0.1.1 // real device names on Linux, which PortAudio does not give
	github.com/mdlayher/wifi v0.10.0 // signal and band of Wi-Fi on Linux (nl80211)
	github.com/pion/ice/v4 v4.4.2 // the socket that all test calls of a collector share
	github.com/pion/interceptor v0.1.48 // test call: RTP without retransmission, which would hide loss
	github.com/pion/logging v0.2.4 // keeps pion off standard error
	github.com/pion/rtcp v1.2.17 // test call
	github.com/pion/rtp v1.10.5 // test call
	github.com/pion/stun/v4 v4.0.0 // NAT mapping and media paths
	github.com/pion/transport/v4 v4.1.0 // tests: a network with NATs, in memory
	github.com/pion/turn/v5 v5.1.0 // relay for hires whose line lets only TCP through
	github.com/pion/webrtc/v4 v4.2.20 // a real call: ICE, DTLS, SRTP; newer ones do not resolve
	github.com/pressly/goose/v3 v3.28.0 // migrations of the collector's store; v3.29 would move modernc.org/libc off sqlite's pin
	github.com/rogpeppe/go-internal v1.16.0 // tests: testscript drives the real program
	github.com/santhosh-tekuri/jsonschema/v6 v6.0.3 // tests: schemas and structs must agree
	github.com/secure-systems-lab/go-securesystemslib v0.11.1 // tests: a second DSSE implementation as oracle
	github.com/shirou/gopsutil/v3 v3.24.5 // machine facts on three systems
	github.com/showwin/speedtest-go v1.7.10 // drives the throughput transfer
	github.com/spf13/cobra v1.10.2 // command line
	github.com/thlib/go-timezone-local v0.0.9 // the table of Unicode CLDR from the time zones of Windows to those of IANA
	go.yaml.in/yaml/v3 v3.0.5 // policies are written by people; nodes carry line numbers
	golang.org/x/crypto v0.58.0 // argon2id for the collector's passwords
	golang.org/x/net v0.60.0 // DNS messages
	golang.org/x/sys v0.49.0 // registry and file versions on Windows, TCP_INFO on Linux
	golang.org/x/term v0.47.0 // width of the terminal
	golang.org/x/time v0.16.0 // rate limits of the collector
	gonum.org/v1/gonum v0.17.0 // FFT, for the bandwidth and hum of a microphone
	howett.net/plist v1.0.1 // binary property lists of macOS
	modernc.org/sqlite v1.60.1 // the collector's store in one file, without cgo
)

// gopsutil pins a go-m1cpu that crashes every cgo build on Apple M5 before main starts.
require github.com/shoenig/go-m1cpu v0.2.4 // indirect

require (
	github.com/chromedp/cdproto v0.0.0-20250724212937-08a3db8b4327 // indirect
	github.com/chromedp/sysutil v1.1.0 // indirect
	github.com/dustin/go-humanize v1.0.1 // indirect
	github.com/go-ole/go-ole v1.2.6 // indirect
	github.com/gobwas/httphead v0.1.0 // indirect
	github.com/gobwas/pool v0.2.1 // indirect
	github.com/gobwas/ws v1.4.0 // indirect
	github.com/gofrs/flock v0.13.0 // one run at a time, told by the system on three systems
	github.com/google/uuid v1.6.0 // indirect
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	github.com/lufia/plan9stats v0.0.0-20211012122336-39d0f177ccd0 // indirect
	github.com/mattn/go-isatty v0.0.24 // indirect
	github.com/mfridman/interpolate v0.0.2 // indirect
	github.com/ncruces/go-strftime v1.0.0 // indirect
	github.com/power-devops/perfstat v0.0.0-20210106213030-5aafc221ea8c // indirect
	github.com/remyoudompheng/bigfft v0.0.0-20230129092748-24d4a6f8daec // indirect
	github.com/sethvargo/go-retry v0.4.0 // indirect
	github.com/spf13/pflag v1.0.9 // indirect
	github.com/tklauser/go-sysconf v0.3.12 // indirect
	github.com/tklauser/numcpus v0.6.1 // indirect
	github.com/yusufpapurcu/wmi v1.2.4 // indirect
	go.uber.org/multierr v1.11.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/text v0.43.0 // indirect
	golang.org/x/tools v0.51.0 // indirect
	modernc.org/libc v1.77.1 // indirect
	modernc.org/mathutil v1.7.1 // indirect
	modernc.org/memory v1.12.1 // indirect
)

require (
	github.com/google/go-cmp v0.7.0 // indirect
	github.com/mdlayher/genetlink v1.4.0 // indirect
	github.com/mdlayher/netlink v1.11.2 // indirect
	github.com/mdlayher/socket v0.6.0 // indirect
	github.com/pion/datachannel v1.6.2 // indirect
	github.com/pion/dtls/v3 v3.1.8 // indirect
	github.com/pion/mdns/v2 v2.2.0 // indirect
	github.com/pion/randutil v0.1.0 // indirect
	github.com/pion/sctp v1.11.1 // indirect
	github.com/pion/sdp/v3 v3.0.19 // indirect
	github.com/pion/srtp/v3 v3.0.13 // indirect
	github.com/wlynxg/anet v0.0.5 // indirect
)
