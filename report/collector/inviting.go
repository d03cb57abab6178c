package collector

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"deskready/checks"
	"deskready/report"
	"deskready/report/seal"
	"deskready/report/verify"
)

// form of a new invite.
type inviteForm struct {
	Person, Policy string
	Days           int
	Policies       []string
	MaxDays        int
}

func (s *running) newForm() inviteForm {
	return inviteForm{Days: int(DefaultTTL / (24 * time.Hour)), Policies: s.PolicyNames, MaxDays: int(MaxTTL / (24 * time.Hour))}
}

func (s *running) invitePage(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "invite")
	p.Body = s.newForm()
	s.show(w, r, http.StatusOK, p)
}

func (s *running) invite(w http.ResponseWriter, r *http.Request) {
	if !s.form(w, r) {
		return
	}
	f := s.newForm()
	f.Person, f.Policy = checks.Clean(r.PostFormValue("name"), maxName+1), r.PostFormValue("policy")
	days, err := strconv.Atoi(r.PostFormValue("days"))
	key := ""
	switch {
	case f.Person == "" || len([]rune(f.Person)) > maxName:
		key = "error.invite_name"
	case !slices.Contains(s.PolicyNames, f.Policy):
		key = "error.invite_policy"
	case err != nil || days < 1 || days > f.MaxDays:
		key = "error.invite_days"
	}
	var policy report.Policy
	if key == "" {
		if policy, err = s.Policies(f.Policy); err != nil {
			s.errorPage(w, r, err)
			return
		}
	} else {
		p := s.page(r, "invite")
		p.Error, p.Body = p.T(key, "max", f.MaxDays), f
		s.show(w, r, http.StatusUnprocessableEntity, p)
		return
	}
	id, _, err := s.Store.Invite(r.Context(), NewInvite{For: f.Person, Policy: policy, Employer: s.Employer, Collector: s.PublicURL,
		Pin: s.Pin, TTL: time.Duration(days) * 24 * time.Hour, Keep: s.Keep, By: signed(r).Name})
	if err != nil {
		s.errorPage(w, r, err)
		return
	}
	s.Log.InfoContext(r.Context(), "invited", "invite", id, "user", signed(r).ID)
	http.Redirect(w, r, "/hires/"+id+"/send", http.StatusSeeOther)
}

// sendInvite is what a recruiter sends to a hire.
type sendInvite struct {
	Invite  Invite
	Link    string
	Message string
}

func (s *running) sendPage(w http.ResponseWriter, r *http.Request) {
	list, err := s.Store.Invites(r.Context(), Query{ID: r.PathValue("id")})
	if err != nil || len(list) == 0 {
		s.errorPage(w, r, errors.Join(err, ErrNotFound))
		return
	}
	if list[0].Person == "" {
		s.errorPage(w, r, goneFrom("invite"))
		return
	}
	p := s.page(r, "send")
	body := sendInvite{Invite: list[0], Link: s.link(s.Store.Link(list[0].ID))}
	body.Message = p.T("send.message", "name", body.Invite.Person, "employer", checks.Clean(s.Employer, maxName), "link", body.Link, "until", p.When(body.Invite.Expires))
	p.Body = body
	s.show(w, r, http.StatusOK, p)
}

// landingPage is what a hire sees first.
type landingPage struct {
	Invite   Invite
	Employer string
	Open     bool   // it can still be answered
	Link     string // of this page
	Path     string
	Reads    []reading
	Closed   string    // key of the text that says why not
	Until    time.Time // for how long a report that comes today is kept; zero: no date is promised
}

// reading is one concern of the policy and what is measured of it.
type reading struct {
	Title   string
	Metrics []string
}

// link is the address that a hire is given. Where the collector made its own certificate the fragment names its key, as
// the invite does; no browser sends a fragment, and no proxy sees it.
func (s *running) link(path string) string {
	if s.Pin == "" {
		return s.PublicURL + path
	}
	return s.PublicURL + path + "#" + s.Pin
}

// followed finds the invite of the hire's link that was opened, and notes that it was.
func (s *running) followed(r *http.Request) (Invite, error) {
	row, err := s.Store.byLink(r.Context(), r.PathValue("secret"))
	if err == nil && row.Opened.IsZero() && row.State == Invited {
		s.besides(r, "a link that was opened", s.Store.opened(r.Context(), row.ID))
	}
	return row, err
}

func (s *running) landing(w http.ResponseWriter, r *http.Request) {
	secret := r.PathValue("secret")
	row, err := s.followed(r)
	if errors.Is(err, ErrNotFound) {
		err = refuse(http.StatusNotFound, "link_unknown", "no such link")
	}
	var sealed []byte
	if err == nil {
		sealed, err = s.Store.Sealed(r.Context(), row.ID)
	}
	var inv report.Invite
	if err == nil {
		inv, err = verify.Invite(sealed, time.Time{}, nil)
	}
	if err != nil {
		s.errorPage(w, r, err)
		return
	}
	policy, err := report.DecodePolicy(inv.Policy.Compiled)
	if err != nil {
		s.errorPage(w, r, err)
		return
	}
	p := s.page(r, "landing")
	body := landingPage{Invite: row, Employer: inv.Employer, Link: s.link("/i/" + secret), Path: "/i/" + secret, Open: true,
		Until: inv.KeptUntil(s.Now())}
	switch {
	case row.State == Revoked:
		body.Open, body.Closed = false, "landing.revoked"
	case !s.Now().Before(row.Expires):
		body.Open, body.Closed = false, "landing.expired"
	}
	body.Reads = s.readings(p, policy)
	p.User = user{} // the hire's page is the same for everybody
	p.Body = body
	s.show(w, r, http.StatusOK, p)
}

// readings lists what the policy looks at, by check, in its order.
func (s *running) readings(p page, policy report.Policy) []reading {
	var list []reading
	var seen []string
	for _, rule := range policy.Rules {
		check, _, _ := strings.Cut(rule.Metric, ".")
		at := slices.Index(seen, check)
		if at < 0 {
			at = len(list)
			seen = append(seen, check)
			list = append(list, reading{Title: p.Book.First(check+".title", check)})
		}
		if title := p.Book.First(rule.Metric+".title", rule.Metric); !slices.Contains(list[at].Metrics, title) {
			list[at].Metrics = append(list[at].Metrics, title)
		}
	}
	return list
}

// landingFile is the invite file, for whoever holds the link.
func (s *running) landingFile(w http.ResponseWriter, r *http.Request) {
	row, err := s.followed(r)
	switch {
	case errors.Is(err, ErrNotFound):
		err = refuse(http.StatusNotFound, ReasonInvite, "this collector has no such invite")
	case err == nil && row.State == Revoked:
		err = refuse(http.StatusGone, ReasonRevoked, "the employer took this invite back; ask for a new one")
	case err == nil && !s.Now().Before(row.Expires):
		err = refuse(http.StatusGone, ReasonExpired, "the invite expired; ask for a new one")
	}
	var sealed []byte
	if err == nil {
		sealed, err = s.Store.Sealed(r.Context(), row.ID)
	}
	if err != nil {
		s.failed(w, r, err)
		return
	}
	w.Header().Set("Content-Type", seal.MediaType)
	w.Header().Set("Content-Disposition", `attachment; filename="`+row.ID+`.invite.json"`)
	_, _ = w.Write(sealed)
}
