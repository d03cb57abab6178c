package main

import (
	"net"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/pflag"

	"deskready/checks"
	"deskready/checks/all"
	"deskready/checks/bandwidth"
	"deskready/checks/call"
	"deskready/checks/office"
	"deskready/checks/path"
	"deskready/report"
	"deskready/report/collector"
	"deskready/report/render"
)

// lineOptions are how thoroughly the line is measured.
type lineOptions struct {
	quick   bool
	lowData bool
	soak    time.Duration
	exact   bool // neither stops early nor counts bytes: for tables that are held against a truth
}

func (o *lineOptions) flags(f *pflag.FlagSet) {
	f.BoolVar(&o.quick, "quick", false, "shorter measurements of the line")
	f.BoolVar(&o.lowData, "low-data", false, "measure the line with at most 5 MB; speeds are then \"at least\"")
	f.DurationVar(&o.soak, "soak", 0, "with --only call: hold the test call for so `LONG` (10m), and say how steady it was")
	f.BoolVar(&o.exact, "exact", false, "measure to the end of the time, however many bytes that takes")
	_ = f.MarkHidden("exact") // there is such a flag: it was defined on the line before
}

const (
	shortestSoak = 30 * time.Second
	longestSoak  = time.Hour
)

func (o lineOptions) validate() error {
	switch {
	case o.exact && (o.quick || o.lowData):
		return usage("use one of them", "--exact goes neither with --quick nor with --low-data")
	case o.soak != 0 && o.quick:
		return usage("use one of them", "--soak and --quick do not go together")
	case o.soak != 0 && (o.soak < shortestSoak || o.soak > longestSoak):
		return usage("write it like --soak 10m", "--soak %v: between %v and %v", o.soak, shortestSoak, longestSoak)
	}
	return nil
}

// joinLine joins the checks of the line: one ticket for all, and a call that stands while the line is loaded.
func (j *journey) joinLine(o *all.Options) {
	pin := ""
	if j.record.ticket != nil {
		pin = j.inv.Pin
	}
	way := transport(pin)
	// Speed can be measured to somebody else. What stands in the way to the collector shows only there.
	ticket, toOffice := j.record.ticket, way
	if ticket == nil && j.unreached != nil {
		ticket, toOffice = j.unreached, transport(j.inv.Pin)
	}
	o.Bandwidth = bandwidth.Options{
		Ticket: j.record.ticket, Transport: way, Decisive: decisive(j.pol), Quick: j.quick, LowData: j.lowData, Exact: j.exact,
	}
	o.Path = path.Options{
		Ticket: ticket, Transport: toOffice, Now: j.world.now, Env: j.env, Endpoints: endpoints(j.pol), Quick: j.quick,
	}
	o.Call = call.Options{Ticket: ticket, Transport: toOffice, Soak: j.soak, Quick: j.quick, LowData: j.lowData}
	if j.record.ticket != nil && !j.leftOut["call"] && !j.refused["call"] {
		o.Call.Sampler = call.NewSampler(o.Call)
		o.Bandwidth.Beside = o.Call.Sampler.Run
	}
}

// ticketOf is what a run was given for the office ends; nil where the collector has none.
func (j *journey) ticketOf(run collector.Run) *office.Ticket {
	if run.Ticket == "" {
		return nil
	}
	t := &office.Ticket{Base: j.collector, Token: run.Ticket}
	if u, err := url.Parse(j.collector); err == nil && run.Media != 0 {
		t.Media = net.JoinHostPort(u.Hostname(), strconv.Itoa(run.Media))
	}
	return t
}

// endpoints are what the policy asks to reach, in the words of the check.
func endpoints(p report.Policy) []path.Endpoint {
	var list []path.Endpoint
	for _, e := range p.Endpoints {
		list = append(list, path.Endpoint{Profile: e.Profile, Host: e.Host, Port: e.Port, Proto: e.Proto, Region: e.Region})
	}
	return list
}

// decisive are the values at which a policy decides, of each metric: a measurement that is certain to lie on one side of
// all of them need not go on. Which side is good, no check ever hears.
func decisive(p report.Policy) map[string][]float64 {
	marks := map[string][]float64{}
	for _, r := range p.Rules {
		for _, bound := range []*float64{r.Require.Min, r.Require.Max, r.Prefer.Min, r.Prefer.Max} {
			if bound != nil && !slices.Contains(marks[r.Metric], *bound) {
				marks[r.Metric] = append(marks[r.Metric], *bound)
			}
		}
	}
	return marks
}

// tellSoak says how steady the long call was: no policy asks for that, so no finding does.
func (j *journey) tellSoak() {
	if j.soak == 0 {
		return
	}
	said := map[string]string{}
	for _, r := range j.record.Results {
		for _, m := range r.Measurements {
			if m.Missing == nil && m.By == checks.ByTool {
				said[m.Metric] = render.Quantity(j.book, m.Value, m.Unit)
			}
		}
	}
	bad, gaps, worst := said["call.soak_bad"], said["call.soak_gaps"], said["call.soak_worst"]
	if bad != "" && gaps != "" && worst != "" {
		j.say("%s", j.book.Text("cmd.soak", "bad", bad, "gaps", gaps, "worst", worst))
	}
}
