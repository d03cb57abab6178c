package collector

import (
	"slices"
	"time"

	"deskready/report"
	"deskready/report/seal"
	"deskready/report/verify"
)

// anyTime opens a report like verify.File, and also one whose only fault is that its times do not fit its invite. The
// hire's clock says them, and a computer that was off for long may believe that it is years ago. Such a report keeps
// its Reasons beside its content, and is no more than A0; whether its invite is over is known by our own clock.
func anyTime(file []byte, o verify.Options) verify.Opened {
	opened := verify.File(file, o)
	if len(opened.Reasons) == 0 || slices.ContainsFunc(opened.Reasons, func(r verify.Reason) bool { return !ofTime(r) }) {
		return opened
	}
	// Package verify made all its checks, and shows nothing because one of them failed.
	r, err := decoded(file)
	if err != nil || r.Seconds < 0 || r.Seconds > longest.Seconds() {
		return opened // a length that cannot be is no matter of the clock
	}
	policy, err := report.DecodePolicy(r.Policy.Compiled)
	if err != nil {
		return opened
	}
	invite, err := verify.Invite(r.Invite.Sealed, time.Time{}, o.Trust)
	if err != nil {
		return opened
	}
	opened.Report, opened.Invite, opened.Assurance = r, &invite, report.A0
	opened.Findings = policy.Judge(r.Results)
	opened.Verdict = report.Decide(opened.Findings)
	return opened
}

// ofTime says whether a reason is about when the run was, by the hire's clock.
func ofTime(r verify.Reason) bool { return r.Code == verify.WrongTime || r.Code == verify.Expired }

// longest is how long a run can be, with all its pauses.
const longest = 7 * 24 * time.Hour

// decoded reads the report inside a file, without asking who signed it.
func decoded(file []byte) (report.Report, error) {
	e, err := seal.Read(file)
	if err != nil {
		return report.Report{}, err
	}
	statement, err := seal.DecodeStatement(e.Unverified())
	if err != nil {
		return report.Report{}, err
	}
	return report.Decode(statement.Predicate)
}

// readable says whether the report was shown to be whole, whatever its times.
func readable(o verify.Opened) bool { return o.Report.Run != "" }
