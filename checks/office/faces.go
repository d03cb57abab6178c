package office

import (
	"bytes"
	"net"
	"net/netip"
	"sync"
)

// faces remembers at which of this computer's addresses each client asked, for a socket that listens on all of them: an
// answer from another one does not get through the client's NAT, and looks like UDP that is blocked. ICE and TURN answer
// through layers that do not carry the address along.
type faces struct {
	mu    sync.RWMutex
	known map[netip.AddrPort][]byte // the control message to answer with
}

const knownFaces = 1 << 14 // at some 150 bytes

// openFaces is nil where there is nothing to remember, or no way to learn it.
func openFaces(conn *net.UDPConn) *faces {
	at, ok := conn.LocalAddr().(*net.UDPAddr)
	if !ok || !at.IP.IsUnspecified() || askFacing(conn) != nil {
		return nil
	}
	return &faces{known: map[netip.AddrPort][]byte{}}
}

// learn keeps what came with a packet.
func (f *faces) learn(from netip.AddrPort, control []byte) {
	with := facing(control)
	if with == nil {
		return
	}
	f.mu.RLock()
	same := bytes.Equal(f.known[from], with)
	f.mu.RUnlock()
	if same {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.known) >= knownFaces { // whoever is at work is learned again with the next packet
		clear(f.known)
	}
	f.known[from] = bytes.Clone(with)
}

func (f *faces) with(to netip.AddrPort) []byte {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.known[to]
}

func (f *faces) forget(to netip.AddrPort) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.known, to)
}
