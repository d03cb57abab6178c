package path

import "strings"

// tunnelled says whether the way leads through a VPN. Those that work without an interface of their own (IPsec by
// policy on Linux, filters of Windows) are not seen.
type tunnelled struct {
	office bool   // the way to the office does
	others bool   // the way to the rest of the internet does
	kind   string // of what make, in a word of tunnelNames; "other" where no name tells, empty for none
}

// any answers: is there a VPN in the way?
func (t tunnelled) any() bool { return t.office || t.others }

// tunnel kinds that the system tells by itself.
const (
	tunnelOther     = "other"
	tunnelWireguard = "wireguard"
	tunnelPPP       = "ppp"
	tunnelIP        = "ip" // IP in IP, GRE, 6in4
)

// tunnelNames are words in the names and descriptions of VPN programs' interfaces. The first that is found counts.
func tunnelNames() [][2]string {
	return [][2]string{
		{"anyconnect", "anyconnect"}, {"cisco secure client", "anyconnect"}, {"cscotun", "anyconnect"},
		{"globalprotect", "globalprotect"}, {"pangp", "globalprotect"}, {"gpd", "globalprotect"},
		{"fortinet", "fortinet"}, {"forticlient", "fortinet"}, {"fortissl", "fortinet"},
		{"zscaler", "zscaler"}, {"netskope", "netskope"}, {"juniper", "pulse"}, {"pulse secure", "pulse"}, {"ivanti", "pulse"},
		{"check point", "checkpoint"}, {"sonicwall", "sonicwall"}, {"f5 ", "f5"}, {"array networks", "array"},
		{"cloudflare", "warp"}, {"tailscale", "tailscale"}, {"zerotier", "zerotier"}, {"nordlynx", "nordvpn"}, {"nordvpn", "nordvpn"},
		{"proton", "protonvpn"}, {"mullvad", "mullvad"}, {"expressvpn", "expressvpn"}, {"surfshark", "surfshark"},
		{"hamachi", "hamachi"}, {"softether", "softether"}, {"vpn client adapter", "softether"},
		{"tap-windows", "openvpn"}, {"openvpn", "openvpn"}, {"ovpn", "openvpn"},
		{"wireguard", tunnelWireguard}, {"wintun", tunnelOther}, {"wan miniport", tunnelPPP}, {" vpn", tunnelOther}, {"vpn ", tunnelOther},
	}
}

// namedTunnel tells a tunnel by the name or description of its interface; empty for none that is known.
func namedTunnel(name string) string {
	name = strings.ToLower(name)
	for _, known := range tunnelNames() {
		if strings.Contains(name, known[0]) {
			return known[1]
		}
	}
	return ""
}
