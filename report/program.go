package report

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"deskready/checks"
)

// A Program is one that a policy asks to look for among those that run: it may take the headset, the line or the screen
// away from the job. A report names those that were found, and by this name alone.
type Program struct {
	Name      string   `json:"name"`
	Category  string   `json:"category"`  // one of Categories
	Processes []string `json:"processes"` // patterns of what its processes are called: without folder and ".exe", in any case
}

// What a policy may ask for: a list that says what to look for, and none that looks for everything.
const (
	mostPrograms  = 200
	mostProcesses = 12 // of one program
	leastLetters  = 2  // of a process, besides wildcards
	longestName   = 40
)

// Categories are the kinds of programs, which words and rules know.
func Categories() []string {
	return []string{"softphone", "remote_control", "recorder", "cloud_sync", "vpn", "game", "audio_effects", "other"}
}

func (p Program) sane() error {
	switch {
	case p.Name == "" || p.Name != checks.Clean(p.Name, longestName):
		return fmt.Errorf("a program has a name, of at most %d letters", longestName)
	case !slices.Contains(Categories(), p.Category):
		return fmt.Errorf("%s: no category is called %q; they are %s", p.Name, checks.Clean(p.Category, 60), strings.Join(Categories(), ", "))
	case len(p.Processes) == 0 || len(p.Processes) > mostProcesses:
		return fmt.Errorf("%s: name 1 to %d processes", p.Name, mostProcesses)
	}
	for _, pattern := range p.Processes {
		if err := saneProcess(pattern); err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
	}
	return nil
}

func saneProcess(pattern string) error {
	letters := len(strings.Map(func(r rune) rune {
		if strings.ContainsRune("*?[]", r) {
			return -1
		}
		return r
	}, pattern))
	switch _, err := path.Match(pattern, ""); {
	case err != nil:
		return fmt.Errorf("%q is no pattern: close each [ with a ]", pattern)
	case letters < leastLetters:
		return fmt.Errorf("%q would be found nearly everywhere: name the program's process", pattern)
	case len(pattern) > longestName || strings.ContainsAny(pattern, `/\`):
		return fmt.Errorf("%q: a process is named without its folder, in at most %d letters", checks.Clean(pattern, 60), longestName)
	case strings.HasSuffix(strings.ToLower(pattern), ".exe"):
		return fmt.Errorf("%q: leave out .exe: other systems have none", pattern)
	}
	return nil
}

func sanePrograms(list []Program) error {
	if len(list) > mostPrograms {
		return fmt.Errorf("%d programs, %d allowed", len(list), mostPrograms)
	}
	for i, p := range list {
		if err := p.sane(); err != nil {
			return err
		}
		if named(list[:i], p.Name) {
			return errors.New("two programs are called " + p.Name)
		}
	}
	return nil
}

func named(list []Program, name string) bool {
	return slices.ContainsFunc(list, func(p Program) bool { return strings.EqualFold(p.Name, name) })
}

// programSource is a program as people write it.
type programSource struct {
	Program
	line int
}

// programs reads a list of programs. Without processes, a program's process is called as it is.
func (l *linter) programs(node *yaml.Node) []programSource {
	var list []programSource
	for _, item := range l.sequence(node) {
		keys := l.mapping(item, "name", "category", "processes")
		if item.Kind != yaml.MappingNode {
			continue // said already
		}
		p := programSource{line: item.Line}
		p.Name, p.Category, p.Processes = l.text(keys["name"]), l.text(keys["category"]), l.texts(keys["processes"])
		if keys["processes"] == nil {
			p.Processes = []string{strings.ToLower(p.Name)}
		}
		list = append(list, p)
	}
	return list
}

// lookFor gives the programs of a policy's lines, besides those that are there.
func (l *linter) lookFor(have []Program, list []programSource) []Program {
	for _, p := range list {
		switch err := p.sane(); {
		case err != nil:
			l.say(p.line, "%v", err)
		case named(have, p.Name):
			l.say(p.line, "%s is already in the list", p.Name)
		case len(have) == mostPrograms:
			l.say(p.line, "with this there are %d programs, %d allowed", mostPrograms+1, mostPrograms)
			return have
		default:
			have = append(have, p.Program)
		}
	}
	return have
}
