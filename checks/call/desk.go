package call

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"deskready/checks"
	"deskready/checks/office"
)

// A desk is the hire's way to the office over HTTPS: signalling, and the accounts of both ends.
type desk struct {
	ticket office.Ticket
	lines  *http.Transport
	client *http.Client

	mu     sync.Mutex
	remote netip.Addr    // where the office was reached; zero behind a proxy
	sent   time.Time     // when the last request was
	waited time.Duration // for a busy office
}

const deskPatience = 8 * time.Second

func newDesk(o Options) *desk {
	d := &desk{ticket: *o.Ticket, lines: o.Transport.Clone()}
	guard := &office.Guard{Ticket: o.Ticket, Transport: d.lines, Small: maxAccount, Patience: deskPatience}
	d.client = guard.Client()
	return d
}

func (d *desk) close() { d.lines.CloseIdleConnections() }

// post sends a request; what stands in the way is a *checks.Problem.
func (d *desk) post(ctx context.Context, what string, v any) ([]byte, error) {
	var body []byte
	if v != nil {
		var err error
		if body, err = json.Marshal(v); err != nil {
			return nil, err
		}
	}
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(c httptrace.GotConnInfo) { d.reached(c.Conn.RemoteAddr()) }})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.ticket.At("call"+what), bytes.NewReader(body))
	if err != nil {
		return nil, &checks.Problem{Code: checks.CodeInternal, Detail: "office address", Side: checks.SideTool}
	}
	resp, err := d.client.Do(req)
	if err != nil {
		return nil, office.Explain(err)
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, office.Explain(err)
	}
	return got, nil
}

func (d *desk) reached(addr net.Addr) {
	tcp, ok := addr.(*net.TCPAddr)
	direct := ok && d.proxy() == nil
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.sent = time.Now(); direct {
		d.remote = tcp.AddrPort().Addr().Unmap()
	}
}

// ring asks for a call, and again for a while where the office is busy.
func (d *desk) ring(ctx context.Context, ask offer) (answer, error) {
	const tries = 5 // the guard waits as long as the office asks
	began := time.Now()
	for n := 1; ; n++ {
		body, err := d.post(ctx, "", ask)
		if n > 1 {
			d.mu.Lock()
			d.waited = d.sent.Sub(began)
			d.mu.Unlock()
		}
		var p *checks.Problem
		if err == nil {
			a, err := parseAnswer(body)
			if err != nil {
				return answer{}, garbled("answer")
			}
			return a, nil
		}
		if n == tries || !errors.As(err, &p) || p.Code != office.CodeBusy && p.Code != office.CodeLost {
			return answer{}, err
		}
	}
}

func garbled(what string) *checks.Problem {
	return &checks.Problem{Code: office.CodeGarbled, Detail: what, Side: checks.SideOffice}
}

// insist posts once more where the connection was lost.
func (d *desk) insist(ctx context.Context, what string, v any) ([]byte, error) {
	body, err := d.post(ctx, what, v)
	var p *checks.Problem
	if errors.As(err, &p) && p.Code == office.CodeLost {
		return d.post(ctx, what, v)
	}
	return body, err
}

// silence stops the office, and hears how much it said.
func (d *desk) silence(ctx context.Context, id string) (map[stage]uint32, error) {
	body, err := d.insist(ctx, "/"+id+"/stop", nil)
	if err != nil {
		return nil, err
	}
	c, err := parseCounted(body)
	if err != nil {
		return nil, garbled("counts")
	}
	out := map[stage]uint32{}
	for name, n := range c.Sent {
		out[stageOf(name)] = n
	}
	return out, nil
}

// account exchanges accounts, by stage.
func (d *desk) account(ctx context.Context, id string, mine account) (map[stage]entry, error) {
	body, err := d.insist(ctx, "/"+id+"/account", mine)
	if err != nil {
		return nil, err
	}
	theirs, err := parseAccount(body)
	if err != nil {
		return nil, garbled("account")
	}
	out := map[stage]entry{}
	for _, e := range theirs.Entries {
		out[stageOf(e.Stage)] = e
	}
	return out, nil
}

func (d *desk) hangUp(ctx context.Context, id string) { _, _ = d.post(ctx, "/"+id+"/end", nil) }
