package bandwidth

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"deskready/checks"
	"deskready/checks/office"
)

// latencyBody is what speedtest.net's latency.txt holds.
const latencyBody = "test=test\n"

// A desk is where a run takes its turn at the office end, and hears what that has counted.
type desk struct {
	ticket office.Ticket
	client *http.Client
}

func newDesk(o Options) *desk {
	guard := &office.Guard{Ticket: o.Ticket, Transport: o.lines(1), Small: maxCounts, Patience: o.Patience}
	return &desk{ticket: *o.Ticket, client: guard.Client()}
}

// ask sends a request to the desk; what stands in the way is a *checks.Problem.
func (d *desk) ask(ctx context.Context, method, what string) (counts, error) {
	req, err := http.NewRequestWithContext(ctx, method, d.ticket.At("speedtest/"+what), nil)
	if err != nil {
		return counts{}, &checks.Problem{Code: checks.CodeInternal, Detail: "office address", Side: checks.SideTool}
	}
	resp, err := d.client.Do(req)
	if err != nil {
		return counts{}, office.Explain(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return counts{}, office.Explain(err)
	}
	c, err := parseCounts(body)
	if err != nil {
		return counts{}, &checks.Problem{Code: office.CodeGarbled, Detail: "counts", Side: checks.SideOffice}
	}
	return c, nil
}

// counts asks for the count, again where the connection was lost.
func (d *desk) counts(ctx context.Context) (counts, error) {
	return d.insist(ctx, http.MethodGet, "counts")
}

func (d *desk) insist(ctx context.Context, method, what string) (counts, error) {
	const tries = 3
	for n := 1; ; n++ {
		c, err := d.ask(ctx, method, what)
		var p *checks.Problem
		if err == nil || n == tries || ctx.Err() != nil || !errors.As(err, &p) || !passing(p) {
			return c, err
		}
	}
}

// passing tells problems that may be over in a moment.
func passing(p *checks.Problem) bool {
	switch p.Code {
	case office.CodeLost, office.CodeRefused, checks.CodeNoNetwork:
		return true
	}
	return false
}

// queue waits for a turn.
func (d *desk) queue(ctx context.Context, longest time.Duration, m *meter) error {
	until := time.Now().Add(longest)
	for {
		_, err := d.insist(ctx, http.MethodPost, "begin")
		var p *checks.Problem
		busy := errors.As(err, &p) && p.Code == office.CodeBusy
		if !busy || time.Now().After(until) {
			return err
		}
		m.queued(time.Until(until))
	}
}

// release gives the turn back, for the next in the queue. Without it the office end waits a few seconds.
func (d *desk) release(ctx context.Context) {
	stopped := ctx.Err() != nil
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer cancel()
		_, _ = d.ask(ctx, http.MethodPost, "end")
		d.client.CloseIdleConnections()
	}()
	if !stopped {
		<-done
	}
}
