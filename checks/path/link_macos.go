package path

import (
	"cmp"
	"strconv"
	"strings"
)

// parsePorts reads `networksetup -listallhardwareports`: which port each interface belongs to.
func parsePorts(text string) map[string]string {
	ports, port := map[string]string{}, ""
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch key {
		case "Hardware Port":
			port = value
		case "Device":
			ports[value] = port
		case "VLAN Configurations":
			return ports
		}
	}
	return ports
}

// parseIfconfig reads the type that the kernel gives an interface, and the rate it sends with, in `ifconfig -v NAME`.
func parseIfconfig(text string) (kind string, bitsPerSecond float64) {
	for line := range strings.Lines(text) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), ": ")
		switch {
		case !ok:
		case key == "type":
			kind = value
		case key == "link rate", key == "uplink rate":
			if _, agreed, both := strings.Cut(value, " / "); both { // what it reckons with, then what was agreed on
				value = agreed
			}
			value, _, _ = strings.Cut(value, " [")
			bitsPerSecond = cmp.Or(parseRate(value), bitsPerSecond)
		}
	}
	return kind, bitsPerSecond
}

// parseRate reads "866.00 Mbps".
func parseRate(text string) float64 {
	number, unit, _ := strings.Cut(text, " ")
	scale := map[string]float64{"bps": 1, "Kbps": 1e3, "Mbps": 1e6, "Gbps": 1e9}[unit]
	value, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return 0
	}
	return rate(value * scale)
}

// macAdapter joins what three sources tell of an interface. macOS names tunnels itself: utun for VPNs, ipsec and ppp
// for those it makes.
func macAdapter(one card, port, kind string, bitsPerSecond float64) adapter {
	a := adapter{index: one.index, name: one.name, id: one.name, why: codeLinkUntold, rate: bitsPerSecond}
	for prefix, made := range map[string]string{"utun": tunnelOther, "tun": tunnelOther, "tap": tunnelOther, "ipsec": "ipsec", "ppp": tunnelPPP, "gif": tunnelIP, "stf": tunnelIP} {
		if strings.HasPrefix(one.name, prefix) {
			a.tunnel = cmp.Or(namedTunnel(one.name), made)
			return a
		}
	}
	lower := strings.ToLower(port)
	switch {
	case strings.Contains(lower, "iphone"), strings.Contains(lower, "ipad"):
		a.kind, a.phone = linkCellular, phoneTethering
	case strings.Contains(lower, "bluetooth"):
		a.phone = phoneTethering
	case strings.Contains(lower, "rndis"), strings.Contains(lower, "android"): // it may share its Wi-Fi as well
		a.phone = phoneTethering
	case strings.Contains(lower, "modem"), strings.Contains(lower, "wwan"), kind == "Cellular":
		a.kind, a.phone = linkCellular, phoneModem
	case kind == "Wi-Fi", kind == "" && (port == "Wi-Fi" || port == "AirPort"):
		a.kind = linkWifi
	case virtualNamed(port), strings.HasPrefix(one.name, "bridge"), strings.HasPrefix(one.name, "vmnet"):
		a.why = codeVirtualLink
	case port != "" && (kind == "Ethernet" || kind == "" && wiredPort(lower)):
		a.kind = linkWired
	}
	return a
}

// wiredPort knows Ethernet ports by their names, where the kernel gives no type.
func wiredPort(lower string) bool {
	return strings.Contains(lower, "ethernet") || strings.Contains(lower, " lan") || strings.HasPrefix(lower, "usb 10")
}
