package browser

import (
	"bytes"
	"io/fs"
	"slices"
	"strings"
)

// packaged are the versions of the wanted packages, as the distribution's own lists have them. RPM keeps its list in a
// database: there the browsers' own descriptions tell.
func packaged(fsys fs.FS, wanted []string) map[string]string {
	if len(wanted) == 0 {
		return nil
	}
	if data, err := read(fsys, "/var/lib/dpkg/status", maxDpkg); err == nil {
		return parseDpkg(data, wanted)
	}
	entries, err := fs.ReadDir(fsys, inside("/var/lib/pacman/local"))
	if err != nil {
		return nil
	}
	versions := map[string]string{}
	for _, e := range entries {
		if name, version := pacman(e.Name()); slices.Contains(wanted, name) {
			versions[name] = version
		}
	}
	return versions
}

// pacman reads the name of a folder of Arch Linux's list: NAME-VERSION-RELEASE, where only the name may hold hyphens.
func pacman(folder string) (name, version string) {
	rest, release := cutLast(folder)
	name, version = cutLast(rest)
	if release == "" || name == "" {
		return "", ""
	}
	return name, version
}

func cutLast(text string) (before, after string) {
	i := strings.LastIndexByte(text, '-')
	if i < 0 {
		return "", text
	}
	return text[:i], text[i+1:]
}

// parseDpkg reads the versions of the wanted packages, if they are installed (deb-control(5), dpkg-query(1)).
func parseDpkg(data []byte, wanted []string) map[string]string {
	versions := map[string]string{}
	var name, version string
	installed := false
	keep := func() {
		if installed && version != "" && slices.Contains(wanted, name) {
			versions[name] = version
		}
		name, version, installed = "", "", false
	}
	for line := range bytes.Lines(data) {
		key, value, ok := bytes.Cut(line, []byte(":"))
		switch {
		case len(bytes.TrimSpace(line)) == 0:
			keep()
		case !ok || line[0] == ' ': // a line that goes on
		case string(key) == "Package":
			name = string(bytes.TrimSpace(value))
		case string(key) == "Version":
			version = string(bytes.TrimSpace(value))
		case string(key) == "Status":
			installed = bytes.HasSuffix(bytes.TrimSpace(value), []byte(" installed"))
		}
	}
	keep()
	return versions
}
