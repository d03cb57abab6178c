package browser

import (
	"bytes"
	"cmp"
	"context"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"deskready/checks"
)

// freedesktop finds browsers as Linux desktops do: by their launchers (Desktop Entry Specification), wherever the
// XDG Base Directory Specification, snap and flatpak put them. Only launchers of known browsers are opened.
type freedesktop struct {
	fsys fs.FS
	home string
	env  func(string) string
}

// A launcher is the desktop entry of a browser.
type launcher struct {
	product product
	id      string // "firefox.desktop"
	folder  string // the data folder it lies in
	exec    string // what it runs
	snap    string // name in snap
	flatpak string // id in flatpak
	handles bool   // opens https links
	weight  int    // InitialPreference, an old way to say which of several comes first
}

// maxFolders is how many folders the environment may name.
const maxFolders = 64

// dataFolders are where launchers lie, the first ones first.
func (d freedesktop) dataFolders() []string {
	folders := []string{d.homeFolder("XDG_DATA_HOME", ".local/share")}
	shared := cmp.Or(d.env("XDG_DATA_DIRS"), "/usr/local/share:/usr/share")
	folders = append(folders, strings.SplitN(shared, ":", maxFolders)...)
	if d.home != "" {
		folders = append(folders, path.Join(d.home, ".local/share/flatpak/exports/share"))
	}
	folders = append(folders, "/var/lib/flatpak/exports/share", "/var/lib/snapd/desktop")
	return absolute(folders)
}

// configFolders are where associations are set.
func (d freedesktop) configFolders() []string {
	folders := []string{d.homeFolder("XDG_CONFIG_HOME", ".config")}
	shared := cmp.Or(d.env("XDG_CONFIG_DIRS"), "/etc/xdg")
	return absolute(append(folders, strings.SplitN(shared, ":", maxFolders)...))
}

func (d freedesktop) homeFolder(name, otherwise string) string {
	if folder := d.env(name); folder != "" || d.home == "" {
		return folder
	}
	return path.Join(d.home, otherwise)
}

// absolute keeps each absolute folder once; relative ones are invalid by the specification.
func absolute(folders []string) []string {
	var out []string
	for _, f := range folders {
		if path.IsAbs(f) && !slices.Contains(out, path.Clean(f)) {
			out = append(out, path.Clean(f))
		}
	}
	return out
}

func (d freedesktop) launchers(ctx context.Context) []launcher {
	var all []launcher
	for _, folder := range d.dataFolders() {
		if ctx.Err() != nil {
			return all
		}
		entries, err := fs.ReadDir(d.fsys, inside(path.Join(folder, "applications")))
		if err != nil {
			continue
		}
		for _, e := range entries {
			if l, ok := d.launcher(folder, e.Name()); ok {
				all = append(all, l)
			}
		}
	}
	return all
}

// launcher opens the entry if it is named like one of a known browser.
func (d freedesktop) launcher(folder, id string) (launcher, bool) {
	p, ok := productOf(func(p product) bool {
		return slices.Contains(p.desktops, strings.ToLower(strings.TrimSuffix(id, ".desktop")))
	})
	if !ok || !strings.HasSuffix(id, ".desktop") {
		return launcher{}, false
	}
	data, err := read(d.fsys, path.Join(folder, "applications", id), maxEntry)
	if err != nil {
		return launcher{}, false
	}
	l, ok := parseLauncher(string(data))
	l.product, l.id, l.folder = p, id, folder
	return l, ok
}

// parseLauncher reads a desktop entry. Hidden ones are as good as deleted.
func parseLauncher(text string) (launcher, bool) {
	entry := parseINI(text)["Desktop Entry"]
	if entry["Hidden"] == "true" || entry["Exec"] == "" {
		return launcher{}, false
	}
	weight, _ := strconv.Atoi(entry["InitialPreference"]) // seldom there
	return launcher{
		exec: program(entry["Exec"]), snap: entry["X-SnapInstanceName"], flatpak: entry["X-Flatpak"], weight: weight,
		handles: slices.Contains(strings.Split(entry["MimeType"], ";"), "x-scheme-handler/https"),
	}, true
}

// program is the first word of a command line that is a program: settings of the environment before it are left out.
func program(exec string) string {
	words := strings.Fields(exec)
	if strings.HasPrefix(exec, `"`) {
		if end := strings.IndexByte(exec[1:], '"'); end > 0 {
			return exec[1 : end+1]
		}
	}
	for _, w := range words {
		if w != "env" && !strings.HasSuffix(w, "/env") && !strings.Contains(w, "=") {
			return w
		}
	}
	return ""
}

func (d freedesktop) browsers(ctx context.Context) []found {
	all := d.launchers(ctx)
	var wanted []string
	for _, l := range all {
		wanted = append(wanted, l.product.packages...)
	}
	packages := packaged(d.fsys, wanted)
	var out []found
	for _, l := range all {
		if ctx.Err() != nil {
			break
		}
		if f, ok := d.installed(l, packages); ok {
			out = append(out, f)
		}
	}
	return out
}

// installed finds the version behind a launcher. A launcher whose program is gone is none.
func (d freedesktop) installed(l launcher, packages map[string]string) (found, bool) {
	switch {
	case l.flatpak != "":
		return d.inFlatpak(l), true
	case l.snap != "" || strings.HasPrefix(l.exec, "/snap/bin/"):
		return d.inSnap(l), true
	}
	place := d.place(l.exec)
	if place == "" {
		return found{}, false
	}
	if l.product.mozilla {
		for _, folder := range append([]string{path.Dir(place)}, l.product.folders...) {
			if f, ok := mozillaIn(d.fsys, folder); ok {
				return f, true
			}
		}
	}
	for _, name := range l.product.packages {
		if v := versionIn(packages[name]); v != "" {
			return found{l.product.name, v}, true
		}
	}
	return found{l.product.name, d.described(l.id, "/usr/share")}, true
}

// place is where a program truly lies, named in full or found on the usual path; empty: nowhere.
func (d freedesktop) place(exec string) string {
	places := []string{exec}
	if !path.IsAbs(exec) {
		name := path.Base("/" + exec)
		places = []string{path.Join("/usr/local/bin", name), path.Join("/usr/bin", name), path.Join("/bin", name)}
	}
	for _, at := range places {
		if at = resolve(d.fsys, at); exec != "" && exists(d.fsys, at) {
			return at
		}
	}
	return ""
}

func (d freedesktop) inFlatpak(l launcher) found {
	id := path.Base("/" + l.flatpak)
	files := path.Join(l.folder, "../../app", id, "current/active/files") // the launcher lies in exports/share
	if l.product.mozilla {
		if f, ok := mozillaIn(d.fsys, path.Join(files, "lib/firefox")); ok {
			return f
		}
	}
	return found{l.product.name, d.described(id, path.Join(files, "share"))}
}

func (d freedesktop) inSnap(l launcher) found {
	name := path.Base("/" + cmp.Or(l.snap, path.Base(l.exec)))
	for _, root := range []string{"/snap", "/var/lib/snapd/snap"} {
		at := path.Join(root, name, "current")
		if l.product.mozilla {
			if f, ok := mozillaIn(d.fsys, path.Join(at, "usr/lib/firefox")); ok {
				return f
			}
		}
		if data, err := read(d.fsys, path.Join(at, "meta/snap.yaml"), maxEntry); err == nil {
			return found{l.product.name, parseSnap(string(data))}
		}
	}
	return found{l.product.name, ""}
}

// parseSnap reads the version in the description of a snap.
func parseSnap(text string) string {
	for line := range strings.Lines(text) {
		if v, ok := strings.CutPrefix(line, "version:"); ok {
			return versionIn(strings.Trim(strings.TrimSpace(v), `'"`))
		}
	}
	return ""
}

// described is the version in an application's AppStream description.
func (d freedesktop) described(id, share string) string {
	id = strings.TrimSuffix(id, ".desktop")
	for _, name := range []string{"metainfo/" + id + ".metainfo.xml", "metainfo/" + id + ".appdata.xml", "appdata/" + id + ".appdata.xml"} {
		if data, err := read(d.fsys, path.Join(share, name), maxList); err == nil {
			return parseMetainfo(bytes.NewReader(data))
		}
	}
	return ""
}

// preferred is what xdg-open would open an https link with: the associations that are set (Association between MIME
// types and applications 1.0), then the launchers that offer themselves, then what the distribution chose.
func (d freedesktop) preferred(ctx context.Context) (string, *checks.Problem) {
	all := d.launchers(ctx)
	byID := map[string]launcher{}
	for _, l := range slices.Backward(all) { // the first folder wins
		byID[l.id] = l
	}
	unknown := false
	for _, id := range d.associated() {
		if l, ok := byID[id]; ok {
			return l.product.name, nil
		}
		unknown = unknown || d.hasLauncher(id)
	}
	if unknown {
		return "", problem(codeUnknownDefault)
	}
	var best *launcher
	for i, l := range all {
		if l.handles && (best == nil || l.weight > best.weight) {
			best = &all[i]
		}
	}
	if best != nil {
		return best.product.name, nil
	}
	program := path.Base(resolve(d.fsys, "/usr/bin/x-www-browser"))
	if p, ok := productOf(func(p product) bool { return slices.Contains(p.programs, program) }); ok {
		return p.name, nil
	}
	return "", problem(codeNoDefault)
}

// associated are the launchers that are set for https links, in the order in which they are tried.
func (d freedesktop) associated() []string {
	var names []string
	for desktop := range strings.SplitSeq(strings.ToLower(d.env("XDG_CURRENT_DESKTOP")), ":") {
		if desktop != "" && !strings.Contains(desktop, "/") {
			names = append(names, desktop+"-mimeapps.list")
		}
	}
	names = append(names, "mimeapps.list")
	var files []string
	for _, folder := range d.configFolders() {
		for _, n := range names {
			files = append(files, path.Join(folder, n))
		}
	}
	for _, folder := range d.dataFolders() {
		for _, n := range names {
			files = append(files, path.Join(folder, "applications", n))
		}
	}
	var set, added []string
	for _, f := range files {
		data, err := read(d.fsys, f, maxList)
		if err != nil {
			continue
		}
		sections := parseINI(string(data))
		set = append(set, handlers(sections["Default Applications"])...)
		added = append(added, handlers(sections["Added Associations"])...)
	}
	return append(set, added...)
}

func handlers(section map[string]string) []string {
	return strings.FieldsFunc(section["x-scheme-handler/https"], func(r rune) bool { return r == ';' || r == ' ' })
}

// hasLauncher says whether there is such a launcher at all, of whatever application: it is not opened.
func (d freedesktop) hasLauncher(id string) bool {
	return slices.ContainsFunc(d.dataFolders(), func(folder string) bool {
		return exists(d.fsys, path.Join(folder, "applications", path.Base("/"+id)))
	})
}
