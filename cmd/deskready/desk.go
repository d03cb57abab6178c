package main

import (
	"context"
	"os"
	"slices"
	"strings"

	"deskready/checks/system"
	"deskready/checks/workspace"
	"deskready/report"
)

// system joins the check of the computer to this run.
func (j *journey) system() system.Options {
	return system.Options{
		Home: j.home, Now: j.now, Env: j.env, Scratch: j.world.state, Programs: programs(j.pol), Record: j.facts,
	}
}

// workspace joins the questions about the place of work to this run.
func (j *journey) workspace() workspace.Options {
	return workspace.Options{Asked: asked(j.pol), Ask: j.asker()}
}

// programs are what the policy asks to look for, in the words of the check.
func programs(p report.Policy) []system.Program {
	var list []system.Program
	for _, one := range p.Programs {
		list = append(list, system.Program{Name: one.Name, Category: one.Category, Processes: one.Processes})
	}
	return list
}

// asked are the metrics that the policy has a rule for. A person is asked nothing that nobody wants to know.
func asked(p report.Policy) []string {
	var list []string
	for _, r := range p.Rules {
		if !slices.Contains(list, r.Metric) {
			list = append(list, r.Metric)
		}
	}
	return list
}

// wanted says whether a check has anything to do under the policy: one that only asks has nothing without a rule.
func wanted(check string, p report.Policy) bool {
	return check != "workspace" || slices.ContainsFunc(asked(p), func(metric string) bool { return strings.HasPrefix(metric, check+".") })
}

// probeFacts finds out before anything is measured whether the raw facts will have a place: a folder of their own.
func (j *journey) probeFacts(context.Context) error {
	if j.facts == "" {
		return nil
	}
	if err := os.MkdirAll(j.facts, 0o700); err != nil {
		return usage("name a folder that can be made", "--record %s: %v", j.facts, err)
	}
	if there, err := os.ReadDir(j.facts); err != nil || len(there) > 0 {
		return usage("name a new folder", "--record %s is no empty folder", j.facts)
	}
	return nil
}
