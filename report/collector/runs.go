package collector

import (
	"context"
	"crypto/subtle"
	"database/sql"
	"errors"
	"net/http"
	"time"

	"deskready/report/seal"
)

// freshness is how long after its nonce a report is believed to be of now, and how long a run that was begun in time
// may take to arrive after its invite expired.
const freshness = 2 * time.Hour

// A Run is one attempt: the nonce was given out before anything was measured, so that each attempt is on record.
type Run struct {
	ID       string
	Nonce    string
	Ticket   string // for the office ends of the measurements
	Media    int    // the port, at the collector's host, where they take UDP and TURN; 0: nowhere
	Attempt  int    // from 1
	Previous string // digest of the report file received before, if any
	Now      time.Time
}

// row is what the store knows of an invite when something arrives under it.
type row struct {
	id, nonce, audience, policyDigest string
	token, sealed                     []byte
	keyID                             sql.NullString
	issued, expires                   time.Time
	enrolled                          time.Time
	revoked                           bool
	started, attempt, keep            int
}

func findInvite(ctx context.Context, tx *sql.Tx, id string) (row, error) {
	r := row{id: id}
	var issued, expires int64
	var enrolled, revoked sql.NullInt64
	err := tx.QueryRowContext(ctx, `SELECT nonce, audience, policy_digest, token, sealed, key_id, issued, expires, enrolled, revoked,
		started, attempt, keep FROM invites JOIN invite_files ON invite = id WHERE id = ?`, id).
		Scan(&r.nonce, &r.audience, &r.policyDigest, &r.token, &r.sealed, &r.keyID, &issued, &expires, &enrolled, &revoked, &r.started, &r.attempt, &r.keep)
	if errors.Is(err, sql.ErrNoRows) {
		return row{}, refuse(http.StatusNotFound, ReasonInvite, "this collector has no such invite")
	}
	r.issued, r.expires, r.enrolled, r.revoked = when(issued), when(expires), at(enrolled), revoked.Valid
	return r, err
}

// open says whether anything may still be done under the invite.
func (r row) open(now time.Time) error {
	switch {
	case r.revoked:
		return refuse(http.StatusGone, ReasonRevoked, "the employer took this invite back; ask for a new one")
	case !now.Before(r.expires):
		return refuse(http.StatusGone, ReasonExpired, "the invite expired at %s; ask for a new one", r.expires.Format(time.RFC3339))
	}
	return nil
}

// enrol binds the first key that shows the invite's token. The same key may ask again: its answer may have been lost.
func (s *Store) enrol(ctx context.Context, invite, token string, key seal.Public) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		inv, err := findInvite(ctx, tx, invite)
		if err != nil {
			return err
		}
		if subtle.ConstantTimeCompare(inv.token, hashed(token)) != 1 {
			return refuse(http.StatusForbidden, ReasonToken, "the token is not this invite's")
		}
		now := s.now()
		if err := inv.open(now); err != nil {
			return err
		}
		switch {
		case inv.keyID.Valid && inv.keyID.String == key.ID():
			return nil
		case inv.keyID.Valid:
			return refuse(http.StatusConflict, ReasonEnrolled, "another computer answered this invite first; ask for a new one")
		}
		_, err = tx.ExecContext(ctx, `UPDATE invites SET key_id = ?, key_pem = ?, enrolled = ?, opened = coalesce(opened, ?), changed = ?
			WHERE id = ?`, key.ID(), key.PEM(), millis(now), millis(now), millis(now), invite)
		return err
	})
}

// beginRun gives out a nonce, which is the record of the attempt.
func (s *Store) beginRun(ctx context.Context, invite, keyID string, perDay int) (Run, error) {
	run := Run{Now: s.now().UTC()}
	var err error
	if run.ID, err = s.newID("run_"); err != nil {
		return Run{}, err
	}
	if run.Nonce, err = s.token(16); err != nil {
		return Run{}, err
	}
	err = s.change(ctx, func(tx *sql.Tx) error {
		inv, err := findInvite(ctx, tx, invite)
		if err != nil {
			return err
		}
		if inv.keyID.String != keyID {
			return refuse(http.StatusForbidden, ReasonKey, "this computer's key is not enrolled with the invite")
		}
		if err := inv.open(run.Now); err != nil {
			return err
		}
		if err := runsLeft(ctx, tx, invite, run.Now, perDay); err != nil {
			return err
		}
		run.Attempt = inv.started + 1
		err = tx.QueryRowContext(ctx, "SELECT digest FROM reports WHERE invite = ? ORDER BY received DESC, id DESC LIMIT 1", invite).
			Scan(&run.Previous)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		now := millis(run.Now)
		if _, err = tx.ExecContext(ctx, "INSERT INTO runs (id, invite, nonce, attempt, previous, issued) VALUES (?, ?, ?, ?, ?, ?)",
			run.ID, invite, run.Nonce, run.Attempt, run.Previous, now); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "UPDATE invites SET started = started + 1, changed = ? WHERE id = ?", now, invite)
		return err
	})
	return run, err
}

// openRun finds the run of a nonce whose report has not come yet, and the audience that its invite names.
func (s *Store) openRun(ctx context.Context, invite, nonce, keyID string) (run, audience string, err error) {
	var key sql.NullString
	var spent sql.NullInt64
	err = s.read.QueryRowContext(ctx, `SELECT r.id, r.spent, i.audience, i.key_id FROM runs r JOIN invites i ON i.id = r.invite
		WHERE r.nonce = ? AND r.invite = ?`, nonce, invite).Scan(&run, &spent, &audience, &key)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		err = refuse(http.StatusUnprocessableEntity, ReasonNonce, "this collector gave no such nonce for the invite")
	case err != nil:
	case key.String != keyID:
		err = refuse(http.StatusForbidden, ReasonKey, "this computer's key is not enrolled with the invite")
	case spent.Valid:
		err = refuse(http.StatusConflict, ReasonSpent, "the report of this run was received already")
	}
	return run, audience, err
}

// runsLeft refuses more runs than a day allows, and says when the next is allowed.
func runsLeft(ctx context.Context, tx *sql.Tx, invite string, now time.Time, perDay int) error {
	var n int
	var first sql.NullInt64
	err := tx.QueryRowContext(ctx, "SELECT count(*), min(issued) FROM runs WHERE invite = ? AND issued > ?",
		invite, millis(now.Add(-24*time.Hour))).Scan(&n, &first)
	if err != nil || n < perDay {
		return err
	}
	no := refuse(http.StatusTooManyRequests, ReasonRuns, "%d runs in a day under one invite, %d allowed", n, perDay)
	no.wait = at(first).Add(24 * time.Hour).Sub(now)
	return no
}
