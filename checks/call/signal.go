package call

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// An offer asks for a call, and an answer takes it (RFC 8829): each holds a session description without addresses.
type offer struct {
	Version int    `json:"version"`
	SDP     string `json:"sdp"`
}

type answer struct {
	Version int    `json:"version"`
	ID      string `json:"id"` // names the call, and is the user name at the relay
	SDP     string `json:"sdp"`
}

// Sent tells how much the office sent in each stage, when it was told to stop.
type counted struct {
	Version int               `json:"version"`
	Sent    map[string]uint32 `json:"sent"`
}

const (
	signalVersion = 1
	maxSignal     = 16 << 10
	maxID         = 40
)

var errSignal = errors.New("signalling makes no sense")

func parse(data []byte, into any) error {
	if len(data) > maxSignal {
		return errSignal
	}
	if err := json.Unmarshal(data, into, json.RejectUnknownMembers(true), jsontext.AllowDuplicateNames(false)); err != nil {
		return fmt.Errorf("reading signalling: %w", err)
	}
	return nil
}

func parseOffer(data []byte) (offer, error) {
	var o offer
	if err := parse(data, &o); err != nil {
		return offer{}, err
	}
	if o.Version != signalVersion || !oneAudio(o.SDP) {
		return offer{}, errSignal
	}
	return o, nil
}

func parseAnswer(data []byte) (answer, error) {
	var a answer
	if err := parse(data, &a); err != nil {
		return answer{}, err
	}
	if a.Version != signalVersion || !oneAudio(a.SDP) || a.ID == "" || len(a.ID) > maxID ||
		strings.Trim(a.ID, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
		return answer{}, errSignal
	}
	return a, nil
}

func parseCounted(data []byte) (counted, error) {
	var c counted
	if err := parse(data, &c); err != nil {
		return counted{}, err
	}
	if c.Version != signalVersion || len(c.Sent) > int(stages) {
		return counted{}, errSignal
	}
	return c, nil
}

// oneAudio holds a session description to what a test call has: one stream of audio.
func oneAudio(sdp string) bool {
	media := 0
	for line := range strings.Lines(sdp) {
		if strings.HasPrefix(line, "m=") {
			media++
			if !strings.HasPrefix(line, "m=audio ") {
				return false
			}
		}
	}
	return media == 1
}
