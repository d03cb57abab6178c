package call

import (
	"encoding/binary"
	"errors"
	"time"
)

// The payload of each packet, as long as 20 ms of a voice codec at 32 kbit/s: 80 bytes, numbers in network order.
//
//	 0     version
//	 1     stage
//	 2..5  number of the packet within the stage, from 0
//	 6..13 when it was sent: ns on the sender's clock
//	14..17 how late the sender was with it: µs
//	18..25 token: random to the receiver until the packet is there
//	26     echoes that follow, at most four
//	27..   echoes of 13 bytes: stage, number, first half of the token, µs since it came
const (
	payloadSize    = 80
	payloadVersion = 1
	payloadHead    = 27
	echoSize       = 13
	maxEchoes      = (payloadSize - payloadHead) / echoSize
	maxStamp       = 24 * time.Hour // no call is as long
)

// A stage is a phase of the call as the payload names it.
type stage uint8

const (
	rest     stage = iota // nothing is counted: setting up, and between the phases
	idle                  // the line carries nothing but the call
	download              // with a download beside it
	upload                // with an upload beside it
	stages
)

func (s stage) String() string {
	return [stages]string{"", "idle", "download", "upload"}[s]
}

// stageOf finds a stage by its name; what has none is a rest.
func stageOf(name string) stage {
	for s := idle; s < stages; s++ {
		if s.String() == name {
			return s
		}
	}
	return rest
}

// A payload is one packet as it travels.
type payload struct {
	stage  stage
	seq    uint32
	sent   time.Duration
	late   time.Duration
	token  uint64
	echoes []echo
}

// An echo tells the sender of a packet that it arrived.
type echo struct {
	stage stage
	seq   uint32
	token uint32 // the first half
	hold  time.Duration
}

var errPayload = errors.New("not a packet of a test call")

func micros(d time.Duration) uint32 {
	return uint32(min(max(d.Microseconds(), 0), 1<<32-1))
}

// put writes a payload of at most maxEchoes echoes.
func (p payload) put(b *[payloadSize]byte) {
	clear(b[:])
	b[0], b[1] = payloadVersion, byte(p.stage)
	binary.BigEndian.PutUint32(b[2:], p.seq)
	binary.BigEndian.PutUint64(b[6:], uint64(p.sent))
	binary.BigEndian.PutUint32(b[14:], micros(p.late))
	binary.BigEndian.PutUint64(b[18:], p.token)
	b[26] = byte(len(p.echoes))
	at := b[payloadHead:]
	for _, e := range p.echoes {
		at[0] = byte(e.stage)
		binary.BigEndian.PutUint32(at[1:], e.seq)
		binary.BigEndian.PutUint32(at[5:], e.token)
		binary.BigEndian.PutUint32(at[9:], micros(e.hold))
		at = at[echoSize:]
	}
}

// parsePayload reads a packet of the other end, which may be anybody's.
func parsePayload(b []byte) (payload, error) {
	if len(b) != payloadSize || b[0] != payloadVersion || b[1] >= byte(stages) || b[26] > maxEchoes {
		return payload{}, errPayload
	}
	sent := binary.BigEndian.Uint64(b[6:])
	if sent > uint64(maxStamp) {
		return payload{}, errPayload
	}
	p := payload{
		stage: stage(b[1]),
		seq:   binary.BigEndian.Uint32(b[2:]),
		sent:  time.Duration(sent),
		late:  time.Duration(binary.BigEndian.Uint32(b[14:])) * time.Microsecond,
		token: binary.BigEndian.Uint64(b[18:]),
	}
	at := b[payloadHead:]
	for range b[26] {
		if at[0] >= byte(stages) {
			return payload{}, errPayload
		}
		p.echoes = append(p.echoes, echo{
			stage: stage(at[0]),
			seq:   binary.BigEndian.Uint32(at[1:]),
			token: binary.BigEndian.Uint32(at[5:]),
			hold:  time.Duration(binary.BigEndian.Uint32(at[9:])) * time.Microsecond,
		})
		at = at[echoSize:]
	}
	return p, nil
}
