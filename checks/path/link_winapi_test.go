package path

import "testing"

// The descriptions are those that drivers are known to give; none of the rows was read from a real computer (synthetic).
func TestWindowsAdapters(t *testing.T) {
	tests := []struct {
		description string
		ifType      uint32
		medium      uint32
		hardware    bool
		asked       bool
		want        adapter
	}{
		{"Realtek PCIe GbE Family Controller", ifEthernet, 14, true, true, adapter{kind: linkWired}},
		{"Realtek PCIe GbE Family Controller", ifEthernet, 0, false, false, adapter{kind: linkWired}},
		{"Intel(R) Wi-Fi 6 AX201 160MHz", ifWifi, mediumWifi, true, true, adapter{kind: linkWifi}},
		{"Intel(R) Wi-Fi 6 AX201 160MHz", ifWifi, 0, false, false, adapter{kind: linkWifi}},
		{"Generic Mobile Broadband Adapter", ifWWAN, mediumWWAN, true, true, adapter{kind: linkCellular, phone: phoneModem}},
		{"Generic Mobile Broadband Adapter", ifWWAN2, 0, false, false, adapter{kind: linkCellular, phone: phoneModem}},
		{"Remote NDIS based Internet Sharing Device", ifEthernet, 14, true, true, adapter{why: codeLinkUntold, phone: phoneTethering}},
		{"Apple Mobile Device Ethernet", ifEthernet, 14, true, true, adapter{kind: linkCellular, phone: phoneTethering}},
		{"Bluetooth Device (Personal Area Network)", ifEthernet, mediumBlue, true, true, adapter{why: codeLinkUntold, phone: phoneTethering}},
		{"TAP-Windows Adapter V9", ifEthernet, 0, false, true, adapter{tunnel: "openvpn"}},
		{"TAP-Windows Adapter V9", ifEthernet, 14, true, true, adapter{tunnel: "openvpn"}},
		{"Cisco AnyConnect Secure Mobility Client Virtual Miniport Adapter for Windows x64", ifEthernet, 0, false, true, adapter{tunnel: "anyconnect"}},
		{"WireGuard Tunnel", ifVirtual, 0, false, true, adapter{tunnel: tunnelWireguard}},
		{"PANGP Virtual Ethernet Adapter", ifEthernet, 0, false, true, adapter{tunnel: "globalprotect"}},
		{"Some new tunnel", ifVirtual, 0, false, true, adapter{tunnel: tunnelOther}},
		{"Teredo Tunneling Pseudo-Interface", ifTunnel, 0, false, true, adapter{tunnel: tunnelOther}},
		{"WAN Miniport (IKEv2)", ifPPP, 0, false, true, adapter{tunnel: tunnelPPP}},
		{"WAN Miniport (PPPOE)", ifPPP, 0, false, true, adapter{why: codeLinkUntold, unsure: true}},
		{"Office dial-up", ifPPP, 0, false, true, adapter{why: codeLinkUntold, unsure: true}},
		{"Red Hat VirtIO Ethernet Adapter", ifEthernet, 14, true, true, adapter{why: codeVirtualLink}},
		{"Hyper-V Virtual Ethernet Adapter", ifEthernet, 0, false, true, adapter{why: codeVirtualLink}},
		{"Unheard-of Virtual Thing", ifEthernet, 0, false, true, adapter{why: codeVirtualLink, unsure: true}},
		{"Token Ring", 9, 0, true, true, adapter{why: codeLinkUntold}},
	}
	for _, test := range tests {
		w := winAdapter{index: 7, name: "Ethernet", guid: "{G}", description: test.description, ifType: test.ifType, medium: test.medium, hardware: test.hardware, asked: test.asked, rate: 1e9}
		got := w.adapter()
		if got.kind != "" || got.tunnel != "" {
			got.why = ""
		}
		test.want.index, test.want.name, test.want.id, test.want.rate = 7, "Ethernet", "{G}", 1e9
		if got != test.want {
			t.Errorf("%s (asked %v): got %+v, want %+v", test.description, test.asked, got, test.want)
		}
	}
	if got := (winAdapter{rate: unknownWinRate}).adapter(); got.rate != 0 {
		t.Errorf("an unknown rate became %v", got.rate)
	}
}
