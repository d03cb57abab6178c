package verify

import (
	"errors"
	"fmt"
	"time"

	"deskready/checks"
	"deskready/report"
	"deskready/report/seal"
)

// checkInvite holds the report against the invite inside it, or, where there is none, against its policy.
func (v *opening) checkInvite() {
	r := v.Report
	about := r.Policy.Compiled
	if r.Invite != nil {
		about = r.Invite.Sealed
	}
	if got := report.Digest(about); got != v.subject {
		v.refuse(Reason{OtherSubject, fmt.Sprintf("signed about %s, and inside is %s", v.subject, got)})
	}
	if r.Invite == nil {
		if v.o.Trust != nil { // anyone makes a report under a policy of his choice, and it is nobody's answer
			v.refuse(Reason{OtherInvite, "made without an invite"})
		} else {
			v.notChecked(NoTrust)
		}
		return
	}
	invite, err := openInvite(r.Invite.Sealed, v.o.Trust)
	if err != nil {
		v.refuse(Because(fmt.Errorf("the invite inside: %w", err)))
		return
	}
	v.Invite = &invite
	if v.o.Trust == nil {
		v.notChecked(NoTrust)
	}
	if r.Invite.ID != invite.ID || r.Invite.For != "" && r.Invite.For != invite.For {
		v.refuse(Reason{OtherInvite, fmt.Sprintf("it names invite %.80q, and %.80q is inside", r.Invite.ID, invite.ID)})
	}
	if r.Policy.Digest != invite.Policy.Digest {
		v.refuse(Reason{OtherPolicy, "not the policy of the invite"})
	}
	if r.Audience != invite.Collector {
		v.refuse(Reason{OtherAudience, fmt.Sprintf("for %.200q, and the invite is from %.200q", r.Audience, invite.Collector)})
	}
	if r.Nonce == "" || r.Offline && r.Nonce != invite.Nonce {
		v.refuse(Reason{OtherNonce, "not the nonce of the invite"})
	}
}

// checkExpected holds the report against what its reader expects.
func (v *opening) checkExpected() {
	r := v.Report
	if v.o.Invite != "" && (r.Invite == nil || r.Invite.ID != v.o.Invite) {
		v.refuse(Reason{OtherInvite, fmt.Sprintf("not under invite %.80q", v.o.Invite)})
	}
	if v.o.Audience != "" && r.Audience != v.o.Audience {
		v.refuse(Reason{OtherAudience, fmt.Sprintf("for %.200q, not for %.200q", r.Audience, v.o.Audience)})
	}
	if v.o.Nonce != "" && r.Nonce != v.o.Nonce {
		v.refuse(Reason{OtherNonce, "not the nonce of this run"})
	}
}

const (
	ahead  = 10 * time.Minute   // by how much a hire's clock may run fast
	early  = 24 * time.Hour     // how long before its invite a run may seem to begin: a wrong time zone is at most 14 h
	maxRun = 7 * 24 * time.Hour // how long a run can be, with all its pauses
)

// checkTimes holds the times by the hire's clock against the invite's and the reader's.
func (v *opening) checkTimes() {
	r := v.Report
	if r.Seconds < 0 || r.Seconds > maxRun.Seconds() {
		v.refuse(Reason{WrongTime, fmt.Sprintf("a run of %g s", r.Seconds)})
		return
	}
	if v.o.Now == nil {
		v.notChecked(NoTime)
	} else if r.Began.After(v.o.Now().Add(ahead)) {
		v.refuse(Reason{WrongTime, "it began in the future"})
	}
	if v.Invite == nil {
		return
	}
	ended := r.Began.Add(time.Duration(r.Seconds * float64(time.Second)))
	if ended.After(v.Invite.Expires) {
		v.refuse(Reason{Expired, "made after the invite had ended"})
	}
	if r.Began.Add(early).Before(v.Invite.Issued) {
		v.refuse(Reason{WrongTime, "it began before there was an invite"})
	}
}

func (v *opening) notChecked(what string) { v.NotChecked = append(v.NotChecked, what) }

// keys are those that may seal for the collector: the trusted ones, or else the one in the invite.
func (v *opening) keys(use string) func(at time.Time) []seal.Public {
	return func(at time.Time) []seal.Public {
		if v.o.Trust != nil {
			return v.o.Trust.keys(use, at)
		}
		if v.Invite == nil {
			return nil
		}
		p, err := seal.ParsePublic([]byte(v.Invite.Key))
		if err != nil {
			return nil
		}
		return []seal.Public{p}
	}
}

// checkWitness holds the figures that are said to be the collector's against those that it sealed: none more, none
// less, none other. Anybody could write "collector" beside a figure.
func (v *opening) checkWitness() {
	claimed := []checks.Measurement{}
	for _, result := range v.Report.Results {
		for _, m := range result.Measurements {
			// That something is missing is no claim of the collector's: it takes nothing from anyone to say so.
			if m.By == checks.ByCollector && m.Missing == nil {
				claimed = append(claimed, m)
			}
		}
	}
	if v.Report.Witness == nil {
		if len(claimed) > 0 {
			v.refuse(Reason{NotWitnessed, fmt.Sprintf("%d figures are said to be the collector's, and it sealed none", len(claimed))})
		}
		return
	}
	if v.Invite == nil {
		return // refused for that
	}
	w, err := openWitness(v.Report.Witness, v.keys(UseWitness))
	if err != nil {
		v.refuse(Because(err))
		return
	}
	if w.Invite != v.Invite.ID || w.Nonce != v.Report.Nonce || w.Collector != v.Invite.Collector {
		v.refuse(Reason{OtherNonce, "the witness is of another run"})
		return
	}
	if !sameSet(claimed, w.Measurements) {
		v.refuse(Reason{NotWitnessed, "the collector's figures are not those that it sealed"})
		return
	}
	v.isWitnessed = true
}

// sameSet compares the figures of both, in whatever order.
func sameSet(claimed, sealed []checks.Measurement) bool {
	count := map[string]int{}
	for _, m := range claimed {
		text, err := encode(m)
		if err != nil {
			return false
		}
		count[string(text)]++
	}
	for _, m := range sealed {
		if m.Missing != nil {
			continue
		}
		text, err := encode(m)
		if err != nil {
			return false
		}
		count[string(text)]--
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return true
}

// checkReceipt finds how far the report can be believed.
func (v *opening) checkReceipt() {
	v.Assurance = report.A0
	if v.o.Receipt == nil {
		v.unreceipted()
		return
	}
	r, err := openReceipt(v.o.Receipt, v.FileDigest, v.PayloadDigest, v.keys(UseReceipt))
	switch {
	case errors.Is(err, seal.ErrUntrusted) && v.o.Trust == nil:
		v.unreceipted() // a collector may have new keys since the invite, and only a trust file can tell
		return
	case err != nil:
		v.refuse(Reason{WrongReceipt, err.Error()})
		return
	}
	invite := ""
	if v.Report.Invite != nil {
		invite = v.Report.Invite.ID
	}
	if r.Run != v.Report.Run || r.Invite != invite || r.Verdict != v.Verdict {
		v.refuse(Reason{WrongReceipt, "the receipt says another run, invite or verdict than the report"})
		return
	}
	v.Receipt = &r
	if v.o.Trust == nil {
		return // whole, and by the key of an invite that anyone could have made
	}
	v.Assurance = r.Assurance
	if v.Assurance == report.A2 && !v.isWitnessed {
		v.Assurance = report.A1
	}
}

func (v *opening) unreceipted() {
	v.notChecked(NoReceipt)
	if v.Report.Invite != nil {
		v.notChecked(NoEnrolment)
		if !v.Report.Offline && v.o.Nonce == "" {
			v.notChecked(NoNonce)
		}
	}
}
