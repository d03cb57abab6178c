package checks

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// TestStopAtAnyMoment stops a run every quarter of a second: what was measured is kept, the rest says why it is missing,
// and it is over within the grace.
func TestStopAtAnyMoment(t *testing.T) {
	ends := map[string]time.Duration{"one": time.Second, "two": 2 * time.Second, "three": 3 * time.Second, "deaf": 5 * time.Second, "last": 6 * time.Second}
	for at := time.Duration(0); at < 7*time.Second; at += 250 * time.Millisecond {
		synctest.Test(t, func(t *testing.T) {
			deaf := check("deaf", func(context.Context, Progress) ([]Measurement, error) {
				time.Sleep(2 * time.Second)
				return []Measurement{load.Of("", 1)}, nil
			})
			list := []Check{check("one", after(time.Second)), check("two", after(2*time.Second)), check("three", after(time.Second)), deaf, check("last", after(time.Second))}
			for i := 2; i < 5; i++ {
				list[i].Alone = true
			}
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(at, cancel)
			began := time.Now()
			if at == 0 {
				cancel()
			}
			ended := map[string]int{}
			results := all(ctx, list, func(e Event) {
				if e.Ended {
					ended[e.Check]++
				}
			})
			if took := time.Since(began); took > at+grace {
				t.Errorf("stopped at %v, over at %v", at, took)
			}
			if len(results) != len(list) {
				t.Errorf("stopped at %v: %d results, want %d", at, len(results), len(list))
			}
			for _, r := range results {
				// A check that does not listen may still hand over within the grace. At the very moment, both are true.
				heard := ends[r.Check] < at || r.Check == "deaf" && at > 3*time.Second && ends[r.Check] < at+grace
				both := ends[r.Check] == at || r.Check == "deaf" && (ends[r.Check] == at+grace || at == 3*time.Second)
				if got := code(r); !both && (heard && got != "" || !heard && got != CodeInterrupted) {
					t.Errorf("stopped at %v: %s has code %q", at, r.Check, got)
				}
				if ended[r.Check] != 1 {
					t.Errorf("stopped at %v: %s ended %d times", at, r.Check, ended[r.Check])
				}
			}
			time.Sleep(10 * time.Second) // the deaf one ends in its own time
		})
	}
}

func TestBreakStopsTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told, begun []string
		var over bool
		stopped := make(chan error, 1)
		quick := check("quick", after(time.Second))
		slow := check("slow", func(ctx context.Context, tell Progress) ([]Measurement, error) {
			<-ctx.Done()
			stopped <- context.Cause(ctx)
			tell(Event{Step: "after"})
			return nil, nil
		})
		alone := check("alone", func(context.Context, Progress) ([]Measurement, error) {
			begun = append(begun, "alone")
			return nil, nil
		})
		alone.Alone = true
		began := time.Now()
		for r := range Run(t.Context(), time.Now, []Check{slow, quick, alone}, func(e Event) {
			if over {
				t.Errorf("heard %+v after the run was left", e)
			}
			told = append(told, e.Check)
		}) {
			if r.Check != "quick" {
				t.Errorf("first came %s", r.Check)
			}
			break
		}
		over = true
		if took := time.Since(began); took != time.Second {
			t.Errorf("left after %v", took)
		}
		synctest.Wait()
		select {
		case <-stopped:
		default:
			t.Error("the other check was not told to end")
		}
		if len(begun) > 0 {
			t.Errorf("begun although the run was left: %v", begun)
		}
		if !slices.Contains(told, "quick") {
			t.Errorf("heard %v", told)
		}
	})
}

// TestEvents holds that each event says whose it is, that only Run says "ended", once and as the last, and that events
// come one at a time: the counter below is not guarded, and the race detector looks on.
func TestEvents(t *testing.T) {
	const checks, events = 8, 50
	var heard []Event
	var list []Check
	for i := range checks {
		list = append(list, check(string(rune('a'+i)), func(_ context.Context, tell Progress) ([]Measurement, error) {
			for n := range events {
				tell(Event{Check: "forged", Ended: n%2 == 0, Done: float64(n) / events})
			}
			return []Measurement{load.Of("", 1)}, nil
		}))
	}
	all(t.Context(), list, func(e Event) { heard = append(heard, e) })
	count := map[string]int{}
	for _, e := range heard {
		count[e.Check]++
		if e.Ended != (count[e.Check] == events+1) {
			t.Errorf("%s: event %d says ended: %t", e.Check, count[e.Check], e.Ended)
		}
		if e.Ended && e.Done != 1 {
			t.Errorf("%s ended at %v", e.Check, e.Done)
		}
	}
	if len(count) != checks || len(heard) != checks*(events+1) {
		t.Errorf("%d events of %d checks, want %d of %d", len(heard), len(count), checks*(events+1), checks)
	}
}

// TestAskStandsStill holds that reading a question costs a check nothing of its limit, and everything else does.
func TestAskStandsStill(t *testing.T) {
	slowly := Ask(func(ctx context.Context, q Question) (string, error) {
		select {
		case <-time.After(time.Hour):
			return q.Choices[0], nil
		case <-ctx.Done():
			return "", ctx.Err()
		}
	})
	q := Question{Key: "a.ready", Choices: []string{"yes"}}
	for _, c := range []struct {
		name          string
		before, after time.Duration
		ask           func(ctx context.Context) error
		want          string
		took          time.Duration
	}{
		{"in time", 4 * time.Second, 5 * time.Second, func(ctx context.Context) error { _, err := slowly.Put(ctx, q); return err }, "", time.Hour + 9*time.Second},
		{"too slow afterwards", 4 * time.Second, 7 * time.Second, func(ctx context.Context) error { _, err := slowly.Put(ctx, q); return err }, CodeTimeout, time.Hour + 10*time.Second},
		{"twice", 9 * time.Second, 0, func(ctx context.Context) error {
			if _, err := slowly.Put(ctx, q); err != nil {
				return err
			}
			_, err := slowly.Put(ctx, q)
			return err
		}, "", 2*time.Hour + 9*time.Second},
		{"one within another", 4 * time.Second, 5 * time.Second, func(ctx context.Context) error {
			outer := Ask(func(ctx context.Context, q Question) (string, error) {
				if _, err := slowly.Put(ctx, q); err != nil {
					return "", err
				}
				return slowly(ctx, q) // the outer question is still open
			})
			_, err := outer.Put(ctx, q)
			return err
		}, "", 2*time.Hour + 9*time.Second},
		{"none", 4 * time.Second, 7 * time.Second, func(context.Context) error { return nil }, CodeTimeout, 10 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				asks := check("a", func(ctx context.Context, tell Progress) ([]Measurement, error) {
					if _, err := after(c.before)(ctx, tell); err != nil {
						return nil, err
					}
					if err := c.ask(ctx); err != nil {
						return nil, err
					}
					return after(c.after)(ctx, tell)
				})
				began := time.Now()
				got := all(t.Context(), []Check{asks}, nil)[0]
				if code(got) != c.want {
					t.Errorf("code %q, want %q", code(got), c.want)
				}
				if took := time.Since(began); took != c.took {
					t.Errorf("took %v, want %v", took, c.took)
				}
			})
		})
	}
}

// TestAskIsStopped holds that Ctrl-C ends a question that nobody answers, also one that does not listen.
func TestAskIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		for _, ask := range []Ask{
			func(ctx context.Context, _ Question) (string, error) { <-ctx.Done(); return "", ctx.Err() },
			func(context.Context, Question) (string, error) { <-release; return "", nil },
		} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			began := time.Now()
			asks := check("a", func(ctx context.Context, _ Progress) ([]Measurement, error) {
				_, err := ask.Put(ctx, Question{Key: "a.ready"})
				return nil, err
			})
			got := all(ctx, []Check{asks}, nil)[0]
			cancel()
			if took := time.Since(began); code(got) != CodeInterrupted || took > time.Minute+grace {
				t.Errorf("code %q after %v", code(got), took)
			}
		}
	})
}

func TestAskOutsideARun(t *testing.T) {
	answer, err := Ask(func(context.Context, Question) (string, error) { return "yes", nil }).Put(t.Context(), Question{})
	if answer != "yes" || err != nil {
		t.Errorf("%q, %v", answer, err)
	}
}
