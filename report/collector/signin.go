package collector

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"deskready/checks"
)

// maxForm bounds what a form posts.
const maxForm = 16 << 10

// cookieName says to browsers, where TLS is there, that no other host may set the cookie.
func (s *Server) cookieName() string {
	if s.secure() {
		return "__Host-deskready"
	}
	return "deskready"
}

// whoAsks gives the user of the request's session; a zero user is nobody.
func (s *running) whoAsks(r *http.Request) (user, error) {
	c, err := r.Cookie(s.cookieName())
	if err != nil || c.Value == "" {
		return user{}, nil
	}
	u, due, err := s.Store.session(r.Context(), c.Value)
	if errors.Is(err, errLogin) {
		return user{}, nil
	}
	if due {
		s.besides(r, "a session in use", s.Store.inUse(r.Context(), c.Value))
	}
	return u, err
}

// besides logs that something was not noted which nobody who asks needs to wait for: on a full disk reports can still be
// read.
func (s *running) besides(r *http.Request, what string, err error) {
	if err != nil {
		s.Log.WarnContext(r.Context(), "not noted", "what", what, "route", r.Pattern, "error", inFull(err))
	}
}

func (s *running) setCookie(w http.ResponseWriter, value string, life time.Duration) {
	http.SetCookie(w, &http.Cookie{Name: s.cookieName(), Value: value, Path: "/", MaxAge: int(life / time.Second),
		HttpOnly: true, Secure: s.secure(), SameSite: http.SameSiteLaxMode})
}

// toLogin sends people to the login and back to where they were, and tells programs that they may not.
func (s *running) toLogin(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		s.errorPage(w, r, refuse(http.StatusUnauthorized, ReasonLogin, "sign in first"))
		return
	}
	http.Redirect(w, r, "/login?"+url.Values{"next": {r.URL.RequestURI()}}.Encode(), http.StatusSeeOther)
}

// next is where to go after the login: a path of ours, and nothing that a browser reads as another site.
func next(r *http.Request) string {
	to := r.FormValue("next")
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "" || u.Host != "" || !strings.HasPrefix(to, "/hires") && !strings.HasPrefix(to, "/invite") &&
		!strings.HasPrefix(to, "/account") || strings.ContainsAny(to, "\\\r\n\t") {
		return "/hires"
	}
	return to
}

func (s *running) loginPage(w http.ResponseWriter, r *http.Request) {
	if signed(r).ID != 0 {
		http.Redirect(w, r, "/hires", http.StatusSeeOther)
		return
	}
	p := s.page(r, "login")
	p.Body = map[string]string{"Next": next(r)}
	s.show(w, r, http.StatusOK, p)
}

// form reads what a page posted.
func (s *running) form(w http.ResponseWriter, r *http.Request) bool {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		s.errorPage(w, r, refuse(http.StatusBadRequest, ReasonMalformed, "the form cannot be read"))
		return false
	}
	return true
}

func (s *running) login(w http.ResponseWriter, r *http.Request) {
	if !s.form(w, r) {
		return
	}
	name := checks.Clean(r.PostFormValue("name"), maxName)
	again := func(status int, key string) {
		p := s.page(r, "login")
		p.Error = p.T(key)
		p.Body = map[string]string{"Next": next(r), "Name": name}
		s.show(w, r, status, p)
	}
	wait, ok := s.mayTry(r, name)
	if !ok {
		s.Log.WarnContext(r.Context(), "login held back", "network", s.network(r))
		retryAfter(w, wait)
		again(http.StatusTooManyRequests, "error.login_rate")
		return
	}
	u, err := s.checked(r.Context(), func() (user, error) { return s.Store.login(r.Context(), name, r.PostFormValue("password")) })
	switch {
	case errors.Is(err, errLogin):
		s.Log.WarnContext(r.Context(), "login refused", "network", s.network(r))
		again(http.StatusUnauthorized, "error.login_wrong")
	case err != nil:
		s.errorPage(w, r, err)
	default:
		s.enter(w, r, u, next(r))
	}
}

// mayTry counts a try of a password. What counts is the name as the store compares it.
func (s *running) mayTry(r *http.Request, name string) (time.Duration, bool) {
	name = strings.ToLower(strings.TrimSpace(name))
	if len(name) > 256 {
		name = name[:256]
	}
	if wait, ok := s.logins.allow(name + "\n" + s.network(r)); !ok {
		return wait, false
	}
	return s.names.allow(name)
}

// checked runs what hashes a password. Each takes much memory, so only a few run at once.
func (s *running) checked(ctx context.Context, do func() (user, error)) (user, error) {
	select {
	case s.hashing <- struct{}{}:
		defer func() { <-s.hashing }()
		return do()
	case <-ctx.Done():
		return user{}, ctx.Err()
	}
}

// enter starts a session, always a new one, and goes on.
func (s *running) enter(w http.ResponseWriter, r *http.Request, u user, to string) {
	token, err := s.Store.begin(r.Context(), u)
	if err != nil {
		s.errorPage(w, r, err)
		return
	}
	s.Log.InfoContext(r.Context(), "signed in", "user", u.ID)
	s.setCookie(w, token, sessionLife)
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func (s *running) logout(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie(s.cookieName()); err == nil {
		if err := s.Store.logout(r.Context(), c.Value); err != nil {
			s.errorPage(w, r, err)
			return
		}
	}
	s.setCookie(w, "", -time.Second)
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

func (s *running) welcomePage(w http.ResponseWriter, r *http.Request) {
	role, err := s.Store.linkRole(r.Context(), r.PathValue("token"))
	if err != nil {
		s.linkProblem(w, r, err)
		return
	}
	p := s.page(r, "welcome")
	p.Body = map[string]string{"Role": role, "Min": strconv.Itoa(minPassword)}
	s.show(w, r, http.StatusOK, p)
}

func (s *running) linkProblem(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, errLinkUsed) {
		err = refuse(http.StatusGone, "link_used", "the link was used, or is too old")
	}
	s.errorPage(w, r, err)
}

func (s *running) welcome(w http.ResponseWriter, r *http.Request) {
	if !s.form(w, r) {
		return
	}
	token := r.PathValue("token")
	role, err := s.Store.linkRole(r.Context(), token)
	if err != nil {
		s.linkProblem(w, r, err)
		return
	}
	password := r.PostFormValue("password")
	if password != r.PostFormValue("again") {
		err = errDiffers
	}
	var u user
	if err == nil {
		u, err = s.checked(r.Context(), func() (user, error) {
			return s.Store.useLink(r.Context(), token, r.PostFormValue("name"), password)
		})
	}
	if key, ok := formError(err); ok {
		p := s.page(r, "welcome")
		p.Error = p.T(key, "min", minPassword)
		p.Body = map[string]string{"Role": role, "Name": checks.Clean(r.PostFormValue("name"), maxName), "Min": strconv.Itoa(minPassword)}
		s.show(w, r, http.StatusUnprocessableEntity, p)
		return
	}
	if err != nil {
		s.linkProblem(w, r, err)
		return
	}
	s.enter(w, r, u, "/hires")
}

// formError is the key of the text about what somebody typed.
func formError(err error) (string, bool) {
	for _, known := range []error{errName, errNameTaken, errPassword, errDiffers, errLogin, errLastAdmin} {
		if errors.Is(err, known) {
			return "error." + known.Error(), true
		}
	}
	return "", false
}

// account is what the account page shows.
type account struct {
	Users []user
	Link  string // a colleague's one-time link, shown once
	Min   int
}

func (s *running) accountPage(w http.ResponseWriter, r *http.Request) {
	s.showAccount(w, r, http.StatusOK, account{}, "", "")
}

func (s *running) showAccount(w http.ResponseWriter, r *http.Request, status int, a account, note, problem string) {
	p := s.page(r, "account")
	if p.User.Admin() {
		var err error
		if a.Users, err = s.Store.users(r.Context()); err != nil {
			s.errorPage(w, r, err)
			return
		}
	}
	a.Min = minPassword
	p.Body = a
	if note != "" {
		p.Note = p.T(note)
	}
	if problem != "" {
		p.Error = p.T(problem, "min", minPassword)
	}
	s.show(w, r, status, p)
}

func (s *running) password(w http.ResponseWriter, r *http.Request) {
	if !s.form(w, r) {
		return
	}
	u := signed(r)
	if wait, ok := s.mayTry(r, u.Name); !ok {
		retryAfter(w, wait)
		s.showAccount(w, r, http.StatusTooManyRequests, account{}, "", "error.login_rate")
		return
	}
	c, err := r.Cookie(s.cookieName())
	if err != nil {
		s.errorPage(w, r, refuse(http.StatusUnauthorized, ReasonLogin, "sign in first"))
		return
	}
	if r.PostFormValue("password") != r.PostFormValue("again") {
		err = errDiffers
	}
	if err == nil {
		_, err = s.checked(r.Context(), func() (user, error) {
			return u, s.Store.changePassword(r.Context(), u, c.Value, r.PostFormValue("old"), r.PostFormValue("password"))
		})
	}
	if key, ok := formError(err); ok {
		s.showAccount(w, r, http.StatusUnprocessableEntity, account{}, "", key)
		return
	}
	if err != nil {
		s.errorPage(w, r, err)
		return
	}
	s.showAccount(w, r, http.StatusOK, account{}, "account.changed", "")
}

func (s *running) colleague(w http.ResponseWriter, r *http.Request) {
	token, err := s.Store.newLink(r.Context(), roleRecruiter)
	if err != nil {
		s.errorPage(w, r, err)
		return
	}
	s.showAccount(w, r, http.StatusOK, account{Link: s.PublicURL + WelcomePath(token)}, "", "")
}

func (s *running) remove(w http.ResponseWriter, r *http.Request) {
	if !s.form(w, r) {
		return
	}
	id, err := strconv.ParseInt(r.PostFormValue("user"), 10, 64)
	if err != nil || id == signed(r).ID {
		s.errorPage(w, r, refuse(http.StatusUnprocessableEntity, ReasonMalformed, "no such account"))
		return
	}
	err = s.Store.removeUser(r.Context(), id)
	if key, ok := formError(err); ok {
		s.showAccount(w, r, http.StatusUnprocessableEntity, account{}, "", key)
		return
	}
	if err != nil {
		s.errorPage(w, r, err)
		return
	}
	s.showAccount(w, r, http.StatusOK, account{}, "account.removed", "")
}
