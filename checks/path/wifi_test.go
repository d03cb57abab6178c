package path

import (
	"encoding/binary"
	"errors"
	"math"
	"testing"

	"deskready/checks"
)

func TestBand(t *testing.T) {
	for mhz, want := range map[float64]string{2412: "2.4", 2484: "2.4", 5180: "5", 5885: "5", 5935: "6", 5955: "6", 7115: "6", 0: "", 900: "", 60480: "", 3600: ""} {
		if got := band(mhz); got != want {
			t.Errorf("%v MHz: %q, want %q", mhz, got, want)
		}
	}
}

func TestSignal(t *testing.T) {
	for dBm, want := range map[float64]float64{-52: -52, -120: -120, -256: 0, 0: 0, 40: 0, math.Inf(-1): 0} {
		if got := signal(dBm); got != want {
			t.Errorf("%v dBm: %v, want %v", dBm, got, want)
		}
	}
	if got := signal(math.NaN()); got != 0 {
		t.Errorf("no number became %v", got)
	}
}

// As the kernel's wireless extensions write it (synthetic).
const wireless = `Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE
 face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22
 wlan0: 0000   54.  -56.  -256        0      0      0      0     12        0
 wlan1: 0000   54.  154.  0        0      0      0      0     12        0
 wlan2: 0000
`

func TestWireless(t *testing.T) {
	for name, want := range map[string]struct {
		signal float64
		ok     bool
	}{"wlan0": {-56, true}, "wlan1": {0, true}, "wlan2": {}, "wlan3": {}, "Inter-| sta-|   Quality": {}} {
		if got, ok := parseWireless(wireless, name); ok != want.ok || got.signal != want.signal {
			t.Errorf("%s: %+v, %v; want %+v", name, got, ok, want)
		}
	}
}

func TestAirport(t *testing.T) {
	data := fixture(t, "airport")
	tests := []struct {
		what, text, name string
		want             radio
		code             string
	}{
		{"connected", data, "en0", radio{signal: -52, band: "5", rate: 864e6}, ""},
		{"switched off", data, "en1", radio{}, codeNotConnected},
		{"another card", data, "en5", radio{}, codeLinkUntold},
		{"little told", data, "awdl0", radio{}, ""},
		{"a channel as a number", `{"SPAirPortDataType":[{"spairport_airport_interfaces":[{"_name":"en0","spairport_current_network_information":{"spairport_network_channel":36,"spairport_signal_noise":"loud"}}]}]}`, "en0", radio{}, ""},
		{"2.4 GHz", `{"SPAirPortDataType":[{"spairport_airport_interfaces":[{"_name":"en0","spairport_current_network_information":{"spairport_network_channel":"6 (2GHz, 20MHz)"}}]}]}`, "en0", radio{band: "2.4"}, ""},
		{"6 GHz", `{"SPAirPortDataType":[{"spairport_airport_interfaces":[{"_name":"en0","spairport_current_network_information":{"spairport_network_channel":"37 (6GHz, 160MHz)"}}]}]}`, "en0", radio{band: "6"}, ""},
		{"no JSON", "oops", "en0", radio{}, codeLinkUntold},
		{"other JSON", "[1]", "en0", radio{}, codeLinkUntold},
	}
	for _, test := range tests {
		got, err := parseAirport([]byte(test.text), test.name)
		var p *checks.Problem
		if errors.As(err, &p); got != test.want || (err != nil) != (test.code != "") || p != nil && p.Code != test.code {
			t.Errorf("%s: %+v, %v; want %+v %q", test.what, got, err, test.want, test.code)
		}
	}
}

// networksOf lays out a WLAN_BSS_LIST (synthetic, by wlanapi.h).
func networksOf(count uint32, entries ...[]byte) []byte {
	list := binary.LittleEndian.AppendUint32(nil, 0)
	list = binary.LittleEndian.AppendUint32(list, count)
	for _, e := range entries {
		list = append(list, e...)
	}
	return list
}

func network(bssid [6]byte, dBm int32, kHz uint32) []byte {
	entry := make([]byte, bssSize)
	copy(entry[40:], bssid[:])
	binary.LittleEndian.PutUint32(entry[56:], uint32(dBm))
	binary.LittleEndian.PutUint32(entry[92:], kHz)
	return entry
}

func TestWindowsNetworks(t *testing.T) {
	mine, other := [6]byte{2, 0, 0, 0, 0, 1}, [6]byte{2, 0, 0, 0, 0, 2}
	connection := make([]byte, 604)
	copy(connection[560:], mine[:])
	binary.LittleEndian.PutUint32(connection[580:], 866_000) // receiving
	binary.LittleEndian.PutUint32(connection[584:], 780_000)
	sends, bssid, ok := parseConnection(connection)
	if !ok || sends != 780e6 || bssid != mine {
		t.Errorf("connection: %v %v %v", sends, bssid, ok)
	}
	if _, _, ok := parseConnection(connection[:587]); ok {
		t.Error("a connection that is cut off was read")
	}
	list := networksOf(2, network(other, -80, 2_412_000), network(mine, -55, 5_180_000))
	if mhz, dBm, ok := parseNetworks(list, mine); !ok || mhz != 5180 || dBm != -55 {
		t.Errorf("networks: %v %v %v", mhz, dBm, ok)
	}
	if _, _, ok := parseNetworks(list[:len(list)-1], mine); ok {
		t.Error("an entry that is cut off was read")
	}
	if _, _, ok := parseNetworks(networksOf(1<<32-1), mine); ok {
		t.Error("entries that are not there were read")
	}
	if got := parseLevel([]byte{0xc8, 0xff, 0xff, 0xff}); got != -56 {
		t.Errorf("level %v, want -56", got)
	}
	if got := parseLevel([]byte{0xc8}); got != 0 {
		t.Errorf("a level that is cut off became %v", got)
	}
}

func FuzzWifi(f *testing.F) {
	f.Add([]byte(fixture(f, "airport")), "en0")
	f.Add([]byte(wireless), "wlan0")
	f.Add(networksOf(1, network([6]byte{'e', 'n', '0'}, -55, 5_180_000)), "en0")
	f.Fuzz(func(t *testing.T, data []byte, name string) {
		read, _ := parseAirport(data, name)
		old, _ := parseWireless(string(data), name)
		var bssid [6]byte
		copy(bssid[:], name)
		mhz, dBm, _ := parseNetworks(data, bssid)
		sends, _, _ := parseConnection(data)
		for _, r := range []radio{read, old, {signal: dBm, band: band(mhz), rate: sends}, {signal: parseLevel(data)}} {
			if !(r.signal <= 0 && r.signal >= -120 && r.rate >= 0 && r.rate < 1e12) {
				t.Errorf("%+v", r)
			}
		}
	})
}
