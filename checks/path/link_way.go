package path

import (
	"cmp"
	"net/netip"
	"strings"

	"deskready/checks"
)

// An adapter is what the system tells of one interface.
type adapter struct {
	index  int
	name   string
	id     string  // by which the system's Wi-Fi service knows it
	kind   string  // wired, wifi or cellular; empty where that cannot be told
	why    string  // the code that says why kind is empty
	phone  string  // modem or tethering
	tunnel string  // of what make, where it is one
	unsure bool    // whether it is a tunnel cannot be told
	rate   float64 // bit/s; zero where unknown
}

// facts are those that need nothing more to be asked.
func (w way) facts() facts {
	f := facts{
		link:   w.link(),
		phone:  cmp.Or(w.hardware.phone, telephone(w.gateway)),
		signal: untold[float64](codeNotWifi, checks.SideUnknown),
		band:   untold[string](codeNotWifi, checks.SideUnknown),
		rate:   untold[float64](codeLinkUntold, checks.SideUnknown),
		mtu:    untold[int](codeLinkUntold, checks.SideUnknown),
		vpn: told(tunnelled{
			office: w.egress.tunnel != "", others: w.others.tunnel != "", kind: cmp.Or(w.egress.tunnel, w.others.tunnel),
		}),
	}
	if w.egress.unsure || w.others.unsure && !f.vpn.value.any() {
		f.vpn = untold[tunnelled](codeLinkUntold, checks.SideUnknown)
	}
	if p := f.link.missing; p != nil {
		f.signal.missing, f.band.missing, f.rate.missing = p, p, p
	} else if w.hardware.rate > 0 {
		f.rate = told(w.hardware.rate)
	}
	if w.mtu > 0 {
		f.mtu = told(w.mtu)
	}
	return f
}

func (w way) link() fact[string] {
	switch {
	case w.bare != nil:
		return fact[string]{missing: w.bare}
	case w.hardware.kind == "":
		return untold[string](cmp.Or(w.hardware.why, codeLinkUntold), checks.SideUnknown)
	}
	return told(w.hardware.kind)
}

// hear adds what the radio told.
func (f *facts) hear(r fact[radio]) {
	if r.missing != nil {
		f.signal.missing, f.band.missing = r.missing, r.missing
		if f.rate.missing != nil {
			f.rate.missing = r.missing
		}
		return
	}
	missing := untold[float64](codeLinkUntold, checks.SideUnknown)
	f.signal, f.band = missing, fact[string]{missing: missing.missing}
	if r.value.signal < 0 {
		f.signal = told(r.value.signal)
	}
	if r.value.band != "" {
		f.band = told(r.value.band)
	}
	if r.value.rate > 0 {
		f.rate = told(r.value.rate)
	}
}

// telephone knows the routers' addresses that telephones take for the networks they share, and homes hardly ever do:
// iPhones 172.20.10.1, Android up to 10 192.168.43.1, and 192.168.42.129 on USB. It is a hint: newer Android takes any.
func telephone(gateway netip.Addr) string {
	switch gateway {
	case netip.AddrFrom4([4]byte{172, 20, 10, 1}), netip.AddrFrom4([4]byte{192, 168, 43, 1}):
		return phoneHotspot
	case netip.AddrFrom4([4]byte{192, 168, 42, 129}):
		return phoneTethering
	}
	return ""
}

// virtualNamed tells a virtual machine's network card by its description.
func virtualNamed(description string) bool {
	description = strings.ToLower(description)
	for _, known := range []string{"virtio", "vmxnet", "hyper-v", "virtualbox", "vmware", "parallels", "xen ", "qemu", "loopback", "kernel debug"} {
		if strings.Contains(description, known) {
			return true
		}
	}
	return false
}
