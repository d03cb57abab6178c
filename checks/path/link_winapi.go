package path

import (
	"cmp"
	"strings"
)

// A winAdapter is what GetAdaptersAddresses and GetIfEntry2 of Windows tell of an interface.
type winAdapter struct {
	index       int
	name        string // the hire may have changed it: told to nobody
	guid        string
	description string // the driver's
	ifType      uint32 // IANA ifType
	medium      uint32 // NDIS_PHYSICAL_MEDIUM; zero where unknown
	hardware    bool   // a device, or what a virtual machine takes for one
	asked       bool   // whether medium and hardware were told
	rate        uint64 // bit/s
}

// IANA interface types (ipifcons.h) and media (ntddndis.h).
const (
	ifEthernet     = 6
	ifPPP          = 23
	ifVirtual      = 53
	ifWifi         = 71
	ifTunnel       = 131
	ifWWAN         = 243 // GSM and CDMA
	ifWWAN2        = 244
	mediumWWAN     = 8
	mediumWifi     = 9
	mediumBlue     = 10
	unknownWinRate = 1<<64 - 1
)

// adapter tells what kind of interface it is. VPN programs show themselves as Ethernet that no device makes, or by
// what they write into the description.
func (w winAdapter) adapter() adapter {
	a := adapter{index: w.index, name: w.name, id: w.guid, why: codeLinkUntold}
	if w.rate != unknownWinRate {
		a.rate = rate(float64(w.rate))
	}
	lower := strings.ToLower(w.description)
	switch {
	case w.modem():
		a.kind, a.phone = linkCellular, phoneModem
	case w.radio():
		a.kind = linkWifi
	case w.ifType == ifPPP: // a VPN of Windows' own, or a DSL line that it dials: both are "WAN Miniport"
		if a.unsure = !tunnelPort(lower); !a.unsure {
			a.tunnel = cmp.Or(namedTunnel(lower), tunnelPPP)
		}
	case w.tunnel():
		a.tunnel = cmp.Or(namedTunnel(lower), tunnelOther)
	case virtualNamed(lower):
		a.why = codeVirtualLink
	case w.medium == mediumBlue, strings.Contains(lower, "bluetooth"), strings.Contains(lower, "remote ndis"): // it may share its Wi-Fi as well
		a.phone = phoneTethering
	case strings.Contains(lower, "apple mobile device"):
		a.kind, a.phone = linkCellular, phoneTethering
	case w.ifType == ifEthernet && w.asked && !w.hardware:
		a.why, a.unsure = codeVirtualLink, true
	case w.ifType == ifEthernet:
		a.kind = linkWired
	}
	return a
}

func (w winAdapter) modem() bool {
	return w.ifType == ifWWAN || w.ifType == ifWWAN2 || w.medium == mediumWWAN
}

// radio knows Wi-Fi. Where Windows says what is hardware, that must be: it also has virtual Wi-Fi, for sharing.
func (w winAdapter) radio() bool {
	return w.hardware && (w.ifType == ifWifi || w.medium == mediumWifi) || !w.asked && w.ifType == ifWifi
}

// tunnel knows VPNs by type or by name. Some of their drivers count as hardware.
func (w winAdapter) tunnel() bool {
	return w.ifType == ifVirtual || w.ifType == ifTunnel || namedTunnel(w.description) != ""
}

// tunnelPort knows the protocols of Windows' own VPNs. PPPoE, the DSL line, is none.
func tunnelPort(lower string) bool {
	for _, protocol := range []string{"vpn", "l2tp", "pptp", "sstp", "ikev2"} {
		if strings.Contains(lower, protocol) {
			return true
		}
	}
	return false
}
