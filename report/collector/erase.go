package collector

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"time"

	"deskready/report"
)

// DefaultKeep is for how many days reports are kept where the employer says nothing else: a year covers the training, and
// the questions that come later.
const DefaultKeep = 365

// How the collector keeps its promise. One pass is short, because whoever delivers a report waits for it.
const (
	erasePass  = 100 // at most so many reports, and so many invites
	eraseEvery = time.Hour
	erasePause = time.Second // between passes while there is more
)

// KeepErasing erases what is due, at once and then again and again, until ctx ends.
func (s *Server) KeepErasing(ctx context.Context) {
	for {
		wait := eraseEvery
		n, err := s.Store.Erase(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			s.Log.ErrorContext(ctx, "reports whose time is over could not be erased", "error", inFull(err))
		case n > 0:
			s.Log.InfoContext(ctx, "erased what was kept for as long as promised", "records", n)
		}
		if n >= erasePass && err == nil {
			wait = erasePause
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
	}
}

// Erase makes one pass over what is due, and says how many reports and invites it erased. Each is a transaction of its
// own. What stays of a report is what tells that it was here: its digests, its number and its times.
func (s *Store) Erase(ctx context.Context) (n int, err error) {
	reports, err := due[int64](ctx, s, "SELECT id FROM reports WHERE due <= ? ORDER BY due LIMIT ?", millis(s.now()))
	if err != nil {
		return 0, err
	}
	for _, id := range reports {
		if err := s.change(ctx, func(tx *sql.Tx) error { return eraseReport(ctx, tx, id, millis(s.now())) }); err != nil {
			return n, err
		}
		n++
	}
	// The name goes with the last report, as soon as no other can come. Where none ever came it is kept for as long as
	// a report would have been.
	now := s.now()
	invites, err := due[string](ctx, s, `SELECT id FROM invites i WHERE keep > 0 AND person <> '' AND expires <= ?
		AND (submitted > 0 OR expires + keep * 86400000 <= ?)
		AND NOT EXISTS (SELECT 1 FROM reports r WHERE r.invite = i.id AND r.erased IS NULL) LIMIT ?`,
		millis(now.Add(-freshness)), millis(now))
	if err != nil {
		return n, err
	}
	for _, id := range invites {
		if err := s.change(ctx, func(tx *sql.Tx) error { return eraseInvite(ctx, tx, id, millis(now)) }); err != nil {
			return n, err
		}
		n++
	}
	// The write-ahead log still holds the pages as they were. It cannot be emptied while somebody reads for long, such as
	// a backup: then the next pass does it.
	_, err = s.write.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	return n, plainly(err)
}

// due lists the ids of a pass.
func due[ID int64 | string](ctx context.Context, s *Store, query string, args ...any) ([]ID, error) {
	rows, err := s.read.QueryContext(ctx, query, append(args, erasePass)...)
	if err != nil {
		return nil, plainly(err)
	}
	defer rows.Close()
	var list []ID
	for rows.Next() {
		var id ID
		if err := rows.Scan(&id); err != nil {
			return nil, plainly(err)
		}
		list = append(list, id)
	}
	return list, plainly(rows.Err())
}

// eraseReport takes the file with all that is in it, the receipt, which tells the verdict, and the findings.
func eraseReport(ctx context.Context, tx *sql.Tx, id, now int64) error {
	for _, step := range []struct {
		do   string
		args []any
	}{
		{"DELETE FROM results WHERE report = ?", []any{id}},
		{"UPDATE reports SET file = x'', receipt = x'', verdict = '', assurance = '', key_id = '', due = NULL, erased = ? WHERE id = ?", []any{now, id}},
		{`UPDATE invites SET report = NULL, verdict = NULL, erased = ?, changed = ?
			WHERE report = ? AND id = (SELECT invite FROM reports WHERE id = ?)`, []any{now, now, id, id}},
	} {
		if _, err := tx.ExecContext(ctx, step.do, step.args...); err != nil {
			return err
		}
	}
	return nil
}

// eraseInvite takes the hire's name, from the list and from the invite file, and the hire's key.
func eraseInvite(ctx context.Context, tx *sql.Tx, id string, now int64) error {
	_, err := tx.ExecContext(ctx, `UPDATE invites SET person = '', search = '', key_id = NULL, key_pem = NULL, erased = coalesce(erased, ?), changed = ?
		WHERE id = ?`, now, now, id)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "UPDATE invite_files SET sealed = x'' WHERE invite = ?", id)
	return err
}

// goneFrom answers who asks for a file that was erased.
func goneFrom(what string) *refusal {
	return refuse(http.StatusGone, ReasonErased, "this %s was erased, as its hire was promised", what)
}

// alreadyErased answers a report that was received before. The same receipt again would say that it is here.
func alreadyErased(received, erased int64) *refusal {
	return refuse(http.StatusGone, ReasonErased, "this report was received at %s, and erased at %s because its time was over; its receipt stays valid",
		when(received).Format(time.RFC3339), when(erased).Format(time.RFC3339))
}

// dueAfter is when a report under an invite will be erased, for its column.
func dueAfter(keep int, received time.Time) sql.NullInt64 {
	until := report.Invite{Keep: keep}.KeptUntil(received)
	return sql.NullInt64{Int64: millis(until), Valid: !until.IsZero()}
}

func checkKeep(days int) error {
	if days < 0 || days > report.MaxKeep {
		return fmt.Errorf("reports are kept for 1 to %d days, or with 0 for no time that is promised", report.MaxKeep)
	}
	return nil
}
