package seal

import (
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"deskready/report/strict"
)

// InToto is the payload type of in-toto statements.
const InToto = "application/vnd.in-toto+json"

// StatementType is the type of in-toto Statement v1.
const StatementType = "https://in-toto.io/Statement/v1"

// A Statement says something (the predicate) about files (the subjects).
type Statement struct {
	Type          string         `json:"_type"`
	Subject       []Subject      `json:"subject"`
	PredicateType string         `json:"predicateType"`
	Predicate     jsontext.Value `json:"predicate"`
}

// A Subject is a file, by its digest.
type Subject struct {
	Name   string            `json:"name,omitzero"`
	Digest map[string]string `json:"digest"` // {"sha256": hex}
}

// Encode gives the bytes to be sealed as InToto.
func (s Statement) Encode() ([]byte, error) {
	s.Type = StatementType
	return json.Marshal(s, json.Deterministic(true))
}

// DecodeStatement reads a statement strictly. Its errors wrap ErrMalformed.
func DecodeStatement(payload []byte) (Statement, error) {
	var s Statement
	if err := strict.Decode(payload, &s, strict.Default); err != nil {
		return Statement{}, fmt.Errorf("%w: statement: %w", ErrMalformed, err)
	}
	switch {
	case s.Type != StatementType:
		return Statement{}, malformed("statement of type %.80q", s.Type)
	case len(s.Subject) != 1:
		return Statement{}, malformed("statement about %d subjects, exactly one is allowed", len(s.Subject))
	case len(s.Subject[0].Digest) != 1 || len(s.Subject[0].Digest["sha256"]) != 64:
		return Statement{}, malformed("the subject needs a sha256 digest, and no other")
	case s.PredicateType == "" || s.Predicate.Kind() != '{':
		return Statement{}, malformed("statement without a predicate")
	}
	return s, nil
}
