package call

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// An account is what one end tells the other over HTTPS: what it sent, and when what of the other came.
type account struct {
	Version int     `json:"version"`
	Last    bool    `json:"last"` // the call is over
	Entries []entry `json:"entries"`
}

// An entry is one stage, from a number on: all of it, or one window of a long call.
type entry struct {
	Stage string `json:"stage"`
	First uint32 `json:"first"` // both directions from this number on
	Sent  uint32 `json:"sent"`  // packets sent
	// Got are the arrivals in their order, duplicates included: number and time as differences from the one before, in zigzag
	// varints; the time in µs on the own clock.
	Got    []byte  `json:"got,omitzero"`
	Proof  []byte  `json:"proof,omitzero"`  // over the tokens of the packets in Got
	Stalls []int64 `json:"stalls,omitzero"` // when this end stood still: from and to in µs, in turn
}

const (
	accountVersion = 1
	maxAccount     = 512 << 10
	maxEntries     = int(stages)
	maxStalls      = 400
	proofSize      = 16
)

var errAccount = errors.New("account makes no sense")

// parseAccount reads what the other end tells.
func parseAccount(data []byte) (account, error) {
	var a account
	if len(data) > maxAccount {
		return account{}, errAccount
	}
	err := json.Unmarshal(data, &a, json.RejectUnknownMembers(true), jsontext.AllowDuplicateNames(false))
	if err != nil {
		return account{}, fmt.Errorf("reading an account: %w", err)
	}
	if a.Version != accountVersion || len(a.Entries) > maxEntries {
		return account{}, errAccount
	}
	seen := map[stage]bool{}
	for _, e := range a.Entries {
		s := stageOf(e.Stage)
		if s == rest || seen[s] || e.Sent > maxKept || len(e.Stalls) > maxStalls || len(e.Stalls)%2 != 0 || len(e.Proof) > proofSize {
			return account{}, errAccount
		}
		seen[s] = true
	}
	return a, nil
}

// An arrival is one packet at the end that received it.
type arrival struct {
	seq uint32
	got time.Duration
}

// packArrivals makes about four bytes of each arrival.
func packArrivals(list []arrival) []byte {
	var out []byte
	var seq, at int64
	for _, a := range list {
		us := a.got.Microseconds()
		out = binary.AppendVarint(out, int64(a.seq)-seq)
		out = binary.AppendVarint(out, us-at)
		seq, at = int64(a.seq), us
	}
	return out
}

// unpackArrivals reads packets numbered first to first+count-1.
func unpackArrivals(b []byte, first, count uint32) ([]arrival, error) {
	var out []arrival
	var seq, at int64
	for len(b) > 0 {
		for _, v := range []*int64{&seq, &at} {
			d, n := binary.Varint(b)
			if n <= 0 || d > int64(maxStamp) || d < -int64(maxStamp) {
				return nil, errAccount
			}
			*v += d
			b = b[n:]
		}
		if seq < int64(first) || seq >= int64(first)+int64(count) || at < 0 || at > maxStamp.Microseconds() || len(out) >= maxKept {
			return nil, errAccount
		}
		out = append(out, arrival{uint32(seq), time.Duration(at) * time.Microsecond})
	}
	return out, nil
}

// proof can be made by nobody who lacks the token of one of the packets. Tokens lie in the order of the numbers.
func proof(s stage, numbers []uint32, token func(i int, seq uint32) uint64) []byte {
	h := sha256.New()
	h.Write([]byte("deskready call\x00" + s.String()))
	var b [12]byte
	for i, seq := range numbers {
		binary.BigEndian.PutUint32(b[:], seq)
		binary.BigEndian.PutUint64(b[4:], token(i, seq))
		h.Write(b[:])
	}
	return h.Sum(nil)[:proofSize]
}

// entry is what this end tells of a stage: count packets of each direction from first on; count 0 is all of them.
func (l *ledger) entry(s stage, first, count uint32, stalls []span) entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	within := func(seq uint32) bool { return seq >= first && (count == 0 || seq-first < count) }
	e := entry{Stage: s.String(), First: first, Sent: count}
	if o := &l.out[s]; count == 0 {
		e.Sent = max(o.first+uint32(len(o.sent)), first) - first
	}
	var got []arrival
	tokens := map[uint32]uint64{}
	for i, p := range l.in[s].packets {
		if within(p.seq) {
			got = append(got, arrival{p.seq, p.got})
			tokens[p.seq] = l.in[s].tokens[i]
		}
	}
	if len(got) > 0 {
		e.Got = packArrivals(got)
		e.Proof = proof(s, numbers(got), func(_ int, seq uint32) uint64 { return tokens[seq] })
	}
	for _, st := range stalls[max(0, len(stalls)-maxStalls/2):] {
		e.Stalls = append(e.Stalls, st.from.Microseconds(), st.to.Microseconds())
	}
	return e
}

// numbers are those of the arrivals, each once, in order.
func numbers(list []arrival) []uint32 {
	out := make([]uint32, len(list))
	for i, a := range list {
		out[i] = a.seq
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// spans reads the stalls of an entry.
func (e entry) spans() []span {
	var out []span
	for i := 0; i+1 < len(e.Stalls); i += 2 {
		out = append(out, span{time.Duration(e.Stalls[i]) * time.Microsecond, time.Duration(e.Stalls[i+1]) * time.Microsecond})
	}
	return out
}
