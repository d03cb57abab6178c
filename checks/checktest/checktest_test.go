package checktest

import (
	"context"
	"encoding/json"
	"io/fs"
	"math"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"deskready/checks"
)

var (
	level = checks.Metric{ID: "mic.level", Unit: checks.DBFS, Better: checks.Higher, Decimals: 1}
	state = checks.Metric{ID: "mic.state", Unit: checks.Text, Values: []string{"on", "off"}}
)

// good is a check without fault, made anew each time.
func good() checks.Check {
	return checks.Check{
		Name: "mic", Metrics: []checks.Metric{level, state}, Reads: []string{"mic.reads.devices"}, Limit: time.Minute,
		Words: files(wordList(), wordList()),
		Measure: func(ctx context.Context, _ checks.Progress) ([]checks.Measurement, error) {
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-time.After(50 * time.Millisecond):
				return []checks.Measurement{level.Of("", -20), state.Named("", "on")}, nil
			}
		},
	}
}

func wordList() map[string]string {
	texts := map[string]string{}
	for _, key := range wanted(checks.Check{Name: "mic", Metrics: []checks.Metric{level, state}, Reads: []string{"mic.reads.devices"}}) {
		texts[key] = "text of " + key + " with {name}"
	}
	return texts
}

func files(en, es map[string]string) fs.FS {
	out := fstest.MapFS{}
	for name, texts := range map[string]map[string]string{"en.json": en, "es.json": es} {
		data, _ := json.Marshal(texts) // a map of strings
		out[name] = &fstest.MapFile{Data: data}
	}
	return out
}

func TestConforms(t *testing.T) {
	Conforms(t, good())
}

// spoil changes one text of one language.
func spoil(c *checks.Check, lang, key, text string) {
	en, es := wordList(), wordList()
	texts := map[string]map[string]string{"en": en, "es": es}[lang]
	texts[key] = text
	if text == "" {
		delete(texts, key)
	}
	c.Words = files(en, es)
}

func brings(measurements ...checks.Measurement) checks.MeasureFunc {
	return func(context.Context, checks.Progress) ([]checks.Measurement, error) { return measurements, nil }
}

// TestFaultsAreFound breaks one thing at a time, and wants just that named.
func TestFaultsAreFound(t *testing.T) {
	off := state.Named("", "off")
	for _, c := range []struct {
		name, rule, want string
		spoil            func(c *checks.Check)
	}{
		{"check name", "names", "one lower-case word", func(c *checks.Check) { c.Name = "Mic 1" }},
		{"no limit", "names", "limit 0s", func(c *checks.Check) { c.Limit = 0 }},
		{"long limit", "names", "limit 1h", func(c *checks.Check) { c.Limit = time.Hour }},
		{"no metrics", "names", "measures nothing", func(c *checks.Check) { c.Metrics = nil }},
		{"no reads", "names", "consent list", func(c *checks.Check) { c.Reads = nil }},
		{"metric twice", "names", "declared twice", func(c *checks.Check) { c.Metrics = append(c.Metrics, level) }},
		{"metric of another", "names", `metric id "cam.level"`, func(c *checks.Check) { c.Metrics[0].ID = "cam.level" }},
		{"metric in capitals", "names", `metric id "mic.Level"`, func(c *checks.Check) { c.Metrics[0].ID = "mic.Level" }},
		{"no unit", "names", "has no unit", func(c *checks.Check) { c.Metrics[0].Unit = "" }},
		{"vocabulary of a number", "names", "is no text", func(c *checks.Check) { c.Metrics[0].Values = []string{"1"} }},
		{"decimals", "names", "keeps -1 decimals", func(c *checks.Check) { c.Metrics[0].Decimals = -1 }},

		{"no words", "words", "has no words", func(c *checks.Check) { c.Words = nil }},
		{"no English", "words", "en.json is needed", func(c *checks.Check) { c.Words = fstest.MapFS{"es.json": {Data: []byte("{}")}} }},
		{"broken words", "words", "reading texts in", func(c *checks.Check) { c.Words = fstest.MapFS{"en.json": {Data: []byte("{")}} }},
		{"no title", "words", `en.json lacks "mic.title"`, func(c *checks.Check) { spoil(c, "en", "mic.title", "") }},
		{"blank text", "words", `en.json lacks "mic.title"`, func(c *checks.Check) { spoil(c, "en", "mic.title", " ") }},
		{"no consent text", "words", `es.json lacks "mic.reads.devices"`, func(c *checks.Check) { spoil(c, "es", "mic.reads.devices", "") }},
		{"no help", "words", `es.json lacks "mic.level.help"`, func(c *checks.Check) { spoil(c, "es", "mic.level.help", "") }},
		{"no remedy", "words", `en.json lacks "mic.state.remedy"`, func(c *checks.Check) { spoil(c, "en", "mic.state.remedy", "") }},
		{"no name of a value", "words", `es.json lacks "mic.state.off"`, func(c *checks.Check) { spoil(c, "es", "mic.state.off", "") }},
		{"other holes", "words", `es.json, "mic.title": fills in [{nombre}], English fills in [{name}]`, func(c *checks.Check) { spoil(c, "es", "mic.title", "de {nombre}") }},

		{"lie", "measures", "mic.level is missing by a fault of ours", func(c *checks.Check) { c.Measure = brings(level.Of("", math.NaN()), off) }},
		{"outside the vocabulary", "measures", `"half" is not in the vocabulary`, func(c *checks.Check) { c.Measure = brings(level.Of("", 1), state.Named("", "half")) }},
		{"not all", "measures", "mic.state is missing by a fault of ours", func(c *checks.Check) { c.Measure = brings(level.Of("", 1)) }},
		{"undeclared", "measures", "mic.more is missing by a fault of ours", func(c *checks.Check) {
			c.Measure = brings(level.Of("", 1), off, checks.Metric{ID: "mic.more", Unit: checks.Count}.Of("", 1))
		}},
		{"panic", "measures", "panic: boom", func(c *checks.Check) {
			c.Measure = func(context.Context, checks.Progress) ([]checks.Measurement, error) { panic("boom") }
		}},
		{"twice", "measures", `"mic.level" of "" by "tool" is there twice`, func(c *checks.Check) { c.Measure = brings(level.Of("", 1), level.Of("", 2), off) }},
		{"by nobody", "measures", `says "someone"`, func(c *checks.Check) {
			by := level.Of("", 1)
			by.By = "someone"
			c.Measure = brings(by, off)
		}},
		{"nobody's doing", "measures", "whose doing", func(c *checks.Check) {
			c.Measure = brings(level.Missing("", &checks.Problem{Code: checks.CodeAbsent}), off)
		}},
		{"own code without words", "measures", `es.json lacks "problem.muted"`, func(c *checks.Check) {
			c.Measure = brings(level.Missing("", &checks.Problem{Code: "muted", Side: checks.SideHire}), off)
		}},

		{"blame for the end", "stops", "mic.level, stopped, is missing by a fault of ours", func(c *checks.Check) {
			c.Measure = func(ctx context.Context, _ checks.Progress) ([]checks.Measurement, error) {
				<-ctx.Done()
				return []checks.Measurement{level.Missing("", &checks.Problem{Code: checks.CodeInternal, Side: checks.SideTool})}, nil
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			broken := good()
			c.spoil(&broken)
			found := false
			for _, rule := range rules {
				if rule.name == c.rule {
					found = strings.Contains(strings.Join(rule.faults(t.Context(), broken), "\n"), c.want)
				}
			}
			if !found {
				t.Errorf("%s does not say %q", c.rule, c.want)
			}
		})
	}
}

// TestHangIsNoFault holds that a check which does not listen is Run's to end: it says so, in time.
func TestHangIsNoFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		c := good()
		c.Measure = func(context.Context, checks.Progress) ([]checks.Measurement, error) { <-release; return nil, nil }
		if found := stops(t.Context(), c); len(found) > 0 {
			t.Errorf("%v", found)
		}
	})
}

func TestOwnCodeWithWords(t *testing.T) {
	c := good()
	en, es := wordList(), wordList()
	en["problem.muted"], es["problem.muted"] = "muted", "silenciado"
	c.Words = files(en, es)
	c.Measure = brings(level.Missing("", &checks.Problem{Code: "muted", Side: checks.SideHire}), state.Named("", "off"))
	Conforms(t, c)
}
