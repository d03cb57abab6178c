package audio

import (
	"errors"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/jfreymuth/pulse/proto"
)

// serverSound asks the sound server (PulseAudio, or PipeWire in its place) for devices, because PortAudio, through
// ALSA, sees only a door called "default"; recording goes through that door.
//
// The client library prints what it does not know to standard output, and panics on answers that it cannot read: it
// runs in the child alone.
type serverSound struct {
	Sound
	server  string
	cookies []string // paths
}

// newSound is the sound of this system.
func newSound(r request) Sound { return serverSound{newPortSound(""), r.Server, r.Cookies} }

// patience is how long the server may take for an answer.
const patience = 2 * time.Second

func (s serverSound) Devices() (Devices, error) {
	conn, err := s.dial()
	if err != nil {
		d, err := s.Sound.Devices()
		if err == nil && len(d.Inputs) == 0 {
			return Devices{}, missing(codeNoServer)
		}
		return d, err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(2 * patience)) // a server that trickles must end too
	client := &proto.Client{Callback: func(any) {}}
	client.SetTimeout(patience)
	client.Open(conn)
	d, err := serverDevices(client, s.cookie())
	switch {
	case err == nil:
		return d, nil
	case timedOut(err):
		return Devices{}, missing(codeFrozen)
	}
	return Devices{}, faultOf(codeFailed, err.Error())
}

// dial connects to the first server of the list that answers. The syntax is PulseAudio's "server strings": addresses
// with white space between, each with an optional machine in braces before it.
func (s serverSound) dial() (net.Conn, error) {
	last := errors.New("no sound server is named")
	for _, address := range strings.Fields(s.server) {
		if _, after, ok := strings.Cut(address, "}"); ok && address[0] == '{' {
			address = after
		}
		network, place := "unix", address
		if before, after, ok := strings.Cut(address, ":"); ok && !strings.HasPrefix(address, "/") {
			network, place = before, after
		}
		switch network {
		case "unix":
		case "tcp", "tcp4", "tcp6":
			if _, _, err := net.SplitHostPort(place); err != nil {
				place = net.JoinHostPort(place, "4713")
			}
		default:
			continue
		}
		conn, err := net.DialTimeout(network, place, patience)
		if err == nil {
			return conn, nil
		}
		last = err
	}
	return nil, last
}

// cookie is what the server knows its user by. Without one any will do where the server lets everybody in.
func (s serverSound) cookie() []byte {
	for _, path := range s.cookies {
		if data, err := os.ReadFile(path); err == nil && len(data) == cookieSize {
			return data
		}
	}
	return make([]byte, cookieSize)
}

const cookieSize = 256

// timedOut tells a server that is there and does not answer from none.
func timedOut(err error) bool {
	var late interface{ Timeout() bool }
	return errors.As(err, &late) && late.Timeout()
}

func serverDevices(client *proto.Client, cookie []byte) (Devices, error) {
	var auth proto.AuthReply
	var info proto.GetServerInfoReply
	var sources proto.GetSourceInfoListReply
	var sinks proto.GetSinkInfoListReply
	for _, ask := range []func() error{
		func() error { return client.Request(&proto.Auth{Version: client.Version(), Cookie: cookie}, &auth) },
		func() error {
			client.SetVersion(auth.Version)
			return client.Request(&proto.SetClientName{Props: proto.PropList{"application.name": proto.PropListString("deskready")}},
				&proto.SetClientNameReply{})
		},
		func() error { return client.Request(&proto.GetServerInfo{}, &info) },
		func() error { return client.Request(&proto.GetSourceInfoList{}, &sources) },
		func() error { return client.Request(&proto.GetSinkInfoList{}, &sinks) },
	} {
		if err := ask(); err != nil {
			return Devices{}, err
		}
	}
	d := Devices{Named: true}
	for _, s := range sources {
		if in, ok := inputOf(s, info.DefaultSourceName); ok {
			d.Inputs = append(d.Inputs, in)
		}
	}
	for _, s := range sinks {
		if out, ok := outputOf(s, info.DefaultSinkName); ok {
			d.Outputs = append(d.Outputs, out)
		}
	}
	return d, nil
}

// property is a text of the device, or empty: the library's own reading of a missing one is a text too.
func property(p proto.PropList, key string) string {
	v, ok := p[key]
	if !ok || len(v) == 0 || v[len(v)-1] != 0 {
		return ""
	}
	return string(v[:len(v)-1])
}

// formFactor is what kind of thing the device is, in PulseAudio's spelling or in PipeWire's.
func formFactor(p proto.PropList) string {
	if f := property(p, "device.form_factor"); f != "" {
		return f
	}
	return property(p, "device.form-factor")
}

// inputOf leaves out monitors, which hear an output and no voice.
func inputOf(s *proto.GetSourceInfoReply, byDefault string) (Device, bool) {
	if s.MonitorSourceName != "" || property(s.Properties, "device.class") == "monitor" || loopNames.MatchString(s.Device) {
		return Device{}, false
	}
	plugged := portUnknown
	for _, p := range s.Ports {
		if p.Name == s.ActivePortName {
			plugged = p.Available
		}
	}
	d := deviceOf(s.Properties, s.Device, s.ActivePortName, plugged, s.ChannelVolumes)
	d.ID, d.Default, d.Muted, d.Rate = s.SourceName, s.SourceName == byDefault, s.Mute, int(s.Rate)
	return d, true
}

// PulseAudio's PA_PORT_AVAILABLE: whether the jack feels a plug.
const portUnknown, portPlugged = uint32(0), uint32(2)

// outputOf leaves out the server's stand-ins, which lead nowhere ("Dummy Output").
func outputOf(s *proto.GetSinkInfoReply, byDefault string) (Device, bool) {
	if s.SinkName == "auto_null" || s.Driver == "module-null-sink.c" && property(s.Properties, "device.class") == "abstract" {
		return Device{}, false
	}
	plugged := portUnknown
	for _, p := range s.Ports {
		if p.Name == s.ActivePortName {
			plugged = p.Available
		}
	}
	d := deviceOf(s.Properties, s.Device, s.ActivePortName, plugged, s.ChannelVolumes)
	d.ID, d.Default, d.Muted, d.Rate = s.SinkName, s.SinkName == byDefault, s.Mute, int(s.Rate)
	return d, true
}

// deviceOf is what properties and port say of a device.
func deviceOf(p proto.PropList, name, port string, plugged uint32, volumes proto.ChannelVolumes) Device {
	d := Device{Name: name, Form: formFactor(p), USB: usbID(property(p, "device.vendor.id") + ":" + property(p, "device.product.id"))}
	d.Headset, d.Told = byTheSigns(d.Form, port, plugged == portPlugged, name)
	d.Connection = connectionOf(p, strings.ToLower(port), plugged)
	for _, v := range volumes { // PA_VOLUME_NORM is 100 %; the loudest channel is the one that people see
		if share := float64(v) / 0x10000; d.Volume == nil || share > *d.Volume {
			d.Volume = &share
		}
	}
	return d
}

// connectionOf reads PulseAudio's device.bus, or PipeWire's, and, where that is the computer's own card, the port: only
// jacks feel plugs.
func connectionOf(p proto.PropList, port string, plugged uint32) string {
	bus, form := property(p, "device.bus"), formFactor(p)
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(port, w) })
	}
	switch class := property(p, "device.class"); {
	case bus == overUSB, bus == overBluetooth:
		return bus
	case strings.HasPrefix(property(p, "device.api"), "bluez"):
		return overBluetooth
	case class == "abstract", class == "filter":
		return inSoftware
	case has("hdmi", "displayport"):
		return overScreen
	case has("internal", "speaker"):
		return builtIn
	case has("headset", "headphone", "mic", "line") && plugged == portPlugged:
		return overJack
	case form == "internal" && !has("headset", "headphone", "mic", "line"):
		return builtIn
	}
	return ""
}
