package main

import (
	"bufio"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"deskready/checks"
	"deskready/checks/all"
	"deskready/checks/office"
	"deskready/checks/path"
	"deskready/checks/system"
	"deskready/report"
	"deskready/report/guide"
	"deskready/report/render"
)

// askConsent shows what will be read, before anything is read, and takes the answer. What is refused is missing from
// the report, with that reason; the run goes on.
func (j *journey) askConsent(ctx context.Context) error {
	if j.resume { // it was consented to
		for _, c := range j.record.Consent {
			j.refused[c.Check] = !c.Granted
		}
		return nil
	}
	switch {
	case j.page != nil:
		if err := j.askOnPage(ctx); err != nil {
			return err
		}
	case !j.yes:
		if !j.asks {
			return usage("read `deskready data`, and add --yes if you agree", "nobody can be asked here whether the checks may read this computer")
		}
		if err := j.askAbout(ctx); err != nil {
			return err
		}
	}
	j.record.Consent = nil
	for _, c := range j.catalogue {
		switch {
		case !j.leftOut[c.Name]:
			j.record.Consent = append(j.record.Consent, report.Consent{Check: c.Name, Granted: !j.refused[c.Name]})
		case len(j.kept) > 0: // as it was answered when it was measured
			j.record.Consent = append(j.record.Consent, consentFor(c.Name, j.previous.Consent)...)
		}
	}
	return nil
}

func consentFor(check string, given []report.Consent) []report.Consent {
	var out []report.Consent
	for _, c := range given {
		if c.Check == check {
			out = append(out, c)
		}
	}
	return out
}

func (j *journey) askAbout(ctx context.Context) error {
	if j.inv != nil {
		j.say("%s\n", j.book.Text("cmd.invited", "name", j.inv.For, "employer", j.inv.Employer))
	}
	j.say("%s\n", j.book.Text("cmd.reads"))
	for _, c := range j.concerns() {
		j.say("  %s", j.book.Text(c.Check+".title"))
		for _, key := range c.Reads {
			j.say("    - %s", j.book.Text(key))
		}
		for _, key := range c.Otherwise {
			j.say("    - %s %s", j.book.Text("cmd.otherwise"), j.book.Text(key))
		}
	}
	j.say("\n%s\n", j.book.Text("cmd.promise"))
	if j.inv != nil && !j.noSend {
		j.say("%s\n", j.keeps())
	}
	answer, err := j.line(ctx, j.book.Text("cmd.agree"))
	if err != nil {
		return err
	}
	no := j.book.Text("cmd.no_words")
	if !refuses(answer, no) {
		return nil
	}
	for _, c := range j.catalogue {
		if j.leftOut[c.Name] {
			continue
		}
		answer, err := j.line(ctx, j.book.Text("cmd.agree_to", "check", j.book.Text(c.Name+".title")))
		if err != nil {
			return err
		}
		j.refused[c.Name] = refuses(answer, no)
	}
	return nil
}

// keeps says until when the employer keeps a report that is sent today.
func (j *journey) keeps() string {
	until := day(j.inv.KeptUntil(j.now()))
	if until == "" {
		return j.book.Text("cmd.keep.none", "employer", j.inv.Employer)
	}
	return j.book.Text("cmd.keep", "employer", j.inv.Employer, "day", until)
}

// day is a day of the hire's calendar; empty for none.
func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format(time.DateOnly)
}

// concerns are the checks that the person is asked about.
func (j *journey) concerns() []guide.Concern {
	var list []guide.Concern
	for _, c := range j.toBeRun() {
		if !j.leftOut[c.Name] {
			list = append(list, guide.Concern{Check: c.Name, Reads: c.Reads, Otherwise: j.otherwise(c)})
		}
	}
	return list
}

// toBeRun is the list of checks as it will read this computer: what a check reads depends on whether there is an
// employer's end to measure against.
func (j *journey) toBeRun() []checks.Check {
	o := all.Options{Path: path.Options{Endpoints: endpoints(j.pol)}, System: system.Options{Programs: programs(j.pol)}}
	if j.inv != nil && !j.noSend {
		t := &office.Ticket{Base: j.collector}
		o.Bandwidth.Ticket, o.Path.Ticket, o.Call.Ticket = t, t, t
	}
	return j.list(o)
}

// otherwise is what a check will read instead where the employer's end cannot be reached.
func (j *journey) otherwise(c checks.Check) []string {
	var keys []string
	for _, without := range j.catalogue {
		if without.Name != c.Name {
			continue
		}
		for _, key := range without.Reads {
			if !slices.Contains(c.Reads, key) {
				keys = append(keys, key)
			}
		}
	}
	return keys
}

// refuses says whether an answer begins like a "no": beginnings are those of the language, with spaces between.
// Everything else, Enter above all, is a yes to the question as it was put.
func refuses(answer, beginnings string) bool {
	answer = strings.ToLower(strings.TrimSpace(answer))
	return slices.ContainsFunc(strings.Fields(beginnings), func(no string) bool { return strings.HasPrefix(answer, no) })
}

// line asks for one line of the keyboard. The reader is left behind when ctx ends: a read of a terminal cannot be
// called back, and the program is about to end.
func (j *journey) line(ctx context.Context, prompt string) (string, error) {
	lines := render.Wrap(prompt, max(j.width()-20, 20)) // room for the answer
	fmt.Fprint(j.stderr, strings.Join(lines, "\n")+" ")
	type answer struct {
		text string
		err  error
	}
	got := make(chan answer, 1)
	go func() {
		text, err := bufio.NewReader(oneByte{j.stdin}).ReadString('\n')
		got <- answer{text, err}
	}()
	select {
	case a := <-got:
		if a.err != nil {
			return "", usage("answer at the keyboard, or add --yes to agree beforehand", "there was no answer: standard input has ended")
		}
		return strings.TrimSpace(a.text), nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// oneByte keeps a buffered reader from swallowing the next answer.
type oneByte struct {
	from interface{ Read([]byte) (int, error) }
}

func (o oneByte) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	return o.from.Read(p[:1])
}

// ask puts a check's question in the terminal, while the meter stands aside.
func (j *journey) ask(ctx context.Context, q checks.Question) (string, error) {
	if q.Panel != "" {
		return "", checks.ErrNoPanel
	}
	defer j.tellAsk.pause()()
	j.say("\n%s", j.book.Text(q.Key, q.Pairs...))
	for i, choice := range q.Choices {
		j.say("  %d  %s", i+1, j.book.Text(choice, q.Pairs...))
	}
	if len(q.Choices) == 0 {
		_, err := j.line(ctx, j.book.Text("cmd.press_enter"))
		return "", err
	}
	for {
		answer, err := j.line(ctx, j.book.Text("cmd.choose", "n", fmt.Sprint(len(q.Choices))))
		if err != nil {
			return "", err
		}
		var n int
		if _, err := fmt.Sscan(answer, &n); err == nil && n >= 1 && n <= len(q.Choices) {
			return q.Choices[n-1], nil
		}
	}
}
