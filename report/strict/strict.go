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
	err := l.hold(data)
	if err == nil {
		err = json.Unmarshal(data, into, json.RejectUnknownMembers(true), json.MatchCaseInsensitiveNames(false))
	}
	return plain(err)
}

// plain says what is wrong, and where, in words that need no knowledge of the decoder.
func plain(err error) error {
	var syntax *jsontext.SyntacticError
	var semantic *json.SemanticError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &Error{Text: "it ends too early", Err: err}
	case errors.Is(err, jsontext.ErrDuplicateName):
		return &Error{Text: "a key stands there twice", Err: err}
	case errors.Is(err, json.ErrUnknownName) && errors.As(err, &semantic):
		return &Error{Text: fmt.Sprintf("%s is no key of it", semantic.JSONPointer), Err: err}
	case errors.As(err, &semantic) && semantic.JSONPointer != "":
		return &Error{Text: fmt.Sprintf("what stands at %s does not belong there", semantic.JSONPointer), Err: err}
	case errors.As(err, &semantic):
		return &Error{Text: "it is not laid out as it should be", Err: err}
	case errors.As(err, &syntax):
		return &Error{Text: fmt.Sprintf("it is no JSON at byte %d", syntax.ByteOffset), Err: err}
	}
	return err
}

// An Error is about a document that is not what it should be. Its text is for people; what the decoder said is inside.
type Error struct {
	Text string
	Err  error
}

func (e *Error) Error() string { return e.Text }
func (e *Error) Unwrap() error { return e.Err }

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
			return err // an end before the first value, too
		}
		if dec.StackDepth() > l.Depth {
			return fmt.Errorf("nested deeper than %d: %w", l.Depth, ErrTooLarge)
		}
	}
}
