package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// modes are the ways in which deskready is run.
func modes() []tool {
	return []tool{
		mode("default", once, 14*time.Second, "--only", "bandwidth"),
		mode("exact", once, 28*time.Second, "--only", "bandwidth", "--exact"),
		mode("loaded", policy, 40*time.Second, "--only", "bandwidth,call"),
		mode("call", once, 25*time.Second, "--only", "call"),
		mode("quick", policy, 24*time.Second, "--only", "bandwidth,call,path", "--quick"),
		mode("full", once, 38*time.Second, "--only", "bandwidth,call,path"),
		mode("low-data", once, 25*time.Second, "--only", "bandwidth,call,path", "--low-data"),
	}
}

func mode(name, under string, takes time.Duration, args ...string) tool {
	return tool{name: name, takes: takes, under: under, check: args, run: func(ctx context.Context, s *stand) error { return s.deskready(ctx, under, args) }}
}

// said is what deskready's report holds of the line.
type said struct {
	Version  string             `json:"version"`
	Figures  map[string]float64 `json:"figures"`           // by metric and who says so: "bandwidth.upload collector"
	Texts    map[string]string  `json:"texts,omitempty"`   // likewise
	Missing  map[string]string  `json:"missing,omitempty"` // likewise: the problem's code and side
	Seconds  map[string]float64 `json:"seconds"`           // by check
	Findings []finding          `json:"findings"`
}

// A finding is how one rule of the policy came out.
type finding struct {
	Metric  string `json:"metric"`
	Outcome string `json:"outcome"`
	Require struct {
		Min *float64 `json:"min,omitempty"`
		Max *float64 `json:"max,omitempty"`
	} `json:"require"`
	Missing *struct {
		Code string `json:"code"`
	} `json:"missing,omitempty"`
}

// asked says whether the run was to measure what the finding is about.
func (f finding) asked() bool { return f.Missing == nil || f.Missing.Code != "not_run" }

const (
	officePort = 8440
	policy     = "voice-agent"
	once       = "home" // has nothing measured again: what is said of a mode's cost is said of one measurement
)

// judged are the exit codes of a check that came to a verdict: ready, not ready, undecided, not delivered.
func judged() []int { return []int{0, 10, 11, 12} }

// deskready is the whole journey: a collector at the office, an invite, a check at the hire's, its report sent.
func (s *stand) deskready(ctx context.Context, under string, check []string) error {
	data, invite := filepath.Join(s.folder, "data"), filepath.Join(s.folder, "hire.invite.json")
	server, err := s.serve(ctx, officePort, s.program, "serve", "--exact", "--listen", s.office.Addr+":"+strconv.Itoa(officePort), "--data", data, "--employer", "Acme")
	if err != nil {
		return err
	}
	if err := s.invite(ctx, under, data, invite); err != nil {
		return err
	}
	args := append([]string{"check", "--invite", invite, "--yes", "--name", "Ana", "--no-page", "--format", "json",
		"--out", filepath.Join(s.folder, "hire.deskready.json")}, check...)
	out, err := s.client(ctx, judged(), s.program, append(args, strings.Fields(s.args)...)...)
	s.row.Office = used(server.Process.Pid)
	if err != nil {
		return err
	}
	r, err := parseReport(out)
	if err != nil {
		return err
	}
	s.row.Said = r
	s.row.Download, s.row.Upload, s.row.RTT = r.figure("bandwidth.download"), r.figure("bandwidth.upload"), r.figure("bandwidth.rtt")
	return nil
}

// invite asks at the office, which may just be writing down where it is.
func (s *stand) invite(ctx context.Context, under, data, file string) error {
	for try := 0; ; try++ {
		cmd := exec.CommandContext(ctx, s.program, "invite", "create", "--data", data, "--for", "Ana", "--policy", under, "--out", file)
		cmd.Env = s.environment()
		out, err := cmd.CombinedOutput()
		if err == nil {
			return nil
		}
		if try == 20 {
			return fmt.Errorf("invite: %w: %s", err, tail(string(out)))
		}
		if err := sleep(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
}

func (r *said) figure(metric string) *float64 {
	if v, ok := r.Figures[metric+" tool"]; ok {
		return &v
	}
	return nil
}

// document is as much of a report as is needed here. It is read leniently: older programs are tried too.
type document struct {
	Tool    struct{ Version string }
	Results []struct {
		Check        string
		Seconds      float64
		Measurements []measurement
	}
	Findings []finding
	Error    *struct{ Code, Message string }
}

type measurement struct {
	Metric, By string
	Value      *float64
	Text       *string
	AtLeast    bool `json:"at_least"`
	Missing    *struct{ Code, Side string }
}

func parseReport(out []byte) (*said, error) {
	var doc document
	if err := json.Unmarshal(out, &doc); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	if doc.Error != nil {
		return nil, errors.New(doc.Error.Message)
	}
	r := &said{Version: doc.Tool.Version, Figures: map[string]float64{}, Texts: map[string]string{}, Missing: map[string]string{}, Seconds: map[string]float64{}}
	for _, result := range doc.Results {
		r.Seconds[result.Check] += result.Seconds
		for _, m := range result.Measurements {
			r.keep(m)
		}
	}
	for _, f := range doc.Findings {
		if ofLine(f.Metric) && f.asked() {
			r.Findings = append(r.Findings, f)
		}
	}
	return r, nil
}

func (r *said) keep(m measurement) {
	key := m.Metric + " " + m.By
	switch {
	case !ofLine(m.Metric):
	case m.Missing != nil:
		r.Missing[key] = m.Missing.Code + " " + m.Missing.Side
	case m.Text != nil:
		r.Texts[key] = *m.Text
	case m.Value != nil:
		r.Figures[key] = *m.Value
		if m.AtLeast {
			r.Texts[key] = "at least"
		}
	}
}

func ofLine(metric string) bool {
	check, _, _ := strings.Cut(metric, ".")
	return check == "bandwidth" || check == "call" || check == "path"
}
