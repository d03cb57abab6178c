package checks

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// wire is a measurement in a report. A number of zero is there, a number that was not measured is not: that is why the
// value is a pointer here and nowhere else.
type wire struct {
	Metric  string    `json:"metric"`
	Subject string    `json:"subject,omitzero"`
	Value   *float64  `json:"value,omitzero"`
	Text    *string   `json:"text,omitzero"`
	Unit    Unit      `json:"unit"`
	By      string    `json:"by"`
	Within  float64   `json:"within,omitzero"`
	AtLeast bool      `json:"at_least,omitzero"`
	Samples []float64 `json:"samples,omitempty"`
	Missing *Problem  `json:"missing,omitzero"`
}

// MarshalJSON writes exactly one of value, text and missing.
func (m Measurement) MarshalJSON() ([]byte, error) {
	w := wire{Metric: m.Metric, Subject: m.Subject, Unit: m.Unit, By: m.By, Missing: m.Missing}
	switch {
	case m.Missing != nil:
	case m.Unit == Text:
		w.Text, w.Samples = &m.Text, m.Samples
	default:
		w.Value, w.Within, w.AtLeast, w.Samples = &m.Value, m.Within, m.AtLeast, m.Samples
	}
	return stdjson.Marshal(w)
}

// UnmarshalJSONFrom reads what MarshalJSON wrote, under the options of the decoder at work, and refuses a measurement
// that has none or more than one of value, text and missing.
func (m *Measurement) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	var w wire
	if err := json.UnmarshalDecode(dec, &w); err != nil {
		return err
	}
	*m = Measurement{
		Metric: w.Metric, Subject: w.Subject, Unit: w.Unit, Within: w.Within, AtLeast: w.AtLeast,
		By: w.By, Samples: w.Samples, Missing: w.Missing,
	}
	given := 0
	if w.Value != nil {
		m.Value = *w.Value
		given++
	}
	if w.Text != nil {
		m.Text = *w.Text
		given++
	}
	if w.Missing != nil {
		given++
	}
	if given != 1 {
		return fmt.Errorf("measurement of %q needs exactly one of value, text and missing", w.Metric)
	}
	if (w.Text != nil) != (w.Unit == Text && w.Missing == nil) {
		return fmt.Errorf("measurement of %q has unit %q: text goes with unit %q, and only with it", w.Metric, w.Unit, Text)
	}
	if w.Value == nil && (w.Within != 0 || w.AtLeast) || w.Within < 0 {
		return fmt.Errorf("measurement of %q: within and at_least go with a value, and within is not negative", w.Metric)
	}
	return nil
}

// UnmarshalJSON lets encoding/json read a measurement too.
func (m *Measurement) UnmarshalJSON(data []byte) error {
	return m.UnmarshalJSONFrom(jsontext.NewDecoder(bytes.NewReader(data)))
}

var errNotFinite = errors.New("not a finite number")

// Round keeps as many decimals as the metric has, by way of decimal text: what is shown, signed and judged is one and
// the same number on every machine.
func Round(value float64, decimals int) (float64, error) {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return 0, errNotFinite
	}
	v, err := strconv.ParseFloat(strconv.FormatFloat(value, 'f', decimals, 64), 64)
	if v == 0 {
		v = 0 // no negative zero
	}
	return v, err
}
