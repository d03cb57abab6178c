// Package all is the list of checks. A new check is its folder, an import and a line here; what it needs of the run, if
// anything, is a field of Options.
package all

import (
	"deskready/checks"
	"deskready/checks/audio"
	"deskready/checks/bandwidth"
	"deskready/checks/browser"
	"deskready/checks/call"
	"deskready/checks/path"
	"deskready/checks/system"
	"deskready/checks/workspace"
)

// Options join the checks to a run. The zero value describes them, for documentation and linting.
type Options struct {
	System    system.Options
	Browser   browser.Options
	Workspace workspace.Options
	Audio     audio.Options
	Path      path.Options
	Bandwidth bandwidth.Options
	Call      call.Options
}

// All is the list, in the order of reports.
func All(o Options) []checks.Check {
	return []checks.Check{
		system.New(o.System),
		browser.New(o.Browser),
		workspace.New(o.Workspace), // before the headset: a person is asked one thing after the other
		audio.New(o.Audio),
		path.New(o.Path),
		bandwidth.New(o.Bandwidth),
		call.New(o.Call), // after the load, whose call it reports
	}
}
