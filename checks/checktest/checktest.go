// Package checktest holds what every check must keep. A check's own test calls Conforms and goes on to what is special.
package checktest

import (
	"context"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"deskready/checks"
	"deskready/checks/office"
	"deskready/checks/words"
)

// Words that render shows of any check, whatever it measures.
const (
	title  = ".title"  // of the check and of each metric
	remedy = ".remedy" // what the hire can do where the metric is not good enough
	help   = ".help"   // one sentence on what the metric is and why it matters
)

var (
	checkName  = regexp.MustCompile(`^[a-z]+$`)
	metricName = regexp.MustCompile(`^[a-z]+\.[a-z0-9]+(_[a-z0-9]+)*$`)
	hole       = regexp.MustCompile(`\{[a-z]+\}`)
)

// Conforms holds a check against the rules of the house: its name, its metrics, its words in every language, its limit,
// what it brings back, and that it ends soon after it is told to. The check is run twice, as it is given: give it a fake
// machine.
func Conforms(t *testing.T, c checks.Check) {
	t.Helper()
	for _, rule := range rules {
		t.Run(rule.name, func(t *testing.T) {
			for _, fault := range rule.faults(t.Context(), c) {
				t.Error(fault)
			}
		})
	}
}

// rules find the faults of a check. They return them rather than fail a test, so that they can be tried themselves.
var rules = []struct {
	name   string
	faults func(ctx context.Context, c checks.Check) faults
}{
	{"names", names},
	{"words", texts},
	{"measures", measures},
	{"stops", stops},
} // read only

type faults []string

func (f *faults) say(format string, args ...any) { *f = append(*f, fmt.Sprintf(format, args...)) }

func names(_ context.Context, c checks.Check) (found faults) {
	if !checkName.MatchString(c.Name) {
		found.say("check name %q: one lower-case word", c.Name)
	}
	if c.Limit <= 0 || c.Limit > 5*time.Minute {
		found.say("limit %v: it needs one, and nobody waits longer than five minutes", c.Limit)
	}
	if len(c.Metrics) == 0 {
		found.say("measures nothing")
	}
	if len(c.Reads) == 0 {
		found.say("does not say what it reads: the consent list would be empty")
	}
	seen := map[string]bool{}
	for _, m := range c.Metrics {
		switch {
		case seen[m.ID]:
			found.say("metric %s is declared twice", m.ID)
		case !metricName.MatchString(m.ID) || !strings.HasPrefix(m.ID, c.Name+"."):
			found.say("metric id %q: %s.lower_case_words", m.ID, c.Name)
		case m.Unit == "":
			found.say("metric %s has no unit", m.ID)
		case m.Values != nil && m.Unit != checks.Text:
			found.say("metric %s has a vocabulary and is no text", m.ID)
		case m.Decimals < 0 || m.Decimals > 9:
			found.say("metric %s keeps %d decimals", m.ID, m.Decimals)
		}
		seen[m.ID] = true
	}
	return found
}

// texts wants every text in every language the check has, with the same holes to fill in.
func texts(_ context.Context, c checks.Check) (found faults) {
	if c.Words == nil {
		found.say("has no words")
		return found
	}
	languages := words.Languages(c.Words)
	if !slices.Contains(languages, words.Fallback) {
		found.say("languages %v: %s.json is needed", languages, words.Fallback)
		return found
	}
	books := map[string]words.Book{}
	for _, lang := range languages {
		book, err := words.Open(words.Fallback, only{c.Words, lang})
		if err != nil {
			found.say("%v", err)
			return found
		}
		books[lang] = book
	}
	for _, lang := range languages {
		for _, key := range wanted(c) {
			text := books[lang].Text(key)
			if !books[lang].Has(key) || strings.TrimSpace(text) == "" {
				found.say("%s.json lacks %q", lang, key)
				continue
			}
			a, b := holes(books[words.Fallback].Text(key)), holes(text)
			if !slices.Equal(a, b) {
				found.say("%s.json, %q: fills in %v, English fills in %v", lang, key, b, a)
			}
		}
	}
	return found
}

func holes(text string) []string {
	all := hole.FindAllString(text, -1)
	slices.Sort(all)
	return all
}

func wanted(c checks.Check) []string {
	want := append([]string{c.Name + title}, c.Reads...)
	for _, m := range c.Metrics {
		want = append(want, m.ID+title, m.ID+help, m.ID+remedy)
		for _, v := range m.Values {
			want = append(want, m.ID+"."+v)
		}
	}
	return want
}

// only shows one language's file as if it were the fallback's.
type only struct {
	fs.FS
	lang string
}

func (o only) Open(name string) (fs.File, error) {
	if name == words.Fallback+".json" {
		name = o.lang + ".json"
	}
	return o.FS.Open(name)
}

// measures runs the check to its end.
func measures(ctx context.Context, c checks.Check) (found faults) {
	for result := range checks.Run(ctx, time.Now, []checks.Check{c}, nil) {
		for _, m := range c.Metrics {
			if !slices.ContainsFunc(result.Measurements, func(got checks.Measurement) bool { return got.Metric == m.ID }) {
				found.say("no answer for %s", m.ID)
			}
		}
		seen := map[string]bool{}
		for _, got := range result.Measurements {
			key := fmt.Sprintf("%q of %q by %q", got.Metric, got.Subject, got.By)
			if seen[key] {
				found.say("%s is there twice", key)
			}
			seen[key] = true
			if !slices.Contains([]string{checks.ByTool, checks.ByCollector, checks.ByBrowser, checks.ByHire}, got.By) {
				found.say("%s says %q, and nobody knows who that is", got.Metric, got.By)
			}
			found.missing(c, got)
		}
	}
	return found
}

// common are the codes that have words outside the checks.
var common = []string{
	checks.CodeAbsent, checks.CodeDenied, checks.CodeTimeout, checks.CodeInterrupted, checks.CodeUnsupported,
	checks.CodeNotRun, checks.CodeNoCollector, checks.CodeNoNetwork,
	office.CodeRefused, office.CodeBusy, office.CodeExpired, office.CodeForged, office.CodeSpent, office.CodePortal,
	office.CodeUntrusted, office.CodeLost, office.CodeGarbled,
} // read only

func (f *faults) missing(c checks.Check, got checks.Measurement) {
	p := got.Missing
	if p == nil {
		return
	}
	if p.Code == checks.CodeInternal {
		f.say("%s is missing by a fault of ours: %s", got.Metric, p.Detail)
		return
	}
	if !slices.Contains([]string{checks.SideHire, checks.SideLine, checks.SideOffice, checks.SideTool, checks.SideUnknown}, p.Side) {
		f.say("%s is missing, and whose doing is %q? %v", got.Metric, p.Side, p)
	}
	if c.Words == nil || slices.Contains(common, p.Code) {
		return
	}
	for _, lang := range words.Languages(c.Words) {
		if book, err := words.Open(words.Fallback, only{c.Words, lang}); err != nil || !book.Has("problem."+p.Code) {
			f.say("%s.json lacks %q", lang, "problem."+p.Code)
		}
	}
}

// stops wants an end within three times what Run promises, and no blame for it.
func stops(ctx context.Context, c checks.Check) (found faults) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	began := time.Now()
	time.AfterFunc(20*time.Millisecond, cancel)
	for result := range checks.Run(ctx, time.Now, []checks.Check{c}, nil) {
		for _, got := range result.Measurements {
			if got.Missing != nil && got.Missing.Code == checks.CodeInternal {
				found.say("%s, stopped, is missing by a fault of ours: %s", got.Metric, got.Missing.Detail)
			}
		}
	}
	if took := time.Since(began); took > 3*time.Second {
		found.say("ended %v after it was told to stop", took)
	}
	return found
}
