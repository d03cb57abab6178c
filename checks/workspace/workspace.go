// Package workspace asks the hire about the place of work: what no program can measure. The answers are declared, not
// measured, and a report says so. Only what the policy has a rule for is asked. How loud the room is over time is
// measured by the check of the headset (audio.room_noise).
package workspace

import (
	"context"
	"embed"
	"io/fs"
	"slices"
	"time"

	"deskready/checks"
)

//go:embed words
var texts embed.FS // read only

// Options are what the check needs to be told.
type Options struct {
	Ask   checks.Ask // nil: nobody is there, and everything is missing
	Asked []string   // the metrics that the policy has rules for; the others are not asked
}

// The metrics: each is one question.
var (
	quietRoom     = truth("quiet_room")
	door          = truth("door")
	backupLine    = truth("backup_line")
	backupPower   = truth("backup_power")
	secondMonitor = truth("second_monitor")
	focusMode     = truth("focus_mode")
)

func truth(name string) checks.Metric {
	return checks.Metric{ID: "workspace." + name, Unit: checks.Truth, Better: checks.Higher}
}

func metrics() []checks.Metric {
	return []checks.Metric{quietRoom, door, backupLine, backupPower, secondMonitor, focusMode}
}

// Codes of problems of this check's own.
const (
	codeNotAsked    = "not_asked"    // the policy has no rule for it
	codeNotDeclared = "not_declared" // nobody was there to answer
)

// The answers.
const (
	answerYes      = "workspace.yes"
	answerNo       = "workspace.no"
	answerDeclined = "workspace.declined"
)

// New is the check. It runs alone: a person who is asked moves the mouse and talks, and has one thing to answer at a time.
func New(o Options) checks.Check {
	sub, err := fs.Sub(texts, "words")
	if err != nil {
		panic(err) // the name is constant and good
	}
	return checks.Check{
		Name:    "workspace",
		Metrics: metrics(),
		Words:   sub,
		Reads:   []string{"workspace.reads.answers"},
		Limit:   30 * time.Second,
		Alone:   true,
		Measure: func(ctx context.Context, tell checks.Progress) ([]checks.Measurement, error) {
			return o.measure(ctx, tell)
		},
	}
}

// measure puts the questions one after the other. Answers given before it is stopped are kept.
func (o Options) measure(ctx context.Context, tell checks.Progress) ([]checks.Measurement, error) {
	var out []checks.Measurement
	for i, m := range metrics() {
		tell(checks.Event{Step: "workspace.title", Done: float64(i) / float64(len(metrics()))})
		got, err := o.declared(ctx, m)
		if err != nil {
			return out, err
		}
		got.By = checks.ByHire
		out = append(out, got)
	}
	return out, nil
}

// declared is what the hire says of one thing.
func (o Options) declared(ctx context.Context, m checks.Metric) (checks.Measurement, error) {
	switch {
	case !slices.Contains(o.Asked, m.ID):
		return m.Missing("", &checks.Problem{Code: codeNotAsked, Side: checks.SideOffice}), nil
	case o.Ask == nil:
		return m.Missing("", &checks.Problem{Code: codeNotDeclared, Side: checks.SideHire}), nil
	}
	answer, err := o.Ask.Put(ctx, checks.Question{Key: m.ID + ".question", Choices: []string{answerYes, answerNo, answerDeclined}})
	switch {
	case ctx.Err() != nil:
		return checks.Measurement{}, ctx.Err()
	case err != nil: // the keyboard or the page is gone
		return m.Missing("", &checks.Problem{Code: codeNotDeclared, Side: checks.SideHire}), nil
	}
	switch answer {
	case answerYes:
		return m.True("", true), nil
	case answerNo:
		return m.True("", false), nil
	}
	return m.Missing("", &checks.Problem{Code: checks.CodeDenied, Side: checks.SideHire}), nil
}
