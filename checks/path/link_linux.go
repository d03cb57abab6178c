package path

import (
	"context"
	"encoding/binary"
	"errors"
	"net/netip"
	"os"
	"path"
	"strings"

	"github.com/mdlayher/wifi"
)

func thisComputer(env func(string) string) computer {
	root := os.DirFS("/")
	files := sysfs{root}
	return computer{
		local: localAddress,
		cards: readCards,
		adapter: func(_ context.Context, one card) (adapter, error) {
			return files.adapter(one)
		},
		routes: func(context.Context) ([]defaultRoute, error) { return files.routes() },
		radio: func(ctx context.Context, a adapter) (radio, error) {
			r, err := stationRadio(ctx, a.id)
			if err != nil { // no nl80211: an old driver may still write its file
				if text, missing := contents(root, "proc/net/wireless"); missing == nil {
					if old, ok := parseWireless(text, a.id); ok {
						return old, nil
					}
				}
			}
			return r, err
		},
		proxy:  func(ctx context.Context) (proxying, error) { return desktopProxy(ctx, env) },
		probes: append([]probe{{method: methodICMP, ask: echo}}, portProbes()...),
		answered: func(_ context.Context, gateway netip.Addr) (bool, error) {
			text, err := contents(root, "proc/net/arp")
			if err != nil {
				return false, err
			}
			answered, known := neighbour(text, gateway.String())
			return answered || !known, nil
		},
	}
}

// routes are the main table's: policy routing, as WireGuard's tools set it up, has others, which only a socket follows.
func (s sysfs) routes() ([]defaultRoute, error) {
	four, err := contents(s.fsys, "proc/net/route")
	routes := parseRoute4(four, binary.NativeEndian)
	six, err6 := contents(s.fsys, "proc/net/ipv6_route") // absent where IPv6 is switched off
	if err != nil && err6 != nil {
		return nil, err
	}
	return append(routes, parseRoute6(six)...), nil
}

// stationRadio asks the kernel (nl80211), which tells every user of the connection that stands.
func stationRadio(ctx context.Context, name string) (radio, error) {
	client, err := wifi.New()
	if err != nil {
		return radio{}, err
	}
	defer client.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := client.SetDeadline(deadline); err != nil {
			return radio{}, err
		}
	}
	all, err := client.Interfaces()
	if err != nil {
		return radio{}, err
	}
	for _, i := range all {
		if i.Name != name {
			continue
		}
		stations, err := client.StationInfo(i)
		if err != nil || len(stations) == 0 {
			return radio{}, errors.Join(because(codeNotConnected), err)
		}
		return radio{
			signal: signal(float64(stations[0].Signal)),
			band:   band(float64(i.Frequency)),
			rate:   rate(float64(stations[0].TransmitBitrate)),
		}, nil
	}
	return radio{}, because(codeLinkUntold)
}

// desktopProxy asks the desktop that runs, and none where none does.
func desktopProxy(ctx context.Context, env func(string) string) (proxying, error) {
	desktop := strings.ToLower(env("XDG_CURRENT_DESKTOP"))
	switch {
	case strings.Contains(desktop, "kde"):
		folder := env("XDG_CONFIG_HOME")
		if folder == "" {
			folder = path.Join(env("HOME"), ".config")
		}
		text, err := contents(os.DirFS(folder), "kioslaverc")
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return proxying{}, err
		}
		return withEnvironment(env, parseKDE(text)), nil
	case desktop == "" && env("DISPLAY") == "" && env("WAYLAND_DISPLAY") == "":
		return withEnvironment(env, proxyNone), nil
	}
	text, err := output(ctx, "/usr/bin/gsettings", "list-recursively", "org.gnome.system.proxy")
	if errors.Is(err, os.ErrNotExist) { // no such program, so nobody set anything by it
		return withEnvironment(env, proxyNone), nil
	}
	if err != nil {
		return proxying{}, err
	}
	kind, err := parseGnome(string(text))
	if err != nil {
		return proxying{}, err
	}
	return withEnvironment(env, kind), nil
}
