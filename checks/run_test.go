package checks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var (
	load  = Metric{ID: "a.load", Unit: Ratio, Decimals: 2}
	name  = Metric{ID: "a.name", Unit: Text}
	class = Metric{ID: "a.class", Unit: Text, Values: []string{"good", "bad"}}
)

// check is one that measures as told.
func check(name string, f MeasureFunc) Check {
	return Check{Name: name, Metrics: []Metric{load}, Limit: 10 * time.Second, Measure: f}
}

// after measures once d has passed, or as much as it has when it is told to end.
func after(d time.Duration) MeasureFunc {
	return func(ctx context.Context, tell Progress) ([]Measurement, error) {
		tell(Event{Step: "waiting"})
		select {
		case <-time.After(d):
			return []Measurement{load.Of("", 0.5)}, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func all(ctx context.Context, list []Check, tell Progress) []Result {
	return slices.Collect(Run(ctx, time.Now, list, tell))
}

// code is why the first measurement is missing, or "" where it is there.
func code(r Result) string {
	if p := r.Measurements[0].Missing; p != nil {
		return p.Code
	}
	return ""
}

func TestRunSideBySideAndAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		spans := map[string][2]time.Duration{}
		began := time.Now()
		var list []Check
		for i, name := range []string{"solo", "slow", "quick", "duet"} {
			c := check(name, after(time.Duration(i+1)*time.Second))
			c.Alone = name == "solo" || name == "duet"
			measure := c.Measure
			c.Measure = func(ctx context.Context, tell Progress) ([]Measurement, error) {
				from := time.Since(began)
				defer func() {
					mu.Lock()
					defer mu.Unlock()
					spans[name] = [2]time.Duration{from, time.Since(began)}
				}()
				return measure(ctx, tell)
			}
			list = append(list, c)
		}
		var order []string
		for r := range Run(t.Context(), time.Now, list, nil) {
			order = append(order, r.Check)
			if code(r) != "" {
				t.Errorf("%s is missing: %s", r.Check, code(r))
			}
			mu.Lock()
			if want := (spans[r.Check][1] - spans[r.Check][0]).Seconds(); r.Seconds != want {
				t.Errorf("%s took %v s, want %v", r.Check, r.Seconds, want)
			}
			mu.Unlock()
		}
		if want := []string{"slow", "quick", "solo", "duet"}; !slices.Equal(order, want) {
			t.Errorf("order %v, want %v: as they end, those alone after the others", order, want)
		}
		want := map[string][2]time.Duration{
			"slow": {0, 2 * time.Second}, "quick": {0, 3 * time.Second},
			"solo": {3 * time.Second, 4 * time.Second}, "duet": {4 * time.Second, 8 * time.Second},
		}
		for name, span := range want {
			if spans[name] != span {
				t.Errorf("%s ran %v, want %v", name, spans[name], span)
			}
		}
	})
}

func TestLimitKeepsWhatWasMeasured(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
	}{
		{"silent", nil},
		{"says so", context.Canceled},
		{"blames another", &Problem{Code: CodeNoNetwork, Side: SideLine}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				slow := check("a", func(ctx context.Context, _ Progress) ([]Measurement, error) {
					<-ctx.Done()
					return []Measurement{load.Of("", 0.25)}, c.err
				})
				slow.Metrics = []Metric{load, name}
				got := all(t.Context(), []Check{slow}, nil)[0]
				if got.Seconds != 10 {
					t.Errorf("took %v s, want the limit of 10", got.Seconds)
				}
				if m := got.Measurements[0]; m.Missing != nil || m.Value != 0.25 {
					t.Errorf("what was measured is lost: %+v", m)
				}
				if m := got.Measurements[1]; m.Missing == nil || m.Missing.Code != CodeTimeout {
					t.Errorf("%+v, want it missing with code %s", m, CodeTimeout)
				}
			})
		})
	}
}

// TestHangIsAbandoned holds that a check which does not listen costs its limit and the grace, no more, and that nothing
// is heard of it afterwards.
func TestHangIsAbandoned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var heard []Event
		deaf := check("deaf", func(_ context.Context, tell Progress) ([]Measurement, error) {
			<-release
			tell(Event{Step: "late"})
			return []Measurement{load.Of("", 1)}, nil
		})
		began := time.Now()
		var results []Result
		for r := range Run(t.Context(), time.Now, []Check{deaf}, func(e Event) { heard = append(heard, e) }) {
			results = append(results, r)
			close(release)
			synctest.Wait()
		}
		if took := time.Since(began); took != deaf.Limit+grace {
			t.Errorf("given up after %v, want %v", took, deaf.Limit+grace)
		}
		if len(results) != 1 || code(results[0]) != CodeTimeout {
			t.Errorf("%+v, want one result, timed out", results)
		}
		if want := (Event{Check: "deaf", Done: 1, Ended: true}); !slices.Equal(heard, []Event{want}) {
			t.Errorf("heard %+v, want only that it ended", heard)
		}
	})
}

func TestPanicIsMissing(t *testing.T) {
	var none map[string]int
	for _, c := range []struct {
		name string
		f    func()
		want string
	}{
		{"own", func() { panic("boom") }, "panic: boom in deskready/checks.TestPanicIsMissing"},
		{"runtime", func() { none["a"] = 1 }, "panic: assignment to entry in nil map in deskready/checks.TestPanicIsMissing"},
		{"error", func() { panic(errors.New("odd")) }, "panic: odd in deskready/checks.TestPanicIsMissing"},
		{"private", func() { panic("open /home/ana/secret.txt: no") }, "panic: open [...] no in deskready/checks"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bad := check("bad", func(context.Context, Progress) ([]Measurement, error) { c.f(); return nil, nil })
			results := all(t.Context(), []Check{bad, check("good", after(0))}, nil)
			slices.SortFunc(results, func(a, b Result) int { return strings.Compare(a.Check, b.Check) })
			p := results[0].Measurements[0].Missing
			if p == nil || p.Code != CodeInternal || p.Side != SideTool {
				t.Fatalf("%+v, want a fault of the tool", results[0])
			}
			if !strings.HasPrefix(p.Detail, c.want) {
				t.Errorf("detail %q, want %q", p.Detail, c.want)
			}
			if strings.Contains(p.Detail, ".go") {
				t.Errorf("detail %q names a file", p.Detail)
			}
			if code(results[1]) != "" {
				t.Errorf("the other check did not go on: %+v", results[1])
			}
		})
	}
}

// TestSound holds what Run makes of what a check brings back.
func TestSound(t *testing.T) {
	fault := func(m Metric) Measurement { return m.Missing("", &Problem{Code: CodeInternal, Side: SideTool}) }
	for _, c := range []struct {
		name      string
		got, want Measurement
	}{
		{"value", load.Of("", 0.5), load.Of("", 0.5)},
		{"zero", load.Of("", 0), load.Of("", 0)},
		{"negative zero", load.Of("", -0.001), load.Of("", 0)},
		{"rounded", load.Of("", 0.125), load.Of("", 0.12)},
		{"rounded as decimal text", load.Of("", 0.145), load.Of("", 0.14)}, // the double lies under 0.145
		{"no number", load.Of("", math.NaN()), fault(load)},
		{"infinite", load.Of("", math.Inf(-1)), fault(load)},
		{"another unit", Measurement{Metric: load.ID, Value: 1, Unit: Seconds}, load.Of("", 1)},
		{"a number with a text", Measurement{Metric: load.ID, Value: 1, Text: "one"}, load.Of("", 1)},
		{"by another", Measurement{Metric: load.ID, Value: 1, By: ByBrowser}, Measurement{Metric: load.ID, Value: 1, Unit: Ratio, By: ByBrowser}},
		{"subject", load.Of(" a\x1b[31m\n b ", 1), load.Of("a[31m b", 1)},
		{"text", name.Named("", " Jabra\u202e  40 "), name.Named("", "Jabra 40")},
		{"empty text", name.Named("", " \u200b"), fault(name)},
		{"text with a series", Measurement{Metric: name.ID, Text: "x", Samples: []float64{math.NaN()}}, name.Named("", "x")},
		{"in the vocabulary", class.Named("", "good"), class.Named("", "good")},
		{"outside the vocabulary", class.Named("", "Good"), fault(class)},
		{
			"missing", Measurement{Metric: load.ID, Value: 3, Samples: []float64{1}, Missing: &Problem{Code: CodeAbsent, Detail: "no\x07ne", Side: SideHire}},
			load.Missing("", &Problem{Code: CodeAbsent, Detail: "none", Side: SideHire}),
		},
		{"undeclared", Measurement{Metric: "b.other", Value: 1, Unit: Hertz}, fault(Metric{ID: "b.other", Unit: Hertz})},
	} {
		t.Run(c.name, func(t *testing.T) {
			odd := check("a", func(context.Context, Progress) ([]Measurement, error) { return []Measurement{c.got}, nil })
			odd.Metrics = []Metric{load, name, class}
			found := 0
			for _, m := range all(t.Context(), []Check{odd}, nil)[0].Measurements {
				if m.Metric != c.got.Metric {
					if m.Missing == nil {
						t.Errorf("%s was not measured, and is there", m.Metric)
					}
					continue
				}
				found++
				if got, want := written(t, m), written(t, c.want); got != want {
					t.Errorf("got  %s\nwant %s", got, want)
				}
			}
			if found != 1 {
				t.Errorf("%d answers for %s", found, c.got.Metric)
			}
		})
	}
}

// written is a measurement as it stands in a report, but for the wording of faults of ours.
func written(t *testing.T, m Measurement) string {
	t.Helper()
	if m.Missing != nil && m.Missing.Code == CodeInternal {
		m.Missing.Detail = "a fault"
	}
	data, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestSamplesAreBounded(t *testing.T) {
	series := make([]float64, 2*MaxSamples)
	for i := range series {
		series[i] = 1.0 / 3
	}
	series[1] = math.Inf(1)
	c := check("a", func(context.Context, Progress) ([]Measurement, error) {
		m := load.Of("", 0.5)
		m.Samples = series
		return []Measurement{m}, nil
	})
	got := all(t.Context(), []Check{c}, nil)[0]
	samples := got.Measurements[0].Samples
	if len(samples) != MaxSamples-1 || samples[0] != 0.33 {
		t.Errorf("%d samples, the first %v; want %d, rounded", len(samples), samples[0], MaxSamples-1)
	}
	if _, err := json.Marshal(got); err != nil {
		t.Errorf("cannot be written: %v", err)
	}
}

func TestErrorsArePlaced(t *testing.T) {
	_, opening := os.Open("/no/such/user/ana/file.txt")
	for _, c := range []struct {
		err          error
		code, detail string
	}{
		{&Problem{Code: "stalled", Side: SideHire}, "stalled", ""},
		{fmt.Errorf("listening: %w", &Problem{Code: CodeDenied, Detail: "mic", Side: SideHire}), CodeDenied, "mic"},
		{errors.New("odd\nthing"), CodeInternal, "odd thing"},
		{fmt.Errorf("reading: %w", opening), CodeInternal, "reading: open [...] no such file or directory"},
		{errors.New("dial tcp 192.168.1.7:51234->[fe80::1]:443: refused by pc-of-ana.local"), CodeInternal, "dial tcp [...] refused by [...]"},
		{errors.New(`open C:\Users\ana: denied to ana@example`), CodeInternal, "open [...] denied to [...]"},
		{nil, CodeInternal, "not measured"},
	} {
		bad := check("a", func(context.Context, Progress) ([]Measurement, error) { return nil, c.err })
		p := all(t.Context(), []Check{bad}, nil)[0].Measurements[0].Missing
		if p == nil || p.Code != c.code || p.Detail != c.detail {
			t.Errorf("%v became %+v, want %s with %q", c.err, p, c.code, c.detail)
		}
	}
}

func TestRefusedAndLeftOut(t *testing.T) {
	c := check("a", func(context.Context, Progress) ([]Measurement, error) {
		t.Error("something was read")
		return nil, nil
	})
	c.Alone = true
	for want, c := range map[string]Check{CodeDenied: Refused(c), CodeNotRun: LeftOut(c)} {
		if got := code(all(t.Context(), []Check{c}, nil)[0]); got != want {
			t.Errorf("code %s, want %s", got, want)
		}
	}
}
