package office

import (
	"crypto/rand"
	"testing"

	"github.com/pion/stun/v4"
)

func TestClassify(t *testing.T) {
	message := func(m stun.Method, c stun.MessageClass, with ...stun.Setter) []byte {
		all := append([]stun.Setter{stun.TransactionID, stun.NewType(m, c)}, with...)
		return stun.MustBuild(all...).Raw
	}
	ask, tell, yes, no := stun.ClassRequest, stun.ClassIndication, stun.ClassSuccessResponse, stun.ClassErrorResponse
	ice := stun.NewUsername("theirs:ours")
	for name, c := range map[string]struct {
		b    []byte
		want Kind
	}{
		"nothing":                         {nil, nobody},
		"STUN":                            {message(stun.MethodBinding, ask), Relay},
		"STUN with a name":                {message(stun.MethodBinding, ask, stun.NewUsername("1700000000")), Relay},
		"ICE check":                       {message(stun.MethodBinding, ask, ice), Media},
		"ICE check, name last":            {message(stun.MethodBinding, ask, stun.NewSoftware("abcde"), ice), Media},
		"ICE answer":                      {message(stun.MethodBinding, yes), Media},
		"ICE role conflict":               {message(stun.MethodBinding, no, stun.CodeRoleConflict), Media},
		"ICE keeps alive":                 {message(stun.MethodBinding, tell), Media},
		"allocate":                        {message(stun.MethodAllocate, ask), Relay},
		"allocate, time-limited name":     {message(stun.MethodAllocate, ask, stun.NewUsername("1700000000:run")), Relay},
		"refresh":                         {message(stun.MethodRefresh, ask), Relay},
		"send":                            {message(stun.MethodSend, tell), Relay},
		"data":                            {message(stun.MethodData, tell), Relay},
		"permission":                      {message(stun.MethodCreatePermission, ask, ice), Relay},
		"channel bind":                    {message(stun.MethodChannelBind, ask), Relay},
		"connect":                         {message(stun.MethodConnect, ask), Relay},
		"no such method":                  {message(0x0ff, ask), nobody},
		"shared secret, which is history": {message(2, ask), nobody},
		"short STUN":                      {message(stun.MethodBinding, ask)[:19], nobody},
		"STUN cut off":                    {message(stun.MethodBinding, ask, ice)[:28], nobody},
		"STUN with more behind":           {append(message(stun.MethodBinding, ask), 0, 0, 0, 0), nobody},
		"without cookie (RFC 3489)":       {append([]byte{0, 1, 0, 0}, make([]byte, 16)...), nobody},
		"ZRTP":                            {[]byte{16, 0}, nobody},
		"DTLS":                            {[]byte{22, 254, 253}, Media},
		"DTLS, last":                      {[]byte{63}, Media},
		"channel":                         {[]byte{0x40, 0, 0, 1, 9}, Relay},
		"channel, last":                   {[]byte{0x4f}, Relay},
		"QUIC":                            {[]byte{0x50}, nobody},
		"probe":                           {[]byte{'e'}, Probes},
		"RTP":                             {[]byte{128, 111}, Media},
		"RTCP":                            {[]byte{129, 200}, Media},
		"RTP, last":                       {[]byte{191}, Media},
		"QUIC, long":                      {[]byte{192}, nobody},
	} {
		if got := classify(c.b); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func FuzzClassify(f *testing.F) {
	for _, m := range []*stun.Message{
		stun.MustBuild(stun.TransactionID, stun.BindingRequest),
		stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewSoftware("x"), stun.NewUsername("a:b")),
		stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassRequest), stun.NewUsername("a:b")),
	} {
		f.Add(m.Raw)
	}
	f.Add([]byte{'e'})
	f.Add([]byte("\x80\x01\x00\x00!\x12\xa4B000000000000"))
	f.Fuzz(func(t *testing.T, b []byte) {
		k := classify(b)
		if k > nobody {
			t.Fatalf("kind %d", k)
		}
		// What pion reads as an ICE check must go where ICE is. It does not look at the first two bits.
		m := &stun.Message{Raw: append([]byte(nil), b...)}
		if !stun.IsMessage(b) || b[0] > stunLast || m.Decode() != nil || m.Type != stun.BindingRequest || len(b)%4 != 0 || int(m.Length)+20 != len(b) {
			return
		}
		name, err := m.Get(stun.AttrUsername)
		ice := false
		for _, c := range name {
			ice = ice || c == ':'
		}
		if want := map[bool]Kind{true: Media, false: Relay}[err == nil && ice]; k != want {
			t.Errorf("%d, want %d", k, want)
		}
	})
}

func BenchmarkClassify(b *testing.B) {
	rtp := make([]byte, 172)
	_, _ = rand.Read(rtp)
	rtp[0] = 0x80
	for name, p := range map[string][]byte{
		"rtp": rtp,
		"ice": stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewSoftware("pion"), stun.NewUsername("abcdefgh:ijklmnop")).Raw,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				classify(p)
			}
		})
	}
}
