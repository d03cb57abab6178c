package guide

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"deskready/checks"
	"deskready/checks/words"
	"deskready/report"
)

// About is what the person is told before anything else.
type About struct {
	Employer  string // who asks; empty: nobody, the person only wants to see
	Person    string // for whom the invite is
	Minutes   int    // that it takes
	Megabytes int    // that it moves over the line, at most
	// LowMegabytes is what it moves when asked to spare the line; zero: that is not offered.
	LowMegabytes int
	Until        string // the last day of the invite
	Begun        string // when a run began that was interrupted and can go on; empty: there is none
	Trouble      Trouble
}

// Trouble is what went wrong, in the words of whoever met it.
type Trouble struct{ Code, What, Hint string }

// Start is how the person wants to begin.
type Start struct {
	Link    string // of an invite
	File    []byte // an invite
	Go      bool   // goes on with the run that was interrupted
	Began   bool   // begins with what was told about
	LowData bool   // spares the line
}

const (
	maxLink   = 2000
	maxInvite = 128 << 10
)

// Welcome says what this is, for whom and how long it takes, and takes an invite where there is none yet.
func (g *Guide) Welcome(ctx context.Context, a About) (Start, error) {
	t := &turn{page: "welcome", stage: 1, body: a, form: form{
		"do": choice("begin", "go_on", "invite"), "low_data": choice("yes"), "link": {most: maxLink}, "file": {most: maxInvite, file: true},
	}}
	t.wrong = func(v url.Values) (string, string) {
		link := strings.TrimSpace(v.Get("link"))
		switch {
		case v.Get("do") != "invite" || v.Get("file") != "":
			return "", ""
		case link == "":
			return "welcome", "welcome.none"
		case !strings.HasPrefix(link, "https://") && !strings.HasPrefix(link, "http://"):
			return "welcome", "welcome.no_link"
		}
		return "", ""
	}
	v, err := g.put(ctx, t, g.Patience.Decision)
	if err != nil {
		return Start{}, err
	}
	if v.Get("do") == "invite" {
		return Start{Link: strings.TrimSpace(v.Get("link")), File: []byte(v.Get("file"))}, nil
	}
	return Start{Go: v.Get("do") == "go_on" && a.Begun != "", Began: true, LowData: v.Get("low_data") == "yes"}, nil
}

// A Concern is one check, as the person is asked about it.
type Concern struct {
	Check     string
	Reads     []string // keys of texts
	Otherwise []string // what is read instead where the employer's end cannot be reached
}

// A Request is what the person is asked to agree to.
type Request struct {
	Employer string // who gets the report; empty: nobody
	Keeps    string // the day until which the employer keeps a report that is sent today; empty: no day is promised
	List     []Concern
}

// Consent lists what will be read, before anything is read, and brings back what the person refused.
func (g *Guide) Consent(ctx context.Context, q Request) (map[string]bool, error) {
	fields := form{"do": choice("agree")}
	for _, c := range q.List {
		fields["without."+c.Check] = choice("yes")
	}
	v, err := g.put(ctx, &turn{page: "consent", stage: 2, form: fields, body: q}, g.Patience.Decision)
	if err != nil {
		return nil, err
	}
	refused := map[string]bool{}
	for _, c := range q.List {
		refused[c.Check] = v.Get("without."+c.Check) == "yes"
	}
	return refused, nil
}

// Ask is a checks.Ask. Who does not answer in time has not answered: the check goes on without.
func (g *Guide) Ask(ctx context.Context, q checks.Question) (string, error) {
	select {
	case g.asking <- struct{}{}:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	defer func() { <-g.asking }()
	if q.Panel != "" {
		return "", g.askPanel(ctx, q)
	}
	t := &turn{page: "question", stage: 3, body: q, form: form{}}
	if len(q.Choices) > 0 {
		t.form["choice"] = choice(q.Choices...)
		t.wrong = func(v url.Values) (string, string) {
			if !v.Has("choice") {
				return "question", "question.none"
			}
			return "", ""
		}
	}
	defer g.cover(t)()
	v, err := g.await(ctx, t, g.Patience.Answer, g.Patience.Answer)
	return v.Get("choice"), err
}

// cover puts a question over what goes on, which the function it returns shows again. A check that was given up may come
// back late: then the run is elsewhere, and nothing is uncovered.
func (g *Guide) cover(t *turn) (uncover func()) {
	below := g.now()
	g.show(t)
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.turn == t {
			again := *below
			again.reply = nil
			g.set(&again)
		}
	}
}

// An Outcome is what the run came to, before it is signed.
type Outcome struct {
	Report   report.Report
	Employer string // empty: it is sent to nobody
	Confirm  func(words.Book) string
	GoodName func(string) bool
	Date     string
	Again    []string // checks that it may help to measure once more
}

// A Decision is what the person does with it: signs it with this name, or has the failed checks measured again, or
// neither.
type Decision struct {
	Name  string
	Again bool
}

const maxName = 1000 // bytes; how many letters is the caller's

// Decide shows the result, then exactly what would be sent, and takes the signature.
func (g *Guide) Decide(ctx context.Context, o Outcome) (Decision, error) {
	t := &turn{page: "result", stage: 4, body: outcomeBody{Outcome: o}, form: form{
		"do": choice("again", "later", "sign"), "name": {most: maxName}, "lang": choice(g.Languages...),
	}}
	t.wrong = func(v url.Values) (string, string) {
		switch {
		case v.Get("do") == "":
			return "result", "result.none"
		case v.Get("do") != "sign":
			return "", ""
		case v.Get("lang") != g.Texts().Lang(): // the text that was read is the one that is signed
			return "sign", "sign.language"
		case !o.GoodName(v.Get("name")):
			return "sign", "sign.name_wrong"
		}
		return "", ""
	}
	v, err := g.put(ctx, t, g.Patience.Decision)
	if err != nil {
		return Decision{}, err
	}
	switch v.Get("do") {
	case "sign":
		return Decision{Name: strings.TrimSpace(v.Get("name"))}, nil
	case "again":
		return Decision{Again: len(o.Again) > 0}, nil
	}
	return Decision{}, nil
}

// A File is something that the person may keep.
type File struct {
	Name string // its key: "report", "receipt", "page", "draft"
	Path string
	Kind string // for the browser
}

// An Ending is how the run ended.
type Ending struct {
	Verdict   report.Verdict
	Employer  string
	Keeps     string // the day until which the employer keeps what was sent; empty: no day is promised
	Signed    bool
	Delivered *bool   // nil: there was nobody to deliver it to
	Refused   Trouble // why it was refused for good
	Files     []File
}

// Sent says whether the report has arrived.
func (e Ending) Sent() bool { return e.Delivered != nil && *e.Delivered }

// End shows what was done and what there is to keep, until the person closes the page, or wants what could not be sent
// to be sent again.
func (g *Guide) End(ctx context.Context, e Ending) (again bool, err error) {
	g.mu.Lock()
	for _, f := range e.Files {
		g.files[f.Name] = f
	}
	g.mu.Unlock()
	return g.farewell(ctx, &turn{page: "done", stage: 6, body: e, form: form{"do": choice("close", "again")}})
}

// Fail shows what made the run impossible.
func (g *Guide) Fail(ctx context.Context, t Trouble) error {
	_, err := g.farewell(ctx, &turn{page: "fault", body: t, form: form{"do": choice("close")}})
	return err
}

func (g *Guide) farewell(ctx context.Context, t *turn) (again bool, err error) {
	g.show(t)
	v, err := g.await(ctx, t, g.Patience.Farewell, g.Patience.Gone)
	if errors.Is(err, ErrNobody) { // and nobody needs to
		err = nil
	}
	if v.Get("do") == "again" {
		return true, nil
	}
	g.show(&turn{page: "closed"})
	return false, err
}
