package collector

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"deskready/checks"
	"deskready/report"
	"deskready/report/render"
	"deskready/report/seal"
	"deskready/report/verify"
)

// perPage is how many hires a page of the list shows.
const perPage = 50

// hireList is what the list shows.
type hireList struct {
	State    State
	Name     string
	Tabs     []tab
	Rows     []Invite
	From, To int // of the rows, from 1
	Total    int
	Before   string // link to the page before, if any
	After    string
}

// tab is one filter of the list.
type tab struct {
	State State // empty: all
	Count int
	Link  string
	Here  bool
}

func (s *running) hires(w http.ResponseWriter, r *http.Request) {
	state, name := State(r.FormValue("state")), checks.Clean(r.FormValue("q"), maxName)
	if !slices.Contains(States(), state) {
		state = ""
	}
	at, err := strconv.Atoi(r.FormValue("page"))
	if err != nil || at < 1 || at > 1_000_000 {
		at = 1
	}
	count, err := s.Store.Count(r.Context(), name)
	if err != nil {
		s.errorPage(w, r, err)
		return
	}
	body := hireList{State: state, Name: name}
	body.Tabs, body.Total = tabs(count, state, name)
	at = min(at, max(1, (body.Total+perPage-1)/perPage))
	body.Rows, err = s.Store.Invites(r.Context(), Query{State: state, Name: name, Limit: perPage, Offset: (at - 1) * perPage})
	if err != nil {
		s.errorPage(w, r, err)
		return
	}
	body.From, body.To = (at-1)*perPage+min(1, len(body.Rows)), (at-1)*perPage+len(body.Rows)
	if at > 1 {
		body.Before = listLink(state, name, at-1)
	}
	if body.To < body.Total {
		body.After = listLink(state, name, at+1)
	}
	p := s.page(r, "hires")
	p.Body = body
	s.show(w, r, http.StatusOK, p)
}

// tabs are the filters with their counts; the total is of the one that is chosen.
func tabs(count map[State]int, here State, name string) (list []tab, total int) {
	all := tab{Link: listLink("", name, 1), Here: here == ""}
	for _, state := range States() {
		all.Count += count[state]
		if count[state] > 0 || state == here {
			list = append(list, tab{State: state, Count: count[state], Link: listLink(state, name, 1), Here: state == here})
		}
	}
	total = all.Count
	if here != "" {
		total = count[here]
	}
	return append([]tab{all}, list...), total
}

func listLink(state State, name string, at int) string {
	v := url.Values{}
	if state != "" {
		v.Set("state", string(state))
	}
	if name != "" {
		v.Set("q", name)
	}
	if at > 1 {
		v.Set("page", strconv.Itoa(at))
	}
	if len(v) == 0 {
		return "/hires"
	}
	return "/hires?" + v.Encode()
}

// hirePage is what is known of one hire.
type hirePage struct {
	Invite   Invite
	Events   []event
	Reports  []received // newest first
	Shown    *received
	Report   report.Report
	Readable template.HTML   // for the recruiter
	Broken   []verify.Reason // why the report that should be shown is not
}

// event is a moment of the timeline.
type event struct {
	At     time.Time
	Key    string // of its text
	Detail string
	Link   string
}

func (s *running) hire(w http.ResponseWriter, r *http.Request) {
	body, err := s.aboutHire(r.Context(), r.PathValue("id"))
	if err == nil && r.PathValue("report") != "" {
		body.Shown, err = body.find(r.PathValue("report"))
	}
	p := s.page(r, "hire")
	if err == nil && body.Shown != nil {
		err = s.read(r.Context(), p, &body)
	}
	if err != nil {
		s.errorPage(w, r, err)
		return
	}
	p.Title = p.Who(body.Invite)
	p.Body = body
	s.show(w, r, http.StatusOK, p)
}

func (s *running) aboutHire(ctx context.Context, id string) (hirePage, error) {
	list, err := s.Store.Invites(ctx, Query{ID: id})
	if err != nil || len(list) == 0 {
		return hirePage{}, errors.Join(err, ErrNotFound)
	}
	body := hirePage{Invite: list[0]}
	if body.Reports, err = s.Store.reports(ctx, id); err != nil {
		return hirePage{}, err
	}
	for i := range body.Reports {
		if body.Reports[i].ID == body.Invite.Report {
			body.Shown = &body.Reports[i]
		}
	}
	runs, err := s.Store.runs(ctx, id)
	if err != nil {
		return hirePage{}, err
	}
	body.Events = timeline(body, runs)
	return body, nil
}

// timeline puts what happened in its order, the latest first.
func timeline(h hirePage, runs []begunRun) []event {
	i := h.Invite
	list := []event{{At: i.Issued, Key: "event.invited", Detail: i.By}}
	for _, e := range []event{{At: i.Opened, Key: "event.opened"}, {At: i.Enrolled, Key: "event.enrolled"}, {At: i.Revoked, Key: "event.revoked"}} {
		if !e.At.IsZero() {
			list = append(list, e)
		}
	}
	if i.State == Expired {
		list = append(list, event{At: i.Expires, Key: "event.expired"})
	}
	for _, r := range runs {
		key := "event.started"
		if !r.Spent {
			key = "event.started_only"
		}
		list = append(list, event{At: r.Issued, Key: key, Detail: strconv.Itoa(r.Attempt)})
	}
	for _, r := range h.Reports {
		if !r.Erased.IsZero() {
			list = append(list, event{At: r.At, Key: "event.received"}, event{At: r.Erased, Key: "event.erased"})
			continue
		}
		list = append(list, event{At: r.At, Key: "event.received." + string(r.Verdict), Detail: strconv.Itoa(r.Attempt),
			Link: "/hires/" + i.ID + "/reports/" + strconv.FormatInt(r.ID, 10)})
	}
	slices.SortStableFunc(list, func(a, b event) int { return cmp.Compare(millis(a.At), millis(b.At)) })
	slices.Reverse(list)
	return list
}

func (h hirePage) find(id string) (*received, error) {
	for i := range h.Reports {
		if strconv.FormatInt(h.Reports[i].ID, 10) == id {
			return &h.Reports[i], nil
		}
	}
	return nil, ErrNotFound
}

// read opens the stored report again, as any verifier would: what the page shows comes from the bytes, not from columns.
func (s *running) read(ctx context.Context, p page, body *hirePage) error {
	file, receipt, err := s.Store.files(ctx, body.Invite.ID, body.Shown.ID)
	if err != nil {
		return err
	}
	trust := s.Store.Trust()
	opened := anyTime(file, verify.Options{Trust: &trust, Receipt: receipt})
	body.Shown.Assurance = opened.Assurance
	if !readable(opened) {
		body.Broken = opened.Reasons
		s.Log.ErrorContext(ctx, "a stored report does not verify", "invite", body.Invite.ID, "report", body.Shown.ID,
			"reason", opened.Reasons[0].Code)
		return nil
	}
	body.Report = opened.Report
	body.Report.Verdict, body.Report.Findings, body.Report.Assurance = opened.Verdict, opened.Findings, opened.Assurance
	body.Readable, err = render.Body(p.Book, body.Report)
	return err
}

func (s *running) inviteFile(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	sealed, err := s.Store.Sealed(r.Context(), id)
	if err != nil {
		s.errorPage(w, r, err)
		return
	}
	attach(w, id+".invite.json", sealed)
}

func (s *running) reportFile(w http.ResponseWriter, r *http.Request) {
	s.download(w, r, func(run string, file, _ []byte) { attach(w, run+".deskready.json", file) })
}

func (s *running) receiptFile(w http.ResponseWriter, r *http.Request) {
	s.download(w, r, func(run string, _, receipt []byte) { attach(w, run+".receipt.json", receipt) })
}

func (s *running) download(w http.ResponseWriter, r *http.Request, send func(run string, file, receipt []byte)) {
	body, err := s.aboutHire(r.Context(), r.PathValue("id"))
	var one *received
	if err == nil {
		one, err = body.find(r.PathValue("report"))
	}
	if err != nil {
		s.errorPage(w, r, err)
		return
	}
	file, receipt, err := s.Store.files(r.Context(), body.Invite.ID, one.ID)
	if err != nil {
		s.errorPage(w, r, err)
		return
	}
	send(one.Run, file, receipt)
}

// attach sends a sealed file to be kept. Its name is made of ids alone, and a report's run is the sender's word.
func attach(w http.ResponseWriter, name string, data []byte) {
	name = strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-' {
			return c
		}
		return '_'
	}, name)
	w.Header().Set("Content-Type", seal.MediaType)
	w.Header().Set("Content-Disposition", `attachment; filename="`+strings.TrimLeft(name, ".")+`"`)
	_, _ = w.Write(data)
}

func (s *running) revoke(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if err := s.Store.Revoke(r.Context(), id); err != nil {
		s.errorPage(w, r, err)
		return
	}
	s.Log.InfoContext(r.Context(), "revoked", "invite", id, "user", signed(r).ID)
	http.Redirect(w, r, "/hires/"+id, http.StatusSeeOther)
}

// received is a report as the store has it.
type received struct {
	ID        int64
	Run       string
	At        time.Time
	Due       time.Time // when it will be erased; zero: no date is promised, or it was
	Erased    time.Time
	Attempt   int
	Offline   bool
	Verdict   report.Verdict
	Assurance report.Assurance
	Digest    string
	KeyID     string
}

func (s *Store) reports(ctx context.Context, invite string) ([]received, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT id, run, received, attempt, offline, verdict, assurance, digest, key_id, due, erased FROM reports
		WHERE invite = ? ORDER BY received DESC, id DESC`, invite)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []received
	for rows.Next() {
		var r received
		var received int64
		var due, erased sql.NullInt64
		if err := rows.Scan(&r.ID, &r.Run, &received, &r.Attempt, &r.Offline, &r.Verdict, &r.Assurance, &r.Digest, &r.KeyID, &due, &erased); err != nil {
			return nil, err
		}
		r.At, r.Due, r.Erased = when(received), at(due), at(erased)
		list = append(list, r)
	}
	return list, rows.Err()
}

// files are a report and its receipt, to the byte.
func (s *Store) files(ctx context.Context, invite string, id int64) (file, receipt []byte, err error) {
	err = s.read.QueryRowContext(ctx, "SELECT file, receipt FROM reports WHERE id = ? AND invite = ?", id, invite).Scan(&file, &receipt)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err == nil && len(file) == 0 {
		return nil, nil, goneFrom("report")
	}
	return file, receipt, err
}

// begunRun is an attempt on record.
type begunRun struct {
	Attempt int
	Issued  time.Time
	Spent   bool
}

func (s *Store) runs(ctx context.Context, invite string) ([]begunRun, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT attempt, issued, spent IS NOT NULL FROM runs WHERE invite = ? ORDER BY attempt", invite)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []begunRun
	for rows.Next() {
		var r begunRun
		var issued int64
		if err := rows.Scan(&r.Attempt, &issued, &r.Spent); err != nil {
			return nil, err
		}
		r.Issued = when(issued)
		list = append(list, r)
	}
	return list, rows.Err()
}
