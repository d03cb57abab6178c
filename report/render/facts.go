package render

import (
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"deskready/checks"
	"deskready/checks/words"
	"deskready/report"
)

// A fact is a label and what stands beside it.
type fact struct {
	Label, Value string
	Code         bool // for machines: shown in a fixed pitch
	Wide         bool // takes a line of its own
}

// moment is a time as it can be read the same way everywhere.
func moment(b words.Book, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return isolated(b, strings.ReplaceAll(t.UTC().Format("2006-01-02 15:04 UTC"), " ", nbsp))
}

// short is the head of a digest: enough to tell policies apart at a glance.
func short(digest string) string {
	hex := strings.TrimPrefix(clean(digest), "sha256:")
	runes := []rune(hex)
	return string(runes[:min(len(runes), 8)])
}

// person is whom the report is about: who signed, else whom the invite is for.
func (v view) person() string {
	switch r := v.report; {
	case r.Confirmed != nil && r.Confirmed.Name != "":
		return clean(r.Confirmed.Name)
	case r.Invite != nil:
		return clean(r.Invite.For)
	}
	return ""
}

// head are the facts that everybody looks for.
func (v view) head() []fact {
	b, r := v.book, v.report
	when := moment(b, r.Began)
	if r.Seconds > 0 {
		when += " (" + b.Text("label.took", "time", quantity(b, r.Seconds, checks.Seconds, 2)) + ")"
	}
	return filled([]fact{
		{Label: b.Text("label.name"), Value: v.person()},
		{Label: b.Text("label.invite"), Value: v.invite()},
		{Label: b.Text("label.policy"), Value: v.policy()},
		{Label: b.Text("label.when"), Value: strings.TrimSpace(when)},
		{Label: b.Text("label.assurance"), Value: v.level(), Wide: true},
	})
}

func (v view) invite() string {
	if v.report.Invite == nil {
		return ""
	}
	return clean(v.report.Invite.ID)
}

func (v view) policy() string {
	name := clean(v.report.Policy.Name)
	if p, ok := v.compiled(); ok && p.Title != "" {
		name = clean(p.Title) + " (" + name + ")"
	}
	if d := short(v.report.Policy.Digest); d != "" {
		name += " v" + d
	}
	return name
}

// compiled is the policy itself, which only the signed form of a report carries.
func (v view) compiled() (report.Policy, bool) {
	if len(v.report.Policy.Compiled) == 0 {
		return report.Policy{}, false
	}
	p, err := report.DecodePolicy(v.report.Policy.Compiled)
	return p, err == nil
}

// waived are the points that an overlay took away, each with its reason.
func (v view) waived() []fact {
	p, ok := v.compiled()
	if !ok {
		return nil
	}
	var list []fact
	for _, w := range p.Waived {
		pt := point{Title: title(v.book, w.Metric), About: clean(w.Subject)}
		list = append(list, fact{Label: pt.of(v.book), Value: cleanTo(w.Reason, maxSaid) + " (" + clean(w.Role) + ")"})
	}
	return list
}

// more are the facts for those who file or examine the report.
func (v view) more() []fact {
	b, r := v.book, v.report
	tool := strings.TrimSpace(clean(r.Tool.Version) + " " + short(r.Tool.Commit))
	if os := clean(r.Tool.OS + "/" + r.Tool.Arch); os != "/" {
		tool += ", " + os
	}
	list := []fact{
		{Label: b.Text("label.run"), Value: clean(r.Run), Code: true, Wide: true},
		{Label: b.Text("label.digest"), Value: clean(r.Policy.Digest), Code: true, Wide: true},
		{Label: b.Text("label.tool"), Value: tool},
		{Label: b.Text("label.audience"), Value: clean(r.Audience)},
		{Label: b.Text("label.previous"), Value: clean(r.Previous), Code: true, Wide: true},
		{Label: b.Text("label.consent"), Value: v.consent(true)},
		{Label: b.Text("label.refused"), Value: v.consent(false)},
	}
	if r.Attempt > 0 {
		list = append(list, fact{Label: b.Text("label.attempt"), Value: strconv.Itoa(r.Attempt)})
	}
	if r.Offline {
		list = append(list, fact{Label: b.Text("label.offline"), Value: b.Text("label.yes")})
	}
	if c := r.Confirmed; c != nil {
		list = append(list,
			fact{Label: b.Text("label.signed"), Value: b.Text("label.signed_at", "name", clean(c.Name), "time", moment(b, c.At))},
			fact{Label: b.Text("label.text"), Value: strings.TrimSpace(clean(c.TextDigest) + " " + clean(c.Lang)), Code: true, Wide: true})
	}
	return filled(list)
}

func (v view) consent(granted bool) string {
	var list []string
	for _, c := range v.report.Consent {
		if c.Granted == granted {
			list = append(list, or(v.book, c.Check+".title", clean(c.Check)))
		}
	}
	return strings.Join(list, ", ")
}

func (v view) machine() []fact {
	var list []fact
	for _, key := range slices.Sorted(maps.Keys(v.report.Machine)) {
		list = append(list, fact{Label: or(v.book, "machine."+key, clean(key)), Value: clean(v.report.Machine[key])})
	}
	return filled(list)
}

func filled(list []fact) []fact {
	return slices.DeleteFunc(list, func(f fact) bool { return f.Value == "" })
}

func (v view) pending() bool { return v.report.State == "pending" }

// level is the assurance level in a sentence. A report that is not signed has none, whatever it says.
func (v view) level() string {
	switch a := v.report.Assurance; {
	case v.pending():
		return v.book.Text("assurance.pending")
	case a == "":
		return v.book.Text("assurance.none")
	case a == report.A0, a == report.A1, a == report.A2:
		return v.book.Text("assurance." + string(a))
	default:
		return v.book.Text("assurance.other", "level", clean(string(a)))
	}
}

// honest is the sentence that stands on each report. Its first half speaks of an enrolled key and of a collector that
// recomputed: below A1 that did not happen, and only what limits every report is said.
func (v view) honest() string {
	r := v.report
	if v.pending() || r.Invite == nil || r.Assurance != report.A1 && r.Assurance != report.A2 {
		return v.book.Text("honest.limits")
	}
	at := r.Began
	if r.Confirmed != nil {
		at = r.Confirmed.At
	}
	return v.book.Text("honest", "id", v.invite(), "date", isolated(v.book, at.UTC().Format(time.DateOnly)),
		"name", clean(r.Policy.Name), "n", short(r.Policy.Digest))
}

// A notice is something that stands open, and the command that ends it.
type notice struct{ Text, Command string }

// notices are what the reader must know of the report's state. The file is named as named says.
func (v view) notices(named func(string) string) []notice {
	r, f := v.report, report.Files{}
	if r.Files != nil {
		f = *r.Files
	}
	var list []notice
	if v.pending() {
		list = append(list, notice{v.book.Text("state.pending"), "deskready sign " + orFILE(named(f.Draft))})
	}
	switch {
	case r.Delivered == nil:
	case *r.Delivered:
		list = append(list, notice{Text: v.book.Text("state.delivered")})
	case !v.pending():
		list = append(list, notice{v.book.Text("state.undelivered"), "deskready send " + orFILE(named(f.Report))})
	}
	return list
}

// files are the places of what a run made.
func (v view) files() []fact {
	f := v.report.Files
	if f == nil {
		return nil
	}
	b := v.book
	return filled([]fact{
		{Label: b.Text("files.report"), Value: cleanTo(f.Report, maxPath)}, {Label: b.Text("files.draft"), Value: cleanTo(f.Draft, maxPath)},
		{Label: b.Text("files.receipt"), Value: cleanTo(f.Receipt, maxPath)}, {Label: b.Text("files.html"), Value: cleanTo(f.HTML, maxPath)},
	})
}

// verify is the command by which anybody checks the report.
func (v view) verify(named func(string) string) string {
	file := ""
	if v.report.Files != nil {
		file = v.report.Files.Report
	}
	return "deskready verify " + orFILE(named(file))
}

// quoted is a path as any shell takes it. One with characters that a shell obeys is left for the reader to fill in: what
// we print is copied and run.
func quoted(name string) string {
	safe := func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(` ._-/\:()~+,@=`, r)
	}
	if name != cleanTo(name, maxPath) || strings.HasPrefix(name, "-") || strings.ContainsFunc(name, func(r rune) bool { return !safe(r) }) {
		return ""
	}
	if strings.ContainsAny(name, " ()=,") {
		return `"` + name + `"`
	}
	return name
}

// leaf is a path's last part: a page travels, and the folders above name the person's account.
func leaf(name string) string {
	if name == "" {
		return ""
	}
	return quoted(path.Base(strings.ReplaceAll(name, `\`, "/")))
}

func orFILE(name string) string {
	if name == "" {
		return "FILE"
	}
	return name
}
