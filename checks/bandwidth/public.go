package bandwidth

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/showwin/speedtest-go/speedtest"

	"deskready/checks"
	"deskready/checks/office"
)

const (
	listHost    = "www.speedtest.net"
	maxList     = 256 << 10
	maxServers  = 20 // of the list, nearest first: each gets two small requests
	publicReply = 8 << 10
)

// publicServer picks the server with the shortest round trip of those that speedtest.net names for this place.
func publicServer(ctx context.Context, o Options, m *meter) (target, error) {
	m.searching()
	limit := 2 * o.Patience
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	lines := o.lines(2)
	defer lines.CloseIdleConnections()
	failed := make(chan error, 1)
	through := &listing{failed: failed, lines: lines,
		guard: &office.Guard{Transport: lines, Small: maxList, Patience: o.Patience}}
	engine := newEngine(through, 1, o.length())
	found := make(chan speedtest.Servers, 1)
	go func() {
		list, err := engine.FetchServerListContext(ctx)
		if err == nil && len(*list.Available()) > 0 {
			found <- *list.Available()
			return
		}
		through.fail(errNoServer)
	}()
	select {
	case list := <-found:
		return publicTarget(list[0].URL), nil
	case err := <-failed:
		return target{}, err
	case <-ctx.Done():
		return target{}, errNoServer
	}
}

var errNoServer = &checks.Problem{Code: checks.CodeNoNetwork, Detail: "no public server", Side: checks.SideLine}

func publicTarget(url string) target {
	return target{
		url: url,
		guard: func(transport http.RoundTripper, small int64, patience time.Duration) *office.Guard {
			return &office.Guard{Transport: transport, Small: small, Patience: patience}
		},
	}
}

// listing is the transport under the search for a server. The list is cleaned before speedtest-go reads it, which takes
// whatever comes: an entry of null would end the program.
type listing struct {
	guard  *office.Guard
	lines  *http.Transport
	failed chan<- error
}

func (l *listing) fail(err error) {
	select {
	case l.failed <- err:
	default: // the first says it
	}
}

func (l *listing) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Host != listHost {
		// One guard each: a server that does not answer holds up no other.
		one := &office.Guard{Transport: l.lines, Small: publicReply, Patience: l.guard.Patience}
		return one.RoundTrip(req)
	}
	resp, err := l.guard.RoundTrip(req)
	if err != nil {
		l.fail(publicly(office.Explain(err)))
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err == nil {
		body, err = cleanList(body)
	}
	if err != nil {
		p := &checks.Problem{Code: office.CodeGarbled, Detail: "server list", Side: checks.SideUnknown}
		l.fail(p)
		return nil, p
	}
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return resp, nil
}

// publicly says it of speedtest.net, which is no office: that it cannot be reached is the line's doing.
func publicly(p *checks.Problem) *checks.Problem {
	switch p.Code {
	case office.CodePortal, office.CodeGarbled, checks.CodeInterrupted:
		return p
	}
	return &checks.Problem{Code: checks.CodeNoNetwork, Detail: p.Detail, Side: checks.SideLine}
}

// listed is an entry of speedtest.net's server list: what of it is used.
type listed struct {
	ID  string `json:"id"`
	URL string `json:"url"`
}

// cleanList keeps the entries of a server list that can be used, and of them only what is needed.
func cleanList(data []byte) ([]byte, error) {
	if len(data) > maxList {
		return nil, fmt.Errorf("server list of %d bytes", len(data))
	}
	var list []listed
	if err := json.Unmarshal(data, &list, jsontext.AllowDuplicateNames(false)); err != nil {
		return nil, fmt.Errorf("reading server list: %w", err)
	}
	list = slices.DeleteFunc(list, func(l listed) bool { return !usable(l.URL) })
	if len(list) == 0 {
		return nil, fmt.Errorf("server list names no server")
	}
	return json.Marshal(list[:min(len(list), maxServers)])
}

func usable(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil &&
		len(address) < 300 && strings.HasPrefix(path.Base(u.Path), "upload.")
}
