package collector

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"net/http"
	"slices"
	"time"

	"deskready/checks"
	"deskready/report"
	"deskready/report/verify"
)

// accept stores a report that was opened and judged, and gives its receipt. All of it is one transaction: the bytes, the
// findings, the nonce spent, the state of the invite, and the receipt that promises them. The same report again gets the
// same receipt, since the first answer may have been lost.
func (s *Store) accept(ctx context.Context, file []byte, o verify.Opened) (receipt []byte, again bool, err error) {
	err = s.change(ctx, func(tx *sql.Tx) error {
		receipt, err = givenFor(ctx, tx, o.PayloadDigest)
		if again = err == nil; again || !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		inv, err := findInvite(ctx, tx, o.Report.Invite.ID)
		if err != nil {
			return err
		}
		a := arrival{report: o.Report, keyID: o.KeyID, now: s.now().UTC(), odd: len(o.Reasons) > 0}
		if err := a.belongs(inv); err != nil {
			return err
		}
		if a.witnessed, err = s.witnessed(o.Report); err != nil {
			return err
		}
		if err := a.spend(ctx, tx, inv); err != nil {
			return err
		}
		if receipt, err = s.receipt(file, o, a); err != nil {
			return err
		}
		return a.keep(ctx, tx, inv, file, o, receipt)
	})
	return receipt, again, err
}

// givenFor is the receipt that a report got before.
func givenFor(ctx context.Context, tx *sql.Tx, payload string) (receipt []byte, err error) {
	var received int64
	var erased sql.NullInt64
	err = tx.QueryRowContext(ctx, "SELECT receipt, received, erased FROM reports WHERE payload = ?", payload).Scan(&receipt, &received, &erased)
	if erased.Valid {
		return nil, alreadyErased(received, erased.Int64)
	}
	return receipt, err
}

// arrival is a report on its way in.
type arrival struct {
	report    report.Report
	keyID     string
	now       time.Time
	began     time.Time // when its nonce was given out
	attempt   int
	assurance report.Assurance
	fresh     bool
	odd       bool // its times cannot be: see anyTime
	witnessed bool
}

// slack is by how much a run may seem to have begun before its nonce was given out.
const slack = 10 * time.Minute

// recent says whether the report came soon enough after its nonce.
func (a arrival) recent() bool { return a.now.Sub(a.began) <= freshness }

// belongs holds the report against the invite it names.
func (a arrival) belongs(inv row) error {
	switch {
	case len(inv.sealed) == 0:
		return goneFrom("invite")
	case inv.keyID.String != a.keyID:
		return refuse(http.StatusForbidden, ReasonKey, "the report is not signed by the key that is enrolled with its invite")
	case a.report.Audience != inv.audience:
		return refuse(http.StatusUnprocessableEntity, ReasonAudience, "the report is for %.200q", a.report.Audience)
	case !bytes.Equal(a.report.Invite.Sealed, inv.sealed):
		return refuse(http.StatusUnprocessableEntity, ReasonInvite, "the invite inside the report is not the one this collector gave out")
	case a.report.Policy.Digest != inv.policyDigest:
		return refuse(http.StatusUnprocessableEntity, ReasonPolicy, "the report was judged by another policy than the invite's")
	}
	return nil
}

// spend uses up the report's nonce and finds out how far the report can be believed.
func (a *arrival) spend(ctx context.Context, tx *sql.Tx, inv row) error {
	var err error
	if a.report.Nonce == inv.nonce {
		err = a.spendOffline(ctx, tx, inv)
	} else {
		err = a.spendRun(ctx, tx, inv)
	}
	if err != nil {
		return err
	}
	if err := inv.open(a.now); err != nil && (inv.revoked || a.began.After(inv.expires) || !a.recent()) {
		return err // a run that was begun in time may arrive a little late
	}
	return nil
}

func (a *arrival) spendRun(ctx context.Context, tx *sql.Tx, inv row) error {
	var run, previous string
	var issued int64
	var spent sql.NullInt64
	err := tx.QueryRowContext(ctx, "SELECT id, attempt, previous, issued, spent FROM runs WHERE nonce = ? AND invite = ?", a.report.Nonce, inv.id).
		Scan(&run, &a.attempt, &previous, &issued, &spent)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return refuse(http.StatusUnprocessableEntity, ReasonNonce, "this collector gave no such nonce for the invite")
	case err != nil:
		return err
	case spent.Valid:
		return refuse(http.StatusConflict, ReasonSpent, "another report of this run was received at %s", at(spent).Format(time.RFC3339))
	case a.report.Offline, a.report.Run != run, a.report.Attempt != a.attempt, a.report.Previous != previous:
		return refuse(http.StatusUnprocessableEntity, ReasonRun, "the nonce was given for run %s, attempt %d", run, a.attempt)
	}
	a.began = when(issued)
	a.believe(true)
	_, err = tx.ExecContext(ctx, "UPDATE runs SET spent = ? WHERE id = ?", millis(a.now), run)
	return err
}

// spendOffline takes a report of a run without a connection. The collector knows that it was made after the invite, and
// no more, so it is fresh only while the invite is.
func (a *arrival) spendOffline(ctx context.Context, tx *sql.Tx, inv row) error {
	if !a.report.Offline {
		return refuse(http.StatusUnprocessableEntity, ReasonRun, "the nonce is for runs without a connection, and the report is not marked as one")
	}
	var n int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM reports WHERE nonce = ?", a.report.Nonce).Scan(&n); err != nil {
		return err
	}
	if n > 0 {
		return refuse(http.StatusConflict, ReasonSpent, "another report made without a connection was received under this invite")
	}
	a.began, a.attempt = inv.issued, inv.attempt
	a.believe(!inv.enrolled.After(a.report.Began))
	return nil
}

// believe finds the assurance level. Key, nonce and verdict were held against the record before. A report may carry
// results of an earlier run, and then says honestly when that began: a new nonce makes them no fresher.
func (a *arrival) believe(enrolledBefore bool) {
	a.fresh = a.recent() && !a.odd && !a.report.Began.Before(a.began.Add(-slack))
	switch {
	case !a.fresh || !enrolledBefore:
		a.assurance = report.A0
	case a.witnessed:
		a.assurance = report.A2
	default:
		a.assurance = report.A1
	}
}

// witnessed says whether the collector sealed at least one value of the run: a witness may also say only what was
// missing. That its figures are those of the report was found by package verify.
func (s *Store) witnessed(r report.Report) (bool, error) {
	if r.Witness == nil {
		return false, nil
	}
	w, err := verify.OpenWitness(r.Witness, s.key.Public())
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(w.Measurements, func(m checks.Measurement) bool { return m.Missing == nil }), nil
}

// receipt is the collector's signed word about a report.
func (s *Store) receipt(file []byte, o verify.Opened, a arrival) ([]byte, error) {
	properties := []string{"DESKREADY_SIGNATURE_VALID", "DESKREADY_INVITE_BOUND", "DESKREADY_VERDICT_RECOMPUTED"}
	if a.fresh {
		properties = append(properties, "DESKREADY_FRESH")
	}
	if a.assurance == report.A2 {
		properties = append(properties, "DESKREADY_NETWORK_WITNESSED")
	}
	return verify.SealReceipt(file, report.Receipt{
		Verifier:   report.Verifier{ID: a.report.Audience},
		Created:    a.now.Truncate(time.Second),
		Properties: append(properties, "DESKREADY_ASSURANCE_"+string(a.assurance)),
		Invite:     a.report.Invite.ID,
		Run:        a.report.Run,
		Verdict:    o.Verdict,
		Assurance:  a.assurance,
	}, s.key)
}

// keep writes the report and what is found in it. The columns are for finding: the bytes are the record.
func (a arrival) keep(ctx context.Context, tx *sql.Tx, inv row, file []byte, o verify.Opened, receipt []byte) error {
	var id int64
	err := tx.QueryRowContext(ctx, `INSERT INTO reports
		(invite, run, nonce, payload, digest, file, receipt, received, attempt, offline, verdict, assurance, key_id, due)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
		inv.id, a.report.Run, a.report.Nonce, o.PayloadDigest, o.FileDigest, file, receipt, millis(a.now), a.attempt,
		a.report.Offline, string(o.Verdict), string(a.assurance), a.keyID, dueAfter(inv.keep, a.now)).Scan(&id)
	if err != nil {
		return err
	}
	insert, err := tx.PrepareContext(ctx, "INSERT INTO results (report, place, metric, subject, outcome, required, problem) VALUES (?, ?, ?, ?, ?, ?, ?)")
	if err != nil {
		return err
	}
	defer insert.Close()
	for place, f := range o.Findings {
		problem := ""
		if f.Missing != nil {
			problem = f.Missing.Code
		}
		if _, err := insert.ExecContext(ctx, id, place, f.Metric, f.Subject, string(f.Outcome), f.Required(), problem); err != nil {
			return err
		}
	}
	_, err = tx.ExecContext(ctx, "UPDATE invites SET submitted = submitted + 1, changed = ? WHERE id = ?", millis(a.now), inv.id)
	if err != nil || a.attempt < inv.attempt {
		return err // a report of an earlier attempt that came late is kept, and does not count
	}
	_, err = tx.ExecContext(ctx, "UPDATE invites SET report = ?, verdict = ?, attempt = ?, erased = NULL WHERE id = ?", id, string(o.Verdict), a.attempt, inv.id)
	return err
}
