package browser

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"deskready/checks"
)

// A registry is what is read of the Windows registry. Paths begin with HKLM, HKCU or HKCR; what is not there is empty.
type registry interface {
	keys(path string) []string
	text(path, name string) string // name empty: the key's own value
}

// registered finds browsers as Windows does: among the programs registered for the start menu, by the paths of known
// programs, and in the folders where they install themselves for one user.
type registered struct {
	registry registry
	env      func(string) string
	version  func(path string) (version string, ok bool)           // of a program's file; not ok: there is no such file
	read     func(path string, limit int64) (data []byte, ok bool) // a file beside it
}

func (w registered) browsers(ctx context.Context) []found {
	var all []found
	for _, exe := range w.programs() {
		if ctx.Err() != nil {
			break
		}
		if f, ok := w.installed(exe); ok {
			all = append(all, f)
		}
	}
	return append(all, w.packages()...)
}

// maxKeys is how many registered browsers are looked at.
const maxKeys = 100

// programs are the paths of known browsers, each once.
func (w registered) programs() []string {
	var paths []string
	add := func(path string) {
		_, known := byProgram(path)
		if known && !slices.ContainsFunc(paths, func(p string) bool { return strings.EqualFold(p, path) }) {
			paths = append(paths, path)
		}
	}
	for _, clients := range []string{
		`HKLM\SOFTWARE\Clients\StartMenuInternet`, `HKLM\SOFTWARE\WOW6432Node\Clients\StartMenuInternet`,
		`HKCU\SOFTWARE\Clients\StartMenuInternet`,
	} {
		names := w.registry.keys(clients)
		for _, name := range names[:min(len(names), maxKeys)] {
			add(commandPath(w.registry.text(clients+`\`+name+`\shell\open\command`, "")))
		}
	}
	for _, hive := range []string{"HKLM", "HKCU"} {
		for _, exe := range []string{"chrome", "msedge", "firefox", "brave", "opera", "vivaldi"} {
			add(commandPath(w.registry.text(hive+`\SOFTWARE\Microsoft\Windows\CurrentVersion\App Paths\`+exe+`.exe`, "")))
		}
	}
	for _, name := range []string{"ProgramFiles", "ProgramFiles(x86)", "ProgramW6432", "LocalAppData"} {
		folder := strings.TrimRight(w.env(name), `\`)
		if folder == "" {
			continue
		}
		for _, p := range products {
			for _, exe := range p.exes {
				add(folder + exe)
				add(folder + `\Programs` + exe) // Opera for one user
			}
		}
	}
	return paths
}

func (w registered) installed(exe string) (found, bool) {
	version, ok := w.version(exe)
	if !ok {
		return found{}, false
	}
	p, _ := byProgram(exe)
	if p.mozilla {
		folder := exe[:strings.LastIndexByte(exe, '\\')+1]
		application, _ := w.read(folder+"application.ini", maxEntry)
		settings, _ := w.read(folder+"update-settings.ini", maxEntry)
		if f, ok := mozillaVersion(application, settings); ok {
			return f, true
		}
	}
	return found{p.name, versionIn(version)}, true
}

// byProgram knows a browser by the path of its program. Test channels, which lie elsewhere, are not known.
func byProgram(path string) (product, bool) {
	path = strings.ToLower(path)
	return productOf(func(p product) bool {
		return slices.ContainsFunc(p.exes, func(end string) bool { return strings.HasSuffix(path, end) })
	})
}

// maxCommand is how long a command line of Windows can be.
const maxCommand = 32 << 10

// commandPath is the program in a command line of the registry, in quotes or up to its ".exe".
func commandPath(command string) string {
	command = strings.TrimSpace(command)
	if len(command) > maxCommand {
		return ""
	}
	if rest, ok := strings.CutPrefix(command, `"`); ok {
		path, _, _ := strings.Cut(rest, `"`)
		return path
	}
	// Lower case may be longer than what it was made from; ASCII letters alone are compared.
	for i := 0; i+4 <= len(command); i++ {
		if strings.EqualFold(command[i:i+4], ".exe") {
			return command[:i+4]
		}
	}
	return ""
}

// preferred reads the choice of the user. Newer builds of Windows 11 keep it in UserChoiceLatest and leave the old
// UserChoice as it was, so that goes second.
func (w registered) preferred(context.Context) (string, *checks.Problem) {
	const https = `HKCU\Software\Microsoft\Windows\Shell\Associations\UrlAssociations\https`
	id := cmp.Or(
		w.registry.text(https+`\UserChoiceLatest\ProgId`, "ProgId"),
		w.registry.text(https+`\UserChoice`, "ProgId"),
	)
	if id == "" {
		return "", problem(codeNoDefault)
	}
	if !strings.ContainsAny(id, `\/`) {
		if p, ok := byPackage(w.registry.text(`HKCR\`+id+`\Application`, "AppUserModelID")); ok {
			return p.name, nil
		}
		if exe := commandPath(w.registry.text(`HKCR\`+id+`\shell\open\command`, "")); exe != "" {
			if f, ok := w.known(exe); ok {
				return f, nil
			}
		}
	}
	base, _, _ := strings.Cut(strings.ReplaceAll(id, "-", "."), ".")
	if p, ok := productOf(func(p product) bool {
		return slices.ContainsFunc(p.progIDs, func(known string) bool { return strings.EqualFold(known, base) })
	}); ok {
		return p.name, nil
	}
	return "", problem(codeUnknownDefault)
}

// known is the product of a program, the two kinds of Firefox told apart.
func (w registered) known(exe string) (string, bool) {
	p, ok := byProgram(exe)
	if !ok {
		return "", false
	}
	if f, ok := w.installed(exe); ok {
		return f.name, true
	}
	return p.name, true
}
