// Package checktest holds what every check must keep. A check's own test calls Conforms and goes on to what is special.
package checktest

import (
	"context"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"deskready/checks"
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
// and that it ends soon after it is told to. The check is run once, as it is given: give it a fake machine.
func Conforms(t *testing.T, c checks.Check) {
	t.Helper()
	t.Run("names", func(t *testing.T) { names(t, c) })
	t.Run("words", func(t *testing.T) { texts(t, c) })
	t.Run("measures", func(t *testing.T) { measures(t, c) })
	t.Run("stops", func(t *testing.T) { stops(t, c) })
}

func names(t *testing.T, c checks.Check) {
	if !checkName.MatchString(c.Name) {
		t.Errorf("check name %q: one lower-case word", c.Name)
	}
	if c.Limit <= 0 || c.Limit > 5*time.Minute {
		t.Errorf("limit %v: it needs one, and nobody waits longer than five minutes", c.Limit)
	}
	if len(c.Metrics) == 0 {
		t.Error("measures nothing")
	}
	if len(c.Reads) == 0 {
		t.Error("does not say what it reads: the consent list would be empty")
	}
	seen := map[string]bool{}
	for _, m := range c.Metrics {
		switch {
		case seen[m.ID]:
			t.Errorf("metric %s is declared twice", m.ID)
		case !metricName.MatchString(m.ID) || !strings.HasPrefix(m.ID, c.Name+"."):
			t.Errorf("metric id %q: %s.lower_case_words", m.ID, c.Name)
		case m.Unit == "":
			t.Errorf("metric %s has no unit", m.ID)
		case m.Values != nil && m.Unit != checks.Text:
			t.Errorf("metric %s has a vocabulary and is no text", m.ID)
		}
		seen[m.ID] = true
	}
}

// texts wants every text in every language the check has, with the same holes to fill in.
func texts(t *testing.T, c checks.Check) {
	languages := words.Languages(c.Words)
	if !slices.Contains(languages, words.Fallback) {
		t.Fatalf("languages %v: %s.json is needed", languages, words.Fallback)
	}
	want := wanted(c)
	english, err := words.Open(words.Fallback, c.Words)
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range languages {
		own, err := words.Open(words.Fallback, only{c.Words, lang})
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range want {
			if !own.Has(key) {
				t.Errorf("%s.json lacks %q", lang, key)
				continue
			}
			a, b := hole.FindAllString(english.Text(key), -1), hole.FindAllString(own.Text(key), -1)
			slices.Sort(a)
			slices.Sort(b)
			if !slices.Equal(a, b) {
				t.Errorf("%s.json, %q: fills in %v, English fills in %v", lang, key, b, a)
			}
		}
	}
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

func measures(t *testing.T, c checks.Check) {
	for result := range checks.Run(t.Context(), time.Now, []checks.Check{c}, nil) {
		for _, m := range c.Metrics {
			if !slices.ContainsFunc(result.Measurements, func(got checks.Measurement) bool { return got.Metric == m.ID }) {
				t.Errorf("no answer for %s", m.ID)
			}
		}
		for _, got := range result.Measurements {
			if got.Missing != nil && got.Missing.Code == checks.CodeInternal {
				t.Errorf("%s is missing by a fault of ours: %s", got.Metric, got.Missing.Detail)
			}
			if got.Missing != nil && got.Missing.Side == "" {
				t.Errorf("%s is missing and nobody's doing: %v", got.Metric, got.Missing)
			}
		}
	}
}

// stops wants an end within three times what Run promises.
func stops(t *testing.T, c checks.Check) {
	ctx, cancel := context.WithCancel(t.Context())
	began := time.Now()
	time.AfterFunc(20*time.Millisecond, cancel)
	for range checks.Run(ctx, time.Now, []checks.Check{c}, nil) {
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("ended %v after it was told to stop", took)
	}
}
