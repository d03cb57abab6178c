package collector

import (
	"crypto/rand"
	"database/sql"
	"fmt"
	"testing"
)

// The list of a hundred thousand hires: counts of the filters and one page.
func BenchmarkList(b *testing.B) {
	s, err := Open(b.Context(), b.TempDir(), rand.Reader, newClock().now)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	const people = 100_000
	err = s.change(b.Context(), func(tx *sql.Tx) error {
		insert, err := tx.Prepare(`INSERT INTO invites (id, link, token, nonce, person, search, policy, policy_digest, audience,
			issued, expires, by_user, opened, started, verdict, changed) VALUES (?, ?, x'00', ?, ?, ?, 'voice', '', '', ?, ?, '', ?, ?, ?, ?)`)
		if err != nil {
			return err
		}
		defer insert.Close()
		for i := range people {
			name := fmt.Sprintf("Person %05d", i)
			at := millis(s.now()) - int64(i)*60_000
			verdict := any(nil)
			if i%3 == 0 {
				verdict = []string{"ready", "not_ready", "undecided"}[i/3%3]
			}
			if _, err := insert.Exec(name, hashed(name), name, name, fold(name), at, at+7*86400_000, at, i%2, verdict, at); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	for _, q := range []Query{{}, {State: Ready}, {Name: "person 0042"}, {Offset: 99_000}} {
		b.Run(fmt.Sprintf("%s%s%d", q.State, q.Name, q.Offset), func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Count(b.Context(), q.Name); err != nil {
					b.Fatal(err)
				}
				if list, err := s.Invites(b.Context(), q); err != nil || len(list) == 0 {
					b.Fatal(err, len(list))
				}
			}
		})
	}
}
