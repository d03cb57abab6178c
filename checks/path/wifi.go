package path

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// A radio is what Wi-Fi tells of its connection.
type radio struct {
	signal float64 // dBm; zero where untold: no receiver hears that much
	band   string  // 2.4, 5 or 6 GHz; empty where untold
	rate   float64 // bit/s that it sends with
}

// band is the band of a frequency in MHz (IEEE 802.11, annex E).
func band(mhz float64) string {
	switch {
	case mhz >= 2400 && mhz < 2500:
		return "2.4"
	case mhz >= 4900 && mhz < 5925:
		return "5"
	case mhz >= 5925 && mhz < 7200:
		return "6"
	}
	return ""
}

// signal keeps what can be the power of a radio signal in dBm.
func signal(dBm float64) float64 {
	if dBm < -120 || dBm >= 0 || math.IsNaN(dBm) {
		return 0
	}
	return dBm
}

// parseWireless reads the level of an interface in /proc/net/wireless: drivers that tell it in dBm give a number below
// zero, others one without a scale, which says nothing.
func parseWireless(text, name string) (radio, bool) {
	for line := range strings.Lines(text) {
		head, rest, ok := strings.Cut(line, ":")
		if !ok || strings.TrimSpace(head) != name {
			continue
		}
		field := strings.Fields(rest) // status, quality, level, noise, ...
		if len(field) < 3 {
			return radio{}, false
		}
		level, err := strconv.ParseFloat(strings.TrimSuffix(field[2], "."), 64)
		if err != nil {
			return radio{}, false
		}
		return radio{signal: signal(level)}, true
	}
	return radio{}, false
}

// airport is the part of `system_profiler -json SPAirPortDataType` that is read. The network's name and the names of
// the neighbours' are in the rest, and are not looked at.
type airport struct {
	Data []struct {
		Interfaces []struct {
			Name    string `json:"_name"`
			Current *struct {
				Signal  string          `json:"spairport_signal_noise"`
				Channel json.RawMessage `json:"spairport_network_channel"`
				Rate    float64         `json:"spairport_network_rate"`
			} `json:"spairport_current_network_information"`
		} `json:"spairport_airport_interfaces"`
	} `json:"SPAirPortDataType"`
}

// parseAirport reads the connection of one interface: a level such as "-52 dBm / -93 dBm" (signal, noise), a channel
// such as "36 (5GHz, 80MHz)", a rate in Mbit/s.
func parseAirport(data []byte, name string) (radio, error) {
	var all airport
	if err := json.Unmarshal(data, &all); err != nil {
		return radio{}, because(codeLinkUntold)
	}
	for _, part := range all.Data {
		for _, i := range part.Interfaces {
			if i.Name != name {
				continue
			}
			if i.Current == nil {
				return radio{}, because(codeNotConnected)
			}
			r := radio{band: channelBand(string(i.Current.Channel)), rate: rate(i.Current.Rate * 1e6)}
			level, _, _ := strings.Cut(i.Current.Signal, " dBm")
			if dBm, err := strconv.ParseFloat(strings.TrimSpace(level), 64); err == nil {
				r.signal = signal(dBm)
			}
			return r, nil
		}
	}
	return radio{}, because(codeLinkUntold)
}

// channelBand reads the band in a channel as macOS writes it. It shortens 2.4 to 2.
func channelBand(channel string) string {
	_, inside, _ := strings.Cut(channel, "(")
	before, _, ok := strings.Cut(inside, "GHz")
	if !ok {
		return ""
	}
	return map[string]string{"2": "2.4", "2.4": "2.4", "5": "5", "6": "6"}[strings.TrimSpace(before)]
}

// rate keeps what a link can have agreed on: a nonsense of drivers is no rate.
func rate(bitsPerSecond float64) float64 {
	if bitsPerSecond > 0 && bitsPerSecond < 1e12 {
		return bitsPerSecond
	}
	return 0
}

// Places in what wlanapi.h calls WLAN_CONNECTION_ATTRIBUTES: two numbers and a profile name of 256 UTF-16 units stand
// before the association, in it SSID (36 bytes), BSS type, BSSID (6 bytes, padded to 8), PHY type and index, quality,
// and the rates in kbit/s.
const (
	wlanBSSID     = 8 + 512 + 36 + 4
	wlanRateSend  = wlanBSSID + 8 + 4 + 4 + 4 + 4
	wlanConnected = wlanRateSend + 4
)

// parseConnection reads the rate of sending, and the address of the access point, by which its entry in the list of
// networks is found; it goes no further.
func parseConnection(data []byte) (bitsPerSecond float64, bssid [6]byte, ok bool) {
	if len(data) < wlanConnected {
		return 0, bssid, false
	}
	copy(bssid[:], data[wlanBSSID:])
	return rate(float64(binary.LittleEndian.Uint32(data[wlanRateSend:])) * 1e3), bssid, true
}

// Places in a WLAN_BSS_ENTRY: SSID (36), PHY (4), BSSID (6, padded to 8), BSS type, PHY type, RSSI, quality, and after
// times and capabilities the frequency of the channel's centre in kHz.
const (
	bssHead      = 8 // the list's own size and count
	bssSize      = 360
	bssAddress   = 40
	bssRSSI      = 56
	bssFrequency = 92
)

// parseNetworks finds the frequency in MHz and the level in dBm of one access point in a WLAN_BSS_LIST.
func parseNetworks(data []byte, bssid [6]byte) (mhz, dBm float64, ok bool) {
	if len(data) < bssHead {
		return 0, 0, false
	}
	count := uint64(binary.LittleEndian.Uint32(data[4:]))
	for at := uint64(0); at < count && bssHead+(at+1)*bssSize <= uint64(len(data)); at++ {
		entry := data[bssHead+at*bssSize:][:bssSize]
		if [6]byte(entry[bssAddress:]) == bssid {
			level := int32(binary.LittleEndian.Uint32(entry[bssRSSI:]))
			return float64(binary.LittleEndian.Uint32(entry[bssFrequency:])) / 1e3, signal(float64(level)), true
		}
	}
	return 0, 0, false
}

// parseLevel reads the signal in dBm that WlanQueryInterface gives as a LONG.
func parseLevel(data []byte) float64 {
	if len(data) < 4 {
		return 0
	}
	return signal(float64(int32(binary.LittleEndian.Uint32(data))))
}
