package verify

import (
	"deskready/report"
	"deskready/report/seal"
)

// TrustOf is the trust that a hire has in whoever invited him: the key that the invite names, and that sealed it. It says
// that invite, witness and receipt come from one hand, not whose hand that is.
func TrustOf(i report.Invite) (Trust, error) {
	key, err := seal.ParsePublic([]byte(i.Key))
	if err != nil {
		return Trust{}, err
	}
	return Trust{
		Version: report.Version, Collector: i.Collector,
		Keys: []TrustedKey{{ID: key.ID(), PEM: key.PEM(), Use: []string{UseInvite, UseWitness, UseReceipt}}},
	}, nil
}
