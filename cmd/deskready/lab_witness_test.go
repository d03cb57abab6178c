//go:build lab

package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"deskready/checks"
	"deskready/checks/bandwidth"
	"deskready/checks/lab"
	"deskready/checks/office"
	"deskready/report"
	"deskready/report/collector"
	"deskready/report/seal"
	"deskready/report/verify"
)

// A cheat's computer says what it likes: all but the checks named is made up, and splendid.
func (s *street) cheats(t *testing.T, measured, cut []string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "machines", "ready.json"))
	var m machine
	if err == nil {
		err = json.Unmarshal(data, &m)
	}
	if err != nil {
		t.Fatal(err)
	}
	m.Real, m.Cut = measured, cut
	m.Measurements = append(m.Measurements, splendid()...)
	file := filepath.Join(t.TempDir(), "machine.json")
	if data, err = json.Marshal(m); err == nil {
		err = os.WriteFile(file, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	s.environment = []string{"MACHINE=" + file}
}

// splendid is a call that voice-agent would like.
func splendid() []checks.Measurement {
	is := func(metric string, unit checks.Unit, value float64) checks.Measurement {
		return checks.Measurement{Metric: metric, Unit: unit, Value: value, By: checks.ByTool}
	}
	list := []checks.Measurement{
		is("call.mos", checks.MOS, 4.4), is("call.mos_loaded", checks.MOS, 4.4), is("call.rtt", checks.Seconds, 0.02),
		{Metric: "call.path", Unit: checks.Text, Text: "udp", By: checks.ByTool},
	}
	for _, way := range []string{"_up", "_down"} {
		list = append(list, is("call.loss"+way, checks.Ratio, 0), is("call.late"+way, checks.Ratio, 0), is("call.jitter"+way, checks.Seconds, 0.001))
	}
	return list
}

// draft measures under an invite, and leaves the report unsigned: a plain file, which its owner may edit.
func (s *street) draft(t *testing.T, policy string) (file string, r report.Report) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "hire.deskready.json")
	for range 3 {
		if v := s.check(t, s.invite(t, policy), "", nil, "--quick", "--out", out); !v.busy() {
			break
		}
	}
	file = stem(out) + ".draft.json"
	r, err := readDraft(file)
	if err != nil {
		t.Fatal(err)
	}
	return file, r
}

// handIn judges what is claimed, seals it by the enrolled key, sends it past the program, which would not, and has it verified
// as a recruiter would. The collector's answer is the reason of its refusal, or empty.
func (s *street) handIn(t *testing.T, r report.Report) (refused string, verified lab.Outcome) {
	t.Helper()
	pol, err := report.DecodePolicy(r.Policy.Compiled)
	if err != nil {
		t.Fatal(err)
	}
	r.Findings = pol.Judge(r.Results)
	r.Verdict = report.Decide(r.Findings)
	r.Confirmed = &report.Confirmed{Name: "Ana", Lang: "en", At: time.Now().UTC().Truncate(time.Second), TextDigest: report.Digest(nil)}
	file := filepath.Join(t.TempDir(), "hire.deskready.json")
	if err := os.WriteFile(file, s.seal(t, r), 0o600); err != nil {
		t.Fatal(err)
	}
	receipt := strings.Replace(file, ".deskready.", ".receipt.", 1)
	inv, err := verify.Invite(r.Invite.Sealed, time.Now(), nil)
	if err != nil {
		t.Fatal(err)
	}
	refused = lab.Result[string](t, s.Hire.Part(t, "send", inv.Collector, inv.Pin, file, receipt))
	return refused, lab.Finish(t, at(s.home, exec.CommandContext(t.Context(), s.program, "verify", file, "--trust", filepath.Join(s.data, "trust.json"), "--format", "json")))
}

// seal seals as the program does, and holds nothing against its own rules.
func (s *street) seal(t *testing.T, r report.Report) []byte {
	t.Helper()
	keys, err := filepath.Glob(filepath.Join(s.home, "config", "keys", "*.pem"))
	var data []byte
	for _, name := range keys {
		var key seal.Key
		if key, err = seal.LoadKey(name); err != nil {
			break
		}
		r = r.Signable()
		r.Version, r.Key = report.Version, key.Public().PEM()
		if data, err = json.Marshal(r); err != nil {
			break
		}
		about := seal.Subject{Name: "invite:" + r.Invite.ID, Digest: map[string]string{"sha256": strings.TrimPrefix(report.Digest(r.Invite.Sealed), "sha256:")}}
		if data, err = (seal.Statement{Subject: []seal.Subject{about}, PredicateType: report.PredicateType, Predicate: data}).Encode(); err == nil {
			data, err = seal.Seal(key, seal.InToto, data)
		}
	}
	if err != nil || len(keys) != 1 {
		t.Fatalf("%d keys: %v", len(keys), err)
	}
	return data
}

// send delivers a file from the hire's end, and keeps the receipt.
func send(t *testing.T, base, pin, file, receipt string) (refused string) {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got, err := collector.Client{Base: base, HTTP: httpClient(pin)}.Deliver(t.Context(), data)
	var no *collector.RefusedError
	switch {
	case errors.As(err, &no):
		return string(no.Reason)
	case err == nil:
		err = os.WriteFile(receipt, got, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return ""
}

// claim changes what is said to have been measured by somebody.
func claim(r report.Report, by string, change func(m *checks.Measurement)) report.Report {
	r.Results = slices.Clone(r.Results)
	for i := range r.Results {
		r.Results[i].Measurements = slices.Clone(r.Results[i].Measurements)
		for k := range r.Results[i].Measurements {
			if m := &r.Results[i].Measurements[k]; m.By == by {
				change(m)
			}
		}
	}
	return r
}

// tenfold multiplies the speeds.
func tenfold(m *checks.Measurement) {
	if m.Unit == checks.BitsPerSecond && m.Missing == nil {
		m.Value, m.Within, m.Samples = 10*m.Value, 0, nil
	}
}

// unwitnessed leaves out what the collector saw.
func unwitnessed(r report.Report) report.Report {
	r.Witness = nil
	r.Results = slices.Clone(r.Results)
	for i, result := range r.Results {
		r.Results[i].Measurements = slices.DeleteFunc(slices.Clone(result.Measurements), func(m checks.Measurement) bool { return m.By == checks.ByCollector })
	}
	return r
}

// borrowed carries the witness of another run.
func borrowed(r, from report.Report) report.Report {
	r = unwitnessed(r)
	r.Witness = from.Witness
	for i := range r.Results {
		for _, other := range from.Results {
			for _, m := range other.Measurements {
				if other.Check == r.Results[i].Check && m.By == checks.ByCollector {
					r.Results[i].Measurements = append(r.Results[i].Measurements, m)
				}
			}
		}
	}
	return r
}

// TestLabWitness has a hire cheat in every way that the protocol leaves open, under a policy that asks for the collector's
// own figures. Nobody gets through, and the honest one does.
func TestLabWitness(t *testing.T) {
	if lab.Role() == "send" {
		args := lab.Args(t)
		lab.Answer(t, send(t, args[0], args[1], args[2], args[3]))
		return
	}
	program := thisBinary(t)
	good := newStreet(t, program, lab.Line{Down: 20, Up: 8, RTT: 20 * time.Millisecond, Queue: 50 * time.Millisecond})
	good.serve(t)
	policy := good.once(t, "voice-agent")
	good.cheats(t, []string{"bandwidth", "call"}, nil)
	_, honest := good.draft(t, policy)
	try := func(name string, s *street, r report.Report, reason string, want int) {
		t.Run(name, func(t *testing.T) {
			refused, verified := s.handIn(t, r)
			if refused != reason || verified.ExitCode != want {
				t.Errorf("refused %q, verified with exit code %d, want %q and %d\n%s", refused, verified.ExitCode, reason, want, verified.Stdout)
			}
		})
	}
	try("honest", good, honest, "", exitReady)
	try("honest, and once more without the witness", good, unwitnessed(honest), "nonce_spent", exitUndecided)
	for name, how := range map[string]struct{ measured, cut []string }{
		"skips the call": {measured: []string{"bandwidth"}}, "skips the upload": {measured: []string{"call"}, cut: []string{"bandwidth"}},
	} {
		good.cheats(t, how.measured, how.cut)
		_, r := good.draft(t, policy)
		if name == "skips the call" { // what is refused for good is not on record: then follows what is
			try(name+", with the witness of another run", good, borrowed(r, honest), "nonce_unknown", 23)
			try(name+", with figures of its own for the collector's", good, forged(r), "witness", 20)
		}
		try(name, good, r, "", exitUndecided)
	}
	slow := newStreet(t, program, lab.Line{Down: 5, Up: 2, RTT: 20 * time.Millisecond, Queue: 50 * time.Millisecond})
	slow.serve(t)
	policy = slow.once(t, "voice-agent")
	slow.cheats(t, []string{"bandwidth"}, nil)
	_, r := slow.draft(t, policy)
	lie := claim(r, checks.ByTool, tenfold)
	try("ten times its speed, and in the collector's name", slow, claim(lie, checks.ByCollector, tenfold), "witness", 20)
	try("ten times its speed, with the witness of a good line", slow, borrowed(lie, honest), "untrusted", 20)
	try("ten times its speed", slow, lie, "", exitNotReady)
}

// forged adds figures in the collector's name that it never sealed.
func forged(r report.Report) report.Report {
	r.Results = slices.Clone(r.Results)
	for i := range r.Results {
		if r.Results[i].Check == "call" {
			m := splendid()[0]
			m.By = checks.ByCollector
			r.Results[i].Measurements = append(slices.Clone(r.Results[i].Measurements), m)
		}
	}
	return r
}

// TestLabTicketOfAnotherRun measures one run with the ticket of another: what the collector saw belongs to the ticket's
// run, and the run that is to profit has no witness.
func TestLabTicketOfAnotherRun(t *testing.T) {
	ctx, dir, program := t.Context(), filepath.Join(t.TempDir(), "data"), thisBinary(t)
	server := at(t.TempDir(), exec.CommandContext(ctx, program, "serve", "--listen", "127.0.0.1:0", "--data", dir, "--employer", "Acme"))
	server.Cancel = func() error { return server.Process.Signal(os.Interrupt) }
	out, err := server.StdoutPipe()
	if err == nil {
		err = server.Start()
	}
	if err == nil {
		_, err = out.Read(make([]byte, 1))
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Cancel(); _ = server.Wait() })
	file := filepath.Join(t.TempDir(), "invite.json")
	if o := lab.Finish(t, at(t.TempDir(), exec.CommandContext(ctx, program, "invite", "create", "--data", dir, "--for", "Ana", "--policy", "voice-agent", "--out", file))); o.ExitCode != 0 {
		t.Fatalf("%+v", o)
	}
	c, inv, runs := twoRuns(t, ctx, file)
	o := bandwidth.Options{Ticket: &office.Ticket{Base: inv.Collector, Token: runs[0].Ticket}, Transport: transport(inv.Pin), Quick: true, LowData: true}
	if _, err := bandwidth.New(o).Measure(ctx, func(checks.Event) {}); err != nil {
		t.Fatal(err)
	}
	if _, seen, err := c.Witness(ctx, inv, runs[0].Nonce); err != nil || len(seen.Measurements) == 0 {
		t.Errorf("of the ticket's own run: %d figures, %v", len(seen.Measurements), err)
	}
	refused := (*collector.RefusedError)(nil)
	if _, _, err := c.Witness(ctx, inv, runs[1].Nonce); !errors.As(err, &refused) || refused.Reason != collector.ReasonNoWitness {
		t.Errorf("of the other run: %v", err)
	}
}

func twoRuns(t *testing.T, ctx context.Context, file string) (c collector.Client, inv report.Invite, runs [2]collector.Run) {
	t.Helper()
	sealed, err := os.ReadFile(file)
	if err == nil {
		inv, err = verify.Invite(sealed, time.Now(), nil)
	}
	if err == nil {
		c = collector.Client{Base: inv.Collector, HTTP: httpClient(inv.Pin)}
		c.Key, err = seal.NewKey(rand.Reader)
	}
	if err == nil {
		err = c.Enrol(ctx, inv)
	}
	for i := range runs {
		if err == nil {
			runs[i], err = c.Begin(ctx, inv)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return c, inv, runs
}
