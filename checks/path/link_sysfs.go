package path

import (
	"cmp"
	"encoding/hex"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// sysfs is what Linux tells in files, from the root folder down.
type sysfs struct{ fsys fs.FS }

// Hardware types of interfaces (linux/if_arp.h).
const (
	hardwareEthernet = 1
	hardwarePPP      = 512
	hardwareRawIP    = 519
	hardwareIPIP     = 768
	hardwareIP6      = 769
	hardwareSIT      = 776
	hardwareGRE      = 778
	hardwareGRE6     = 823
	hardwareNone     = 65534 // tun, WireGuard, and modems without frames of their own
)

// adapter tells what kind of interface a card is. In a container the files may be another network's, where the same
// names are other cards: one whose number or address differs is told nothing of.
func (s sysfs) adapter(one card) (adapter, error) {
	a := adapter{index: one.index, name: one.name, id: one.name, why: codeVirtualLink, tunnel: namedTunnel(one.name)}
	number, err := s.number(one.name, "ifindex")
	if err != nil || number != one.index || one.hardware != "" && s.text(one.name, "address") != one.hardware {
		return a, nil
	}
	s.describe(&a, 0)
	return a, nil
}

// stackedMost is how many interfaces may lie one upon the other: a VLAN on a bond on a bridge on a card, and one more.
const stackedMost = 4

// describe fills in the adapter whose files are those of a.id.
func (s sysfs) describe(a *adapter, depth int) {
	if depth > stackedMost {
		return
	}
	kind, _ := s.number(a.id, "type")
	switch {
	case s.modem(a.id, kind):
		a.kind, a.phone, a.tunnel = linkCellular, phoneModem, ""
	case s.event(a.id, "uevent", "DEVTYPE") == "wlan", s.has(a.id, "phy80211"), s.has(a.id, "wireless"):
		a.kind, a.tunnel = linkWifi, ""
	case s.tunnel(a, kind, depth):
	case kind == hardwareEthernet && s.has(a.id, "device"):
		s.plugged(a)
	case kind == hardwareEthernet:
		s.stacked(a, depth)
	default:
		a.why = codeLinkUntold
	}
}

// modem knows mobile modems by the type that their drivers give, or by the driver.
func (s sysfs) modem(name string, kind int) bool {
	drivers := []string{"qmi_wwan", "cdc_mbim", "huawei_cdc_ncm", "sierra_net", "hso", "iosm", "mtk_t7xx", "mhi_net", "mhi_wwan_mbim"}
	return kind == hardwareRawIP || s.event(name, "uevent", "DEVTYPE") == "wwan" || slices.Contains(drivers, s.driver(name))
}

// tunnel tells whether a is one, and of what make. PPP may be a VPN, a modem or a DSL line: only the last says so.
func (s sysfs) tunnel(a *adapter, kind, depth int) bool {
	made := ""
	switch kind {
	case hardwarePPP:
		if device, ok := s.pppoe(); ok {
			under := adapter{id: device, why: codeLinkUntold}
			s.describe(&under, depth+1)
			a.kind, a.why, a.rate, a.tunnel = under.kind, under.why, under.rate, ""
			return true
		}
		a.why, a.unsure = codeLinkUntold, a.tunnel == ""
		return true
	case hardwareNone:
		made = tunnelOther
	case hardwareIPIP, hardwareIP6, hardwareSIT, hardwareGRE, hardwareGRE6:
		made = tunnelIP
	}
	switch {
	case s.event(a.id, "uevent", "DEVTYPE") == "wireguard":
		made = tunnelWireguard
	case s.has(a.id, "tun_flags"):
		made = tunnelOther
	}
	if made == "" {
		a.tunnel = "" // a name alone makes no tunnel of a network card
		return false
	}
	a.tunnel = cmp.Or(a.tunnel, made)
	return true
}

// pppoe is the device that carries the one DSL session there is.
func (s sysfs) pppoe() (string, bool) {
	text, err := contents(s.fsys, "proc/net/pppoe")
	lines := strings.Split(text, "\n") // Id Address Device
	if err != nil || len(lines) != 2 {
		return "", false
	}
	field := strings.Fields(lines[1])
	if len(field) != 3 {
		return "", false
	}
	return field[2], true
}

// plugged tells of Ethernet that a device of its own makes: a network card, a telephone, or what a virtual machine
// takes for a card, which says nothing of the real one. A VM that imitates a real make is not found out.
func (s sysfs) plugged(a *adapter) {
	virtual := []string{"virtio_net", "vmxnet3", "hv_netvsc", "vif", "netfront", "xen-netfront", "ena", "gve", "netdevsim"}
	switch driver := s.driver(a.id); {
	case slices.Contains(virtual, driver):
		a.why = codeVirtualLink
	case driver == "ipheth": // an iPhone shares nothing but its mobile network on USB
		a.kind, a.phone = linkCellular, phoneTethering
	case driver == "rndis_host", s.event(a.id, "uevent", "DEVTYPE") == "bluetooth",
		(driver == "cdc_ether" || driver == "cdc_ncm") && s.invented(a.id): // it may share its Wi-Fi as well
		a.why, a.phone = codeLinkUntold, phoneTethering
	default:
		a.kind = linkWired
		if mbits, err := s.number(a.id, "speed"); err == nil {
			a.rate = rate(float64(mbits) * 1e6) // -1 where there is none
		}
	}
}

// stacked follows bridges, bonds and VLANs down to the one network card beneath; where there is none, or several, a
// virtual thing remains.
func (s sysfs) stacked(a *adapter, depth int) {
	lower := []string{s.text(a.id, "bonding/active_slave")}
	if lower[0] == "" {
		lower = s.beneath(a.id)
	}
	var found []adapter
	for _, name := range lower {
		under := adapter{index: a.index, name: a.name, id: name, why: codeVirtualLink}
		if s.describe(&under, depth+1); under.kind != "" {
			found = append(found, under)
		}
	}
	a.why = codeVirtualLink
	if len(found) == 1 {
		*a = found[0]
	}
}

// beneath are the interfaces that one is made of, which the kernel links to as lower_NAME.
func (s sysfs) beneath(name string) []string {
	const most = 64 // ports of a bridge
	entries, err := fs.ReadDir(s.fsys, path.Join("sys/class/net", name))
	if err != nil {
		return nil
	}
	var lower []string
	for _, e := range entries {
		if under, ok := strings.CutPrefix(e.Name(), "lower_"); ok && len(lower) < most {
			lower = append(lower, under)
		}
	}
	return lower
}

// invented tells a hardware address that no maker gave (IEEE 802, the "locally administered" bit): telephones make up
// theirs, USB network cards have one.
func (s sysfs) invented(name string) bool {
	first, _, _ := strings.Cut(s.text(name, "address"), ":")
	octet, err := hex.DecodeString(first)
	return err == nil && len(octet) == 1 && octet[0]&2 != 0
}

func (s sysfs) driver(name string) string { return s.event(name, "device/uevent", "DRIVER") }

// event is one line of a uevent file.
func (s sysfs) event(name, file, key string) string {
	for line := range strings.Lines(s.text(name, file)) {
		if value, ok := strings.CutPrefix(line, key+"="); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func (s sysfs) has(name, file string) bool {
	_, err := fs.Stat(s.fsys, path.Join("sys/class/net", name, file))
	return err == nil
}

// text is what a file holds; empty where it cannot be read.
func (s sysfs) text(name, file string) string {
	text, err := contents(s.fsys, path.Join("sys/class/net", name, file))
	if err != nil {
		return ""
	}
	return text
}

func (s sysfs) number(name, file string) (int, error) {
	text, err := contents(s.fsys, path.Join("sys/class/net", name, file))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(text)
}

// neighbour reads in /proc/net/arp whether a router answered on its own cable or radio: flag 0x2 (linux/if_arp.h,
// ATF_COM) says that its hardware address is known.
func neighbour(text, address string) (answered, known bool) {
	for line := range strings.Lines(text) {
		field := strings.Fields(line) // address, hardware type, flags, hardware address, mask, device
		if len(field) != 6 || field[0] != address {
			continue
		}
		flags, err := strconv.ParseUint(field[2], 0, 32)
		if err != nil {
			return false, false
		}
		answered, known = answered || flags&0x2 != 0, true
	}
	return answered, known
}
