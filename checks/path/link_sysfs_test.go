package path

import (
	"fmt"
	"maps"
	"testing"
	"testing/fstest"
)

// synthetic lays out the files of /sys/class/net by hand, from the kernel's documentation.
func synthetic(files map[string]string) sysfs {
	root := fstest.MapFS{}
	for name, text := range files {
		if name[:4] != "proc" {
			name = "sys/class/net/" + name
		}
		root[name] = &fstest.MapFile{Data: []byte(text + "\n")}
	}
	return sysfs{root}
}

// nic is the files of one interface.
func nic(name, hardware, driver string, more map[string]string) map[string]string {
	files := map[string]string{
		name + "/ifindex": "2", name + "/address": "00:11:22:33:44:55", name + "/type": hardware,
		name + "/uevent": "INTERFACE=" + name + "\nIFINDEX=2", name + "/speed": "1000",
	}
	if driver != "" {
		files[name+"/device/uevent"] = "DRIVER=" + driver + "\nPCI_CLASS=20000"
	}
	maps.Copy(files, more)
	return files
}

func TestSysfsAdapters(t *testing.T) {
	join := func(all ...map[string]string) map[string]string {
		files := map[string]string{}
		for _, one := range all {
			maps.Copy(files, one)
		}
		return files
	}
	tests := []struct {
		what, name string
		files      map[string]string
		want       adapter
	}{
		{"a cable", "enp3s0", nic("enp3s0", "1", "r8169", nil), adapter{id: "enp3s0", kind: linkWired, rate: 1e9}},
		{"a USB card by a general driver", "enx0", nic("enx0", "1", "cdc_ncm", nil), adapter{id: "enx0", kind: linkWired, rate: 1e9}},
		{"no speed told", "eth0", nic("eth0", "1", "r8169", map[string]string{"eth0/speed": "-1"}), adapter{id: "eth0", kind: linkWired}},
		{"Wi-Fi by type", "wlp2s0", nic("wlp2s0", "1", "iwlwifi", map[string]string{"wlp2s0/uevent": "DEVTYPE=wlan\nINTERFACE=wlp2s0"}), adapter{id: "wlp2s0", kind: linkWifi}},
		{"Wi-Fi by its radio", "wlan0", nic("wlan0", "1", "brcmfmac", map[string]string{"wlan0/phy80211/index": "0"}), adapter{id: "wlan0", kind: linkWifi}},
		{"a modem", "wwan0", nic("wwan0", "1", "cdc_mbim", map[string]string{"wwan0/uevent": "DEVTYPE=wwan"}), adapter{id: "wwan0", kind: linkCellular, phone: phoneModem}},
		{"a modem without frames", "wwp0", nic("wwp0", "65534", "qmi_wwan", nil), adapter{id: "wwp0", kind: linkCellular, phone: phoneModem}},
		{"an iPhone", "eth1", nic("eth1", "1", "ipheth", nil), adapter{id: "eth1", kind: linkCellular, phone: phoneTethering}},
		{"Android on USB", "usb0", nic("usb0", "1", "rndis_host", nil), adapter{id: "usb0", why: codeLinkUntold, phone: phoneTethering}},
		{"a telephone by its made-up address", "usb0", nic("usb0", "1", "cdc_ether", map[string]string{"usb0/address": "02:11:22:33:44:55"}), adapter{id: "usb0", why: codeLinkUntold, phone: phoneTethering}},
		{"a virtual machine", "eth0", nic("eth0", "1", "virtio_net", nil), adapter{id: "eth0", why: codeVirtualLink}},
		{"a container", "eth0", nic("eth0", "1", "", nil), adapter{id: "eth0", why: codeVirtualLink}},
		{"WireGuard", "office", nic("office", "65534", "", map[string]string{"office/uevent": "DEVTYPE=wireguard"}), adapter{id: "office", why: codeVirtualLink, tunnel: tunnelWireguard}},
		{"OpenVPN", "tun0", nic("tun0", "65534", "", map[string]string{"tun0/tun_flags": "0x1001"}), adapter{id: "tun0", why: codeVirtualLink, tunnel: tunnelOther}},
		{"a tap", "tap0", nic("tap0", "1", "", map[string]string{"tap0/tun_flags": "0x1002"}), adapter{id: "tap0", why: codeVirtualLink, tunnel: tunnelOther}},
		{"a tunnel with a name", "cscotun0", nic("cscotun0", "65534", "", map[string]string{"cscotun0/tun_flags": "0x1001"}), adapter{id: "cscotun0", why: codeVirtualLink, tunnel: "anyconnect"}},
		{"a cable with a tunnel's name", "gpd0", nic("gpd0", "1", "r8169", nil), adapter{id: "gpd0", kind: linkWired, rate: 1e9}},
		{"GRE", "gre1", nic("gre1", "778", "", nil), adapter{id: "gre1", why: codeVirtualLink, tunnel: tunnelIP}},
		{"PPP of unknown kind", "ppp0", nic("ppp0", "512", "", nil), adapter{id: "ppp0", why: codeLinkUntold, unsure: true}},
		{"DSL", "ppp0", join(nic("ppp0", "512", "", map[string]string{"proc/net/pppoe": "Id Address Device\n0000ABCD 00:11:22:33:44:66 eth0"}), nic("eth0", "1", "r8169", nil)), adapter{id: "ppp0", kind: linkWired, rate: 1e9}},
		{"DSL over itself", "ppp0", nic("ppp0", "512", "", map[string]string{"proc/net/pppoe": "Id Address Device\n0000ABCD 00:11:22:33:44:66 ppp0"}), adapter{id: "ppp0", why: codeLinkUntold}},
		{"a bridge over a cable", "br0", join(nic("br0", "1", "", map[string]string{"br0/lower_eth0": "", "br0/lower_veth1": ""}), nic("eth0", "1", "r8169", nil), nic("veth1", "1", "", nil)), adapter{id: "eth0", kind: linkWired, rate: 1e9}},
		{"a bridge of containers", "docker0", join(nic("docker0", "1", "", map[string]string{"docker0/lower_veth1": ""}), nic("veth1", "1", "", nil)), adapter{id: "docker0", why: codeVirtualLink}},
		{"a bond on Wi-Fi", "bond0", join(nic("bond0", "1", "", map[string]string{"bond0/bonding/active_slave": "wlan0", "bond0/lower_eth0": "", "bond0/lower_wlan0": ""}), nic("eth0", "1", "r8169", nil), nic("wlan0", "1", "iwlwifi", map[string]string{"wlan0/wireless/x": ""})), adapter{id: "wlan0", kind: linkWifi}},
		{"a ring of bridges", "br0", join(nic("br0", "1", "", map[string]string{"br0/lower_br1": ""}), nic("br1", "1", "", map[string]string{"br1/lower_br0": ""})), adapter{id: "br0", why: codeVirtualLink}},
		{"another network's files", "eth0", nic("eth0", "1", "r8169", map[string]string{"eth0/ifindex": "7"}), adapter{id: "eth0", why: codeVirtualLink}},
		{"no files", "eth0", nil, adapter{id: "eth0", why: codeVirtualLink}},
		{"nonsense", "eth0", nic("eth0", "?", "", nil), adapter{id: "eth0", why: codeLinkUntold}},
	}
	for _, test := range tests {
		t.Run(test.what, func(t *testing.T) {
			test.want.index, test.want.name = 2, test.name
			got, err := synthetic(test.files).adapter(card{index: 2, name: test.name})
			if err != nil {
				t.Fatal(err)
			}
			if got.kind != "" {
				got.why = "" // means nothing beside a kind
			}
			if got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestSysfsOfAnotherCard(t *testing.T) {
	files := synthetic(nic("eth0", "1", "r8169", nil))
	for hardware, want := range map[string]string{"00:11:22:33:44:55": linkWired, "00:11:22:33:44:66": ""} {
		if got, _ := files.adapter(card{index: 2, name: "eth0", hardware: hardware}); got.kind != want {
			t.Errorf("with %s: kind %q, want %q", hardware, got.kind, want)
		}
	}
}

func TestNeighbour(t *testing.T) {
	// From a Debian 12 virtual machine, and the second line as the kernel writes it of a router that is not there.
	const text = `IP address       HW type     Flags       HW address            Mask     Device
192.0.2.1        0x1         0x2         02:fc:00:00:00:05     *        eth0
192.0.2.9        0x1         0x0         00:00:00:00:00:00     *        eth0
`
	for address, want := range map[string][2]bool{"192.0.2.1": {true, true}, "192.0.2.9": {false, true}, "192.0.2.8": {false, false}} {
		if answered, known := neighbour(text, address); [2]bool{answered, known} != want {
			t.Errorf("%s: %v %v, want %v", address, answered, known, want)
		}
	}
}

func FuzzSysfs(f *testing.F) {
	f.Add("eth0", "1", "DEVTYPE=wlan", "DRIVER=r8169", "02:00:00:00:00:00", "1000")
	f.Add("ppp0", "512", "", "", "", "Id Address Device\n1 2 ppp0")
	f.Add("br0", "1", "", "", "", "-1")
	f.Fuzz(func(t *testing.T, name, kind, event, driver, address, speed string) {
		files := fstest.MapFS{}
		for file, text := range map[string]string{"ifindex": "2", "type": kind, "uevent": event, "device/uevent": driver, "address": address, "speed": speed, "lower_" + name: "", "bonding/active_slave": name} {
			files[fmt.Sprintf("sys/class/net/%s/%s", name, file)] = &fstest.MapFile{Data: []byte(text)}
		}
		files["proc/net/pppoe"] = &fstest.MapFile{Data: []byte(speed)}
		a, err := sysfs{files}.adapter(card{index: 2, name: name})
		if err != nil || a.kind == "" && a.why == "" || a.rate < 0 {
			t.Errorf("%+v %v", a, err)
		}
		neighbour(speed, address)
	})
}
