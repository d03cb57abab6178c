package path

import (
	"os"
	"path/filepath"
	"testing"
)

// fixture reads what programs of macOS print, made by hand from descriptions of their output.
func fixture(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "macos", name+".synthetic.txt"))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestMacAdapters(t *testing.T) {
	ports := parsePorts(fixture(t, "ports"))
	kind, rate := parseIfconfig(fixture(t, "ifconfig"))
	if kind != "Wi-Fi" || rate != 866e6 {
		t.Fatalf("ifconfig: %q, %v", kind, rate)
	}
	tests := []struct {
		name, kind string
		want       adapter
	}{
		{"en0", "Wi-Fi", adapter{kind: linkWifi}},
		{"en0", "", adapter{kind: linkWifi}},
		{"en4", "Ethernet", adapter{kind: linkWired}},
		{"en4", "", adapter{kind: linkWired}},
		{"en7", "", adapter{kind: linkWired}},
		{"en8", "Ethernet", adapter{kind: linkCellular, phone: phoneTethering}},
		{"en9", "Ethernet", adapter{why: codeLinkUntold, phone: phoneTethering}},
		{"bridge0", "Ethernet", adapter{why: codeVirtualLink}},
		{"en11", "Ethernet", adapter{why: codeLinkUntold}},
		{"pdp_ip0", "Cellular", adapter{kind: linkCellular, phone: phoneModem}},
		{"utun4", "", adapter{tunnel: tunnelOther}},
		{"ppp0", "", adapter{tunnel: tunnelPPP}},
		{"ipsec0", "", adapter{tunnel: "ipsec"}},
	}
	for _, test := range tests {
		got := macAdapter(card{index: 3, name: test.name}, ports[test.name], test.kind, 1e9)
		if got.kind != "" || got.tunnel != "" {
			got.why = ""
		}
		test.want.index, test.want.name, test.want.id, test.want.rate = 3, test.name, test.name, 1e9
		if got != test.want {
			t.Errorf("%s of type %q: got %+v, want %+v", test.name, test.kind, got, test.want)
		}
	}
}

func TestRateOfMacOS(t *testing.T) {
	for text, want := range map[string]float64{"1.00 Gbps": 1e9, "866.00 Mbps": 866e6, "10 Kbps": 1e4, "0 bps": 0, "fast": 0, "": 0, "1 Tbps": 0, "NaN Mbps": 0, "-1 Gbps": 0} {
		if got := parseRate(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

func FuzzMacOS(f *testing.F) {
	f.Add(fixture(f, "ports"), fixture(f, "ifconfig"))
	f.Fuzz(func(t *testing.T, ports, ifconfig string) {
		kind, rate := parseIfconfig(ifconfig)
		if !(rate >= 0 && rate < 1e12) {
			t.Errorf("rate %v", rate)
		}
		for name, port := range parsePorts(ports) {
			if a := macAdapter(card{name: name}, port, kind, rate); a.kind == "" && a.why == "" {
				t.Errorf("%+v", a)
			}
		}
	})
}
