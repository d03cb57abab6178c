package bandwidth

import (
	crand "crypto/rand"
	"io"
	"math/rand/v2"
	"net"
)

const (
	blockSize = 4 << 20
	chunk     = 16 << 10  // one TLS record (RFC 8446, section 5.1)
	most      = 256 << 10 // what is handed to the system at once on a fast line
)

// newBlock is bytes that cannot be compressed on the way: bodies are pieces of it, from any place on. It is far longer
// than what compression on a line looks back over.
func newBlock() []byte {
	var seed [32]byte
	_, _ = crand.Read(seed[:]) // never fails: crypto/rand ends the program instead
	b := make([]byte, blockSize)
	_, _ = rand.NewChaCha8(seed).Read(b) // never fails
	return b
}

// filler is so many bytes of a block.
type filler struct {
	block []byte
	at    int
	left  int64
	phase *phase
}

func newFiller(block []byte, n int64, p *phase) *filler {
	return &filler{block: block, at: rand.IntN(len(block)), left: n, phase: p}
}

func (f *filler) Read(b []byte) (int, error) {
	if f.left == 0 {
		return 0, io.EOF
	}
	b = b[:min(int64(len(b)), f.left, int64(f.phase.moved.grain()))]
	n := copy(b, f.block[f.at:])
	f.at = (f.at + n) % len(f.block)
	f.left -= int64(n)
	f.phase.count(n)
	return n, nil
}

// wide lets net/http write a body in large pieces: by itself it copies 32 KB at a time.
type wide struct{ net.Conn }

func (w wide) ReadFrom(r io.Reader) (int64, error) {
	return io.CopyBuffer(struct{ io.Writer }{w.Conn}, r, make([]byte, most))
}
