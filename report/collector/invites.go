package collector

import (
	"context"
	"database/sql"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"deskready/checks"
	"deskready/report"
	"deskready/report/verify"
)

// How long an invite may be answered.
const (
	DefaultTTL = 7 * 24 * time.Hour
	MaxTTL     = 90 * 24 * time.Hour
)

// maxName bounds the names of people.
const maxName = 120

// ErrNotFound is about an id that the store does not have.
var ErrNotFound = errors.New("there is no such invite")

// A NewInvite is what is asked for an invite.
type NewInvite struct {
	For       string // the hire's name
	Policy    report.Policy
	Employer  string        // who asks, as the hire reads it
	Collector string        // public URL
	Pin       string        // of the TLS key, where the collector made its own certificate
	TTL       time.Duration // zero: DefaultTTL
	Keep      int           // days from the receipt of a report until it is erased; 0: no date is promised
	By        string        // the recruiter's name; empty on the command line
}

// A State says how far a hire is.
type State string

// The states, whom to chase first.
const (
	NotReady  State = "not_ready"
	Undecided State = "undecided"
	Running   State = "running" // enrolled or begun, and nothing received
	Opened    State = "opened"
	Invited   State = "invited"
	Expired   State = "expired" // nothing received in time
	Ready     State = "ready"
	Revoked   State = "revoked"
	Erased    State = "erased" // what was received was kept for as long as promised
)

// States lists them in that order.
func States() []State {
	return []State{NotReady, Undecided, Running, Opened, Invited, Expired, Ready, Revoked, Erased}
}

// An Invite is one row of the list of hires.
type Invite struct {
	ID, Person, Policy, By       string
	State                        State
	Issued, Expires, Changed     time.Time
	Opened, Enrolled, Revoked    time.Time // zero: did not happen
	Erased                       time.Time // Person is empty then, as soon as no report can come any more
	Keep                         int       // days; 0: no date is promised
	Started, Submitted           int       // runs begun, reports received
	Report                       int64     // id of the report that counts; 0: none
	Assurance                    report.Assurance
	Received                     time.Time
	Failed, FailedSubject        string // metric of the first required rule that did not hold
	FailedOutcome, FailedProblem string
}

// Invite makes and seals an invite. The bytes are the invite file: reports will name their digest.
func (s *Store) Invite(ctx context.Context, n NewInvite) (id string, sealed []byte, err error) {
	inv, err := s.draft(n)
	if err != nil {
		return "", nil, err
	}
	if sealed, err = verify.SealInvite(inv, s.key); err != nil {
		return "", nil, err
	}
	err = s.change(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO invites
			(id, link, token, nonce, person, search, policy, policy_digest, audience, issued, expires, keep, by_user, changed)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			inv.ID, hashed(s.linkSecret(inv.ID)), hashed(inv.Token), inv.Nonce, inv.For, fold(inv.For), inv.Policy.Name,
			inv.Policy.Digest, inv.Collector, millis(inv.Issued), millis(inv.Expires), inv.Keep, n.By, millis(inv.Issued))
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO invite_files (invite, sealed) VALUES (?, ?)", inv.ID, sealed)
		return err
	})
	return inv.ID, sealed, err
}

// draft is the invite before it is sealed.
func (s *Store) draft(n NewInvite) (report.Invite, error) {
	compiled, err := n.Policy.Compile()
	if err != nil {
		return report.Invite{}, err
	}
	now := s.now().UTC().Truncate(time.Second)
	if n.TTL == 0 {
		n.TTL = DefaultTTL
	}
	inv := report.Invite{
		For:      checks.Clean(n.For, maxName),
		Employer: checks.Clean(n.Employer, maxName),
		Policy:   report.PolicyRef{Name: n.Policy.Name, Digest: report.Digest(compiled), Compiled: compiled},
		Pin:      n.Pin,
		Issued:   now,
		Expires:  now.Add(n.TTL),
		Keep:     n.Keep,
	}
	switch {
	case inv.For == "":
		return report.Invite{}, errors.New("the invite needs the hire's name")
	case n.TTL < time.Hour || n.TTL > MaxTTL:
		return report.Invite{}, fmt.Errorf("an invite lasts from one hour to %d days", MaxTTL/(24*time.Hour))
	}
	if inv.Collector, err = baseURL(n.Collector); err != nil {
		return report.Invite{}, err
	}
	if err := checkKeep(n.Keep); err != nil {
		return report.Invite{}, err
	}
	if inv.ID, err = s.newID("inv_"); err != nil {
		return report.Invite{}, err
	}
	if inv.Token, err = s.token(24); err != nil {
		return report.Invite{}, err
	}
	inv.Nonce, err = s.token(16)
	return inv, err
}

// baseURL takes the one spelling of the collector's address that reports name as their audience.
func baseURL(text string) (string, error) {
	u, err := url.Parse(strings.TrimRight(text, "/"))
	if err != nil {
		return "", fmt.Errorf("the collector's address: %w", err)
	}
	if u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return "", fmt.Errorf("the collector's address %q should be like https://ready.example.com", text)
	}
	return u.String(), nil
}

// newID is 80 random bits in letters and digits that any file system takes.
func (s *Store) newID(prefix string) (string, error) {
	raw := make([]byte, 10)
	if _, err := io.ReadFull(s.rand, raw); err != nil {
		return "", err
	}
	return prefix + strings.ToLower(base32.StdEncoding.EncodeToString(raw)), nil
}

// fold makes names findable: jose finds José.
func fold(name string) string {
	return strings.NewReplacer("á", "a", "à", "a", "â", "a", "ä", "a", "ã", "a", "å", "a", "é", "e", "è", "e", "ê", "e", "ë", "e",
		"í", "i", "ì", "i", "î", "i", "ï", "i", "ó", "o", "ò", "o", "ô", "o", "ö", "o", "õ", "o", "ø", "o",
		"ú", "u", "ù", "u", "û", "u", "ü", "u", "ñ", "n", "ç", "c", "ß", "ss").Replace(strings.ToLower(name))
}

// stateSQL is the state of a row of invites at the time given as its one parameter.
const stateSQL = `CASE
	WHEN i.erased IS NOT NULL THEN 'erased'
	WHEN i.revoked IS NOT NULL THEN 'revoked'
	WHEN i.verdict IS NOT NULL THEN i.verdict
	WHEN i.expires <= ? THEN 'expired'
	WHEN i.started > 0 OR i.enrolled IS NOT NULL THEN 'running'
	WHEN i.opened IS NOT NULL THEN 'opened'
	ELSE 'invited' END`

// rankSQL orders states: who waits for somebody first.
const rankSQL = `CASE state WHEN 'not_ready' THEN 0 WHEN 'undecided' THEN 1 WHEN 'running' THEN 2 WHEN 'opened' THEN 3
	WHEN 'invited' THEN 4 WHEN 'expired' THEN 5 WHEN 'ready' THEN 6 WHEN 'revoked' THEN 7 ELSE 8 END`

// A Query says which invites to list.
type Query struct {
	State  State  // empty: all
	Name   string // part of the hire's name
	ID     string // this one alone
	Limit  int    // at most this many; zero: 50
	Offset int
}

// Invites lists invites: whom to chase first, and of these who waits longest.
func (s *Store) Invites(ctx context.Context, q Query) ([]Invite, error) {
	if q.Limit <= 0 {
		q.Limit = 50
	}
	where, args := s.where(q)
	rows, err := s.read.QueryContext(ctx, `
		WITH page AS (
			SELECT id, state, `+rankSQL+` AS rank, changed FROM (SELECT i.*, `+stateSQL+` AS state FROM invites i)
			WHERE `+where+`
			ORDER BY rank, CASE WHEN rank < 5 THEN changed ELSE -changed END, id
			LIMIT ? OFFSET ?)
		SELECT i.id, i.person, i.policy, i.by_user, page.state, i.issued, i.expires, i.changed, i.opened, i.enrolled, i.revoked, i.erased, i.keep,
			i.started, i.submitted, coalesce(i.report, 0), coalesce(r.assurance, ''), r.received,
			coalesce(f.metric, ''), coalesce(f.subject, ''), coalesce(f.outcome, ''), coalesce(f.problem, '')
		FROM page JOIN invites i ON i.id = page.id
		LEFT JOIN reports r ON r.id = i.report
		LEFT JOIN results f ON f.report = i.report AND f.place = (SELECT b.place FROM results b
			WHERE b.report = i.report AND b.required = 1 AND b.outcome IN ('fail', 'unknown')
			ORDER BY b.outcome, b.place LIMIT 1)
		ORDER BY page.rank, CASE WHEN page.rank < 5 THEN page.changed ELSE -page.changed END, page.id`,
		append(args, q.Limit, max(q.Offset, 0))...)
	if err != nil {
		return nil, plainly(err)
	}
	defer rows.Close()
	var list []Invite
	for rows.Next() {
		inv, err := scanInvite(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, inv)
	}
	return list, plainly(rows.Err())
}

func scanInvite(rows *sql.Rows) (Invite, error) {
	var i Invite
	var issued, expires, changed int64
	var opened, enrolled, revoked, erased, received sql.NullInt64
	err := rows.Scan(&i.ID, &i.Person, &i.Policy, &i.By, &i.State, &issued, &expires, &changed, &opened, &enrolled, &revoked, &erased, &i.Keep,
		&i.Started, &i.Submitted, &i.Report, &i.Assurance, &received,
		&i.Failed, &i.FailedSubject, &i.FailedOutcome, &i.FailedProblem)
	i.Issued, i.Expires, i.Changed = when(issued), when(expires), when(changed)
	i.Opened, i.Enrolled, i.Revoked, i.Erased, i.Received = at(opened), at(enrolled), at(revoked), at(erased), at(received)
	return i, err
}

// where gives the condition of a query and its parameters, the first of which is the time for stateSQL.
func (s *Store) where(q Query) (string, []any) {
	where, args := []string{"1"}, []any{millis(s.now())}
	if q.State != "" {
		where, args = append(where, "state = ?"), append(args, string(q.State))
	}
	if q.ID != "" {
		where, args = append(where, "id = ?"), append(args, q.ID)
	}
	if name := strings.TrimSpace(q.Name); name != "" {
		name = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(fold(name))
		where, args = append(where, `search LIKE ? ESCAPE '\'`), append(args, "%"+name+"%")
	}
	return strings.Join(where, " AND "), args
}

// Count says how many invites there are in each state, by name.
func (s *Store) Count(ctx context.Context, name string) (map[State]int, error) {
	where, args := s.where(Query{Name: name})
	rows, err := s.read.QueryContext(ctx, `SELECT state, count(*) FROM (SELECT i.search, `+stateSQL+` AS state FROM invites i)
		WHERE `+where+` GROUP BY state`, args...)
	if err != nil {
		return nil, plainly(err)
	}
	defer rows.Close()
	count := map[State]int{}
	for rows.Next() {
		var state State
		var n int
		if err := rows.Scan(&state, &n); err != nil {
			return nil, err
		}
		count[state] = n
	}
	return count, plainly(rows.Err())
}

// Revoke ends an invite: nothing is received under it any more. What was received stays.
func (s *Store) Revoke(ctx context.Context, id string) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		now := millis(s.now())
		done, err := tx.ExecContext(ctx, "UPDATE invites SET revoked = coalesce(revoked, ?), changed = ? WHERE id = ?", now, now, id)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, ErrNotFound)
		}
		return nil
	})
}

// Sealed is the invite file as it was sealed.
func (s *Store) Sealed(ctx context.Context, id string) ([]byte, error) {
	var sealed []byte
	err := s.read.QueryRowContext(ctx, "SELECT sealed FROM invite_files WHERE invite = ?", id).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNotFound
	}
	if err == nil && len(sealed) == 0 {
		return nil, goneFrom("invite")
	}
	return sealed, plainly(err)
}

// Link is the path of the hire's page for an invite, which needs no login.
func (s *Store) Link(id string) string { return "/i/" + s.linkSecret(id) }

// byLink finds the invite of a hire's link.
func (s *Store) byLink(ctx context.Context, secret string) (Invite, error) {
	var id string
	err := s.read.QueryRowContext(ctx, "SELECT id FROM invites WHERE link = ?", hashed(secret)).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return Invite{}, ErrNotFound
	}
	if err != nil {
		return Invite{}, err
	}
	list, err := s.Invites(ctx, Query{ID: id})
	if err != nil || len(list) == 0 {
		return Invite{}, errors.Join(err, ErrNotFound)
	}
	return list[0], nil
}

// opened notes that the hire's link was opened, the first time.
func (s *Store) opened(ctx context.Context, id string) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		now := millis(s.now())
		_, err := tx.ExecContext(ctx, "UPDATE invites SET opened = ?, changed = ? WHERE id = ? AND opened IS NULL", now, now, id)
		return err
	})
}
