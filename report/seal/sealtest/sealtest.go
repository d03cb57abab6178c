// Package sealtest alters documents in every small way, for tests that nothing altered is accepted.
package sealtest

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Bytes gives the document with each byte in turn flipped in each of its bits, dropped, and doubled, and cut after each
// byte. Its name says what was done.
func Bytes(document []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for i := range document {
			for bit := range 8 {
				flipped := bytes.Clone(document)
				flipped[i] ^= 1 << bit
				if !yield(fmt.Sprintf("byte %d, bit %d flipped", i, bit), flipped) {
					return
				}
			}
			if !yield(fmt.Sprintf("byte %d dropped", i), splice(document, i, i+1, "")) ||
				!yield(fmt.Sprintf("byte %d doubled", i), splice(document, i, i, string(document[i]))) ||
				!yield(fmt.Sprintf("cut at byte %d", i), bytes.Clone(document[:i])) {
				return
			}
		}
	}
}

// Fields gives the JSON document with each member in turn removed, renamed, doubled, written in another case and
// followed by an unknown one, and with each value in turn replaced by values of every type.
func Fields(document []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for _, s := range spans(document) {
			for _, other := range []string{"null", "0", "-1", "1e9", "true", "false", `""`, `"x"`, "[]", "[0]", "{}", `{"x":0}`} {
				if other == s.text(document) {
					continue
				}
				if !yield(s.path+" is "+other, splice(document, s.start, s.end, other)) {
					return
				}
			}
			if s.name == s.start { // a member of no object
				continue
			}
			if !member(document, s, yield) {
				return
			}
		}
	}
}

func member(document []byte, s span, yield func(string, []byte) bool) bool {
	whole := string(document[s.name:s.end])
	quoted, value, _ := strings.Cut(whole, `":`)
	name := quoted[1:]
	upper := strings.ToUpper(name)
	if upper == name {
		upper = strings.ToLower(name)
	}
	from, to := s.name, s.end
	if to < len(document) && document[to] == ',' {
		to++
	} else if from > 0 && document[from-1] == ',' {
		from--
	}
	escaped := fmt.Sprintf(`"\u%04x%s":%s`, name[0], name[1:], value)
	return yield(s.path+" removed", splice(document, from, to, "")) &&
		yield(s.path+" renamed", splice(document, s.name, s.end, `"`+name+`x":`+value)) &&
		yield(s.path+" in another case", splice(document, s.name, s.end, `"`+upper+`":`+value)) &&
		yield(s.path+" doubled", splice(document, s.end, s.end, ","+whole)) &&
		yield(s.path+" doubled, null first", splice(document, s.name, s.name, `"`+name+`":null,`)) &&
		yield(s.path+" doubled by an escape", splice(document, s.end, s.end, ","+escaped)) &&
		yield(s.path+" with an unknown key beside it", splice(document, s.end, s.end, `,"unknown":0`))
}

func splice(document []byte, from, to int, with string) []byte {
	out := make([]byte, 0, len(document)+len(with))
	out = append(out, document[:from]...)
	out = append(out, with...)
	return append(out, document[to:]...)
}

// span is where a value lies, and the name before it.
type span struct {
	path             string
	name, start, end int
}

func (s span) text(document []byte) string { return string(document[s.start:s.end]) }

// spans finds all values. The document must be valid and without white space between its tokens.
func spans(document []byte) []span {
	var found []span
	var open []int // indexes into found
	name := -1
	dec := jsontext.NewDecoder(bytes.NewReader(document))
	for {
		before := int(dec.InputOffset())
		if before < len(document) && (document[before] == ',' || document[before] == ':') {
			before++
		}
		token, err := dec.ReadToken()
		if err == io.EOF {
			return found
		}
		if err != nil {
			panic(err) // the test's own document
		}
		kind, index := dec.StackIndex(dec.StackDepth())
		if end := token.Kind(); end == '}' || end == ']' {
			last := open[len(open)-1]
			open = open[:len(open)-1]
			found[last].end = int(dec.InputOffset())
			continue
		}
		if kind == '{' && index%2 == 1 && token.Kind() == '"' {
			name = before
			continue
		}
		s := span{path: string(dec.StackPointer()), name: before, start: before, end: int(dec.InputOffset())}
		if name >= 0 {
			s.name, name = name, -1
		}
		found = append(found, s)
		if token.Kind() == '{' || token.Kind() == '[' {
			open = append(open, len(found)-1)
		}
	}
}
