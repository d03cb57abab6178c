// Package strict reads JSON of the outside world once, and in one way only: what two readers could understand
// differently is refused before anything is used.
//
// Refused are: duplicate keys, unknown keys, keys in another case, invalid UTF-8, anything after the document, and what
// is larger, deeper or holds more values than the limits allow. Errors say where.
package strict

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Limits bound a document before it is decoded.
type Limits struct {
	Bytes  int
	Depth  int
	Values int
}

// Default suits every document of deskready: a report with its evidence is the largest.
var Default = Limits{Bytes: 1 << 20, Depth: 16, Values: 20000} // read only

// ErrTooLarge is wrapped by the errors about limits.
var ErrTooLarge = errors.New("over the limit")

// Decode reads data into the value that into points at.
func Decode(data []byte, into any, l Limits) error {
	if err := l.hold(data); err != nil {
		return err
	}
	return json.Unmarshal(data, into, json.RejectUnknownMembers(true), json.MatchCaseInsensitiveNames(false))
}

// hold walks over the tokens, which also finds duplicate keys and bad UTF-8 in parts that into would not look at.
func (l Limits) hold(data []byte) error {
	if len(data) > l.Bytes {
		return fmt.Errorf("%d bytes, %d allowed: %w", len(data), l.Bytes, ErrTooLarge)
	}
	dec := jsontext.NewDecoder(bytes.NewReader(data))
	for values := 0; ; values++ {
		if values > l.Values {
			return fmt.Errorf("more than %d values: %w", l.Values, ErrTooLarge)
		}
		if _, err := dec.ReadToken(); err != nil {
			if errors.Is(err, io.EOF) && values > 0 {
				return nil
			}
			return err
		}
		if dec.StackDepth() > l.Depth {
			return fmt.Errorf("nested deeper than %d: %w", l.Depth, ErrTooLarge)
		}
	}
}
