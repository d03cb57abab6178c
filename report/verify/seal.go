package verify

import (
	"errors"
	"fmt"

	"deskready/report"
	"deskready/report/seal"
)

// Seal makes the signed file of a report. It fills in the version and the key, drops what only a reader may say, and
// keeps the exact bytes of policy, invite and witness, without which nobody could verify the file alone. What would not
// open again is not sealed, except that its time may be over: that is for the one to say who receives it.
func Seal(r report.Report, k seal.Key) ([]byte, error) {
	if len(r.Policy.Compiled) == 0 {
		return nil, errors.New("sealing the report: the compiled policy is not in it")
	}
	r = r.Signable()
	r.Version, r.Key = report.Version, k.Public().PEM()
	predicate, err := encode(r)
	if err != nil {
		return nil, fmt.Errorf("sealing the report: %w", err)
	}
	about := subject("policy:"+r.Policy.Name, report.Digest(r.Policy.Compiled))
	if r.Invite != nil {
		about = subject("invite:"+r.Invite.ID, report.Digest(r.Invite.Sealed))
	}
	payload, err := seal.Statement{
		Subject:       []seal.Subject{about},
		PredicateType: report.PredicateType,
		Predicate:     predicate,
	}.Encode()
	if err != nil {
		return nil, fmt.Errorf("sealing the report: %w", err)
	}
	file, err := seal.Seal(k, seal.InToto, payload)
	if err != nil {
		return nil, fmt.Errorf("sealing the report: %w", err)
	}
	for _, why := range File(file, Options{}).Reasons {
		if why.Exit() != 22 {
			return nil, fmt.Errorf("sealing the report: it would not open again: %s: %s", why.Code, why.Detail)
		}
	}
	return file, nil
}
