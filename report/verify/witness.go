package verify

import (
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"deskready/checks"
	"deskready/report"
	"deskready/report/seal"
	"deskready/report/strict"
)

// MaxWitness is how large a sealed witness may be: it travels inside the report.
const MaxWitness = 128 << 10

// A Witness is what the collector itself measured of a run. The report of that run carries the sealed file, and has
// exactly these measurements among its results.
type Witness struct {
	Version      int                  `json:"version"`
	Invite       string               `json:"invite"`
	Nonce        string               `json:"nonce"` // of the run
	Collector    string               `json:"collector"`
	At           time.Time            `json:"at"`
	Measurements []checks.Measurement `json:"measurements"`
}

// SealWitness makes the file of a witness.
func SealWitness(w Witness, k seal.Key) ([]byte, error) {
	w.Version = report.Version
	if err := w.check(); err != nil {
		return nil, fmt.Errorf("sealing the witness: %w", err)
	}
	payload, err := json.Marshal(w)
	if err != nil {
		return nil, fmt.Errorf("sealing the witness: %w", err)
	}
	file, err := seal.Seal(k, report.WitnessType, payload)
	if err != nil {
		return nil, fmt.Errorf("sealing the witness: %w", err)
	}
	if len(file) > MaxWitness {
		return nil, fmt.Errorf("the sealed witness would be %d bytes, %d allowed", len(file), MaxWitness)
	}
	return file, nil
}

// OpenWitness opens the file of a witness that one of the keys sealed.
func OpenWitness(file []byte, trusted ...seal.Public) (Witness, error) {
	return openWitness(file, func(time.Time) []seal.Public { return trusted })
}

// openWitness asks which keys are trusted at the time that the witness bears.
func openWitness(file []byte, trusted func(at time.Time) []seal.Public) (Witness, error) {
	if len(file) > MaxWitness {
		return Witness{}, fmt.Errorf("opening the witness: %w", malformed("%d bytes, %d allowed", len(file), MaxWitness))
	}
	e, err := seal.Read(file)
	if err != nil {
		return Witness{}, fmt.Errorf("opening the witness: %w", err)
	}
	var w Witness
	if err := strict.Decode(e.Unverified(), &w, strict.Default); err != nil {
		return Witness{}, fmt.Errorf("opening the witness: %w", asMalformed(err))
	}
	if _, err := e.Open(report.WitnessType, trusted(w.At)...); err != nil {
		return Witness{}, fmt.Errorf("opening the witness: %w", err)
	}
	if err := w.check(); err != nil {
		return Witness{}, fmt.Errorf("opening the witness: %w", err)
	}
	return w, nil
}

func (w Witness) check() error {
	if w.Version != report.Version {
		return &report.VersionError{Of: "witness", Got: w.Version, Known: report.Version}
	}
	if w.Invite == "" || w.Nonce == "" || w.Collector == "" {
		return malformed("a witness names invite, nonce and collector")
	}
	for _, m := range w.Measurements {
		if m.By != checks.ByCollector {
			return malformed("a witness speaks of what the collector measured, and %.80q is by %.40q", m.Metric, m.By)
		}
	}
	return nil
}
