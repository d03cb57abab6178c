package main

import (
	"fmt"
	"io"
	"slices"
	"time"
)

// A trial is one tool on one line, once.
type trial struct {
	line   line
	tool   tool
	repeat int // from 1
}

// laying is about what a line and the servers behind it take before and after a trial, and waiting for quiet.
const laying = 5 * time.Second

// plan puts what is tried on one line together: what is compared was measured in the same minutes.
func (s settings) plan() ([]trial, error) {
	chosen, err := choose(lines(), func(l line) string { return l.name }, s.lines)
	if err != nil {
		return nil, fmt.Errorf("-lines: %w", err)
	}
	beside, err := choose(peers(), toolName, s.peers)
	if err != nil {
		return nil, fmt.Errorf("-peers: %w", err)
	}
	own, err := choose(modes(), toolName, s.modes)
	if err != nil {
		return nil, fmt.Errorf("-modes: %w", err)
	}
	var all []trial
	for _, l := range chosen {
		for n := range max(s.repeat, s.peerRepeat) {
			for _, t := range slices.Concat(beside, own) {
				if most := s.repeats(t); n < most {
					all = append(all, trial{l, t, n + 1})
				}
			}
		}
	}
	return all, nil
}

func (s settings) repeats(t tool) int {
	if t.check == nil {
		return s.peerRepeat
	}
	return s.repeat
}

// missing leaves out what has a row without an error.
func missing(todo []trial, rows []row) []trial {
	done := map[string]bool{}
	for _, r := range rows {
		if r.Error == "" {
			done[r.key()] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(todo), func(t trial) bool {
		return done[row{Line: t.line.name, Tool: t.tool.name, Repeat: t.repeat}.key()]
	})
}

func dryRun(out io.Writer, todo []trial) error {
	var all, of time.Duration
	for i, t := range todo {
		of += t.tool.takes + laying
		if i+1 < len(todo) && todo[i+1].line.name == t.line.name {
			continue
		}
		fmt.Fprintf(out, "%-16s %5.1f min\n", t.line.name, of.Minutes())
		all, of = all+of, 0
	}
	_, err := fmt.Fprintf(out, "%d trials, about %.0f minutes\n", len(todo), all.Minutes())
	return err
}
