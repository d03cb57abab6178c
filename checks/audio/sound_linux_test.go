package audio

import (
	"net"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/jfreymuth/pulse/proto"

	"deskready/checks"
)

func properties(pairs ...string) proto.PropList {
	p := proto.PropList{}
	for i := 0; i < len(pairs); i += 2 {
		p[pairs[i]] = proto.PropListString(pairs[i+1])
	}
	return p
}

func TestInputOf(t *testing.T) {
	mic := proto.GetSourceInfoReply{SourceName: "a", Device: "Jabra Evolve2 40", SampleSpec: proto.SampleSpec{Rate: 16000}, Mute: true,
		Properties: properties("device.form_factor", "headset")}
	got, ok := inputOf(&mic, "a")
	if want := (Device{ID: "a", Name: "Jabra Evolve2 40", Default: true, Muted: true, Rate: 16000, Headset: isHeadset, Told: bySigns,
		Form: "headset"}); !ok || !reflect.DeepEqual(got, want) {
		t.Errorf("%v %+v, want %+v", ok, got, want)
	}
	for name, s := range map[string]proto.GetSourceInfoReply{
		"monitor":          {SourceName: "a", MonitorSourceName: "b"},
		"monitor by class": {SourceName: "a", Properties: properties("device.class", "monitor")},
	} {
		if d, ok := inputOf(&s, "a"); ok {
			t.Errorf("%s is taken for a microphone: %+v", name, d)
		}
	}
	pipewire := proto.GetSourceInfoReply{SourceName: "a", Device: "x", Properties: properties("device.form-factor", "webcam")}
	if d, _ := inputOf(&pipewire, ""); d.Headset != noHeadset || d.Default {
		t.Errorf("%+v", d)
	}
	broken := proto.GetSourceInfoReply{SourceName: "a", Properties: proto.PropList{"device.form_factor": []byte("no end"), "device.class": nil}}
	if d, ok := inputOf(&broken, "a"); !ok || d.Headset != "" {
		t.Errorf("%v %+v", ok, d)
	}
}

func TestOutputOf(t *testing.T) {
	for name, c := range map[string]struct {
		s    proto.GetSinkInfoReply
		want bool
	}{
		"a device":       {proto.GetSinkInfoReply{SinkName: "a", Properties: properties("device.class", "sound")}, true},
		"a filter":       {proto.GetSinkInfoReply{SinkName: "a", Properties: properties("device.class", "filter")}, true},
		"the stand-in":   {proto.GetSinkInfoReply{SinkName: "auto_null"}, false},
		"a null sink":    {proto.GetSinkInfoReply{SinkName: "x", Driver: "module-null-sink.c", Properties: properties("device.class", "abstract")}, false},
		"remote desktop": {proto.GetSinkInfoReply{SinkName: "x", Driver: "module-xrdp-sink.c", Properties: properties("device.class", "abstract")}, true},
	} {
		if _, ok := outputOf(&c.s, "a"); ok != c.want {
			t.Errorf("%s: %v", name, ok)
		}
	}
	port := proto.GetSinkInfoReply{SinkName: "a", Device: "Built-in Audio", ActivePortName: "analog-output-headphones",
		Properties: properties("device.form_factor", "internal")}
	port.Ports = slices.Grow(port.Ports, 1)[:1]
	port.Ports[0].Name, port.Ports[0].Available = port.ActivePortName, portPlugged
	if d, _ := outputOf(&port, ""); d.Headset != isHeadset {
		t.Errorf("%+v", d)
	}
}

func TestServerOf(t *testing.T) {
	for name, c := range map[string]struct {
		env     map[string]string
		server  string
		cookies []string
	}{
		"none":    {nil, "", nil},
		"session": {map[string]string{"XDG_RUNTIME_DIR": "/run/user/7"}, "unix:/run/user/7/pulse/native", nil},
		"runtime": {map[string]string{"XDG_RUNTIME_DIR": "/a", "PULSE_RUNTIME_PATH": "/b"}, "unix:/b/native", nil},
		"named":   {map[string]string{"PULSE_SERVER": "tcp:box", "PULSE_COOKIE": "/c", "HOME": "/h"}, "tcp:box", []string{"/c"}},
		"home":    {map[string]string{"HOME": "/h"}, "", []string{"/h/.config/pulse/cookie", "/h/.pulse-cookie"}},
	} {
		server, cookies := serverOf(func(key string) string { return c.env[key] })
		if server != c.server || !slices.Equal(cookies, c.cookies) {
			t.Errorf("%s: %q, %q", name, server, cookies)
		}
	}
	if server, cookies := serverOf(nil); server != "" || cookies != nil {
		t.Errorf("%q, %q", server, cookies)
	}
}

// TestDial: the places that a server string names are tried in turn, and nonsense is passed over.
func TestDial(t *testing.T) {
	path := filepath.Join(t.TempDir(), "native")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for server, want := range map[string]bool{
		"": false, "{": false, "{machine}": false, "}": false, "bogus:1": false, "unix:": false, "tcp:": false, "unix:/nowhere": false,
		path: true, "unix:" + path: true, "{machine}unix:" + path: true, "unix:/nowhere bogus: " + path: true,
	} {
		conn, err := serverSound{server: server}.dial()
		if (err == nil) != want {
			t.Errorf("%q: %v", server, err)
		}
		if err == nil {
			conn.Close()
		}
	}
}

// TestBadServers: a sound server may be frozen, or speak another language. The client library panics on some of it, in
// the child.
func TestBadServers(t *testing.T) {
	header := func(length uint32) []byte {
		b := make([]byte, 20)
		b[0], b[1], b[2], b[3] = byte(length>>24), byte(length>>16), byte(length>>8), byte(length)
		copy(b[4:], "\xff\xff\xff\xff")
		return b
	}
	for name, c := range map[string]struct {
		serve func(net.Conn)
		code  string
	}{
		"frozen":       {func(net.Conn) { time.Sleep(20 * time.Second) }, codeFrozen},
		"hangs up":     {func(conn net.Conn) { conn.Close() }, codeFailed},
		"web server":   {func(conn net.Conn) { _, _ = conn.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")); conn.Close() }, codeFailed},
		"empty answer": {func(conn net.Conn) { _, _ = conn.Write(append(header(10), "L\x00\x00\x00\x02L\x00\x00\x00\x00"...)) }, codeFrozen},
		"ends at once": {func(conn net.Conn) {
			_, _ = conn.Write(append(header(10), "L\x00\x00\x00\x02L\x00\x00\x00\x00"...))
			conn.Close()
		}, codeFailed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "native")
			l, err := net.Listen("unix", path)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			go func() {
				for {
					conn, err := l.Accept()
					if err != nil {
						return
					}
					defer conn.Close() // and so the garbage collector does not close it before
					c.serve(conn)
				}
			}()
			k := &kept{how: "real"}
			began := time.Now()
			_, p := children{start: k.start, server: path, limits: usual}.devices(t.Context())
			if p == nil || p.Code != c.code || p.Side == checks.SideUnknown {
				t.Errorf("got %+v, want %s", p, c.code)
			}
			if took := time.Since(began); took > 3*usual.list {
				t.Errorf("took %v", took)
			}
			k.gone(t)
		})
	}
}
