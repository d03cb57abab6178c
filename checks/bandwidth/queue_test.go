package bandwidth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"deskready/checks"
	"deskready/checks/office"
)

// TestQueueIsAsLongAsItsPlace: who stands far behind waits longer before giving up, and the wait is told.
func TestQueueIsAsLongAsItsPlace(t *testing.T) {
	for place, want := range map[int64]time.Duration{0: 2 * time.Minute, 1: 145 * time.Second, 19: 2*time.Minute + 19*25*time.Second} {
		t.Run(fmt.Sprint(place), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &desk{ticket: office.Ticket{Base: "http://office.invalid", Token: "x"}}
				d.client = &http.Client{Transport: ways(func(*http.Request) (*http.Response, error) {
					time.Sleep(turn)
					d.place.Store(place)
					return nil, &checks.Problem{Code: office.CodeBusy, Side: checks.SideOffice}
				})}
				var left time.Duration
				m := &meter{options: Options{}.withDefaults(), tell: func(e checks.Event) {
					if e.Step != "bandwidth.step.queue" || e.Left <= 0 {
						t.Errorf("told %+v", e)
					}
					left = e.Left
				}}
				began := time.Now()
				err := d.queue(t.Context(), 2*time.Minute, m)
				var p *checks.Problem
				if !errors.As(err, &p) || p.Code != office.CodeBusy || p.Side != checks.SideOffice {
					t.Errorf("gave up with %v", err)
				}
				if took := time.Since(began); took < want || took > want+2*turn {
					t.Errorf("gave up after %v, want %v", took, want)
				}
				if place > 1 && left < time.Duration(place)*8*time.Second {
					t.Errorf("told of %v for %d turns", left, place)
				}
			})
		})
	}
}

// TestWaitingUsesNoLimit: the turns of others do not count against the time that the check may take.
func TestWaitingUsesNoLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{}
		d.client = &http.Client{Transport: ways(func(*http.Request) (*http.Response, error) {
			time.Sleep(turn)
			d.place.Store(9)
			return nil, &checks.Problem{Code: office.CodeBusy, Side: checks.SideOffice}
		})}
		c := New(Options{})
		c.Measure = func(ctx context.Context, tell checks.Progress) ([]checks.Measurement, error) {
			return nil, d.queue(ctx, 2*time.Minute, &meter{options: Options{}.withDefaults(), tell: tell})
		}
		for result := range checks.Run(t.Context(), time.Now, []checks.Check{c}, nil) {
			for _, m := range result.Measurements {
				if m.Missing == nil || m.Missing.Code != office.CodeBusy {
					t.Errorf("%+v", m)
				}
			}
		}
	})
}

// TestPlaces: the office says who is where in the queue.
func TestPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &Office{Secret: someSecret(), Now: time.Now}
		h := o.Handler()
		begin := func(run string) string {
			token := o.Secret.Issue(run, time.Now().Add(time.Hour), office.DefaultCaps())
			w := serve(h, "POST", "/s/"+token+"/speedtest/begin", "")
			return w.Header().Get(placeHeader)
		}
		for i, run := range []string{"a", "b", "c", "d", "c", "b"} {
			if got, want := begin(run), []string{"", "1", "2", "3", "2", "1"}[i]; got != want {
				t.Errorf("%s is told place %q, want %q", run, got, want)
			}
		}
		time.Sleep(2 * time.Minute) // all timers are over
	})
}

// TestOneAtATime: of twenty who come at once, never two measure at the same time.
func TestOneAtATime(t *testing.T) {
	o := &Office{Secret: someSecret(), Now: time.Now}
	var inside, most atomic.Int64 // hires who have the place: from when they hear of it until they give it back
	srv := httptest.NewServer(o.Handler())
	defer srv.Close()
	done := make(chan int, 20)
	for i := range 20 {
		go func() {
			at := srv.URL + "/s/" + o.Secret.Issue(fmt.Sprint("run", i), time.Now().Add(time.Minute), office.DefaultCaps()) + "/speedtest/"
			served := 0
			for range 400 {
				if !ask(http.MethodPost, at+"begin") {
					time.Sleep(10 * time.Millisecond)
					continue
				}
				n := inside.Add(1)
				for was := most.Load(); n > was && !most.CompareAndSwap(was, n); was = most.Load() {
				}
				if ask(http.MethodGet, at+"random350x350.jpg") {
					served++
				}
				inside.Add(-1)
				ask(http.MethodPost, at+"end")
				break
			}
			done <- served
		}()
	}
	sum := 0
	for range 20 {
		sum += <-done
	}
	if sum != 20 || most.Load() != 1 {
		t.Errorf("%d of 20 were served, %d at once", sum, most.Load())
	}
}

func ask(method, address string) bool {
	req, err := http.NewRequest(method, address, nil)
	if err != nil {
		return false
	}
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err == nil && resp.StatusCode == http.StatusOK
}

func FuzzPlace(f *testing.F) {
	for _, seed := range []string{"1", "200", "201", "0", "-1", "+3", "1e9", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if n := parsePlace(text); n < 0 || n > mostWaiting {
			t.Errorf("%q is place %d", text, n)
		}
	})
}
