package browser

import (
	"encoding/xml"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"
)

// How large the files are that are read; larger ones are not what they seem, and are left alone.
const (
	maxEntry = 256 << 10 // a launcher, application.ini, Info.plist
	maxPlist = 1 << 20   // settings of Launch Services: the decoder calls itself once for each level
	maxList  = 8 << 20   // lists of associations, descriptions of an application
	maxDpkg  = 64 << 20  // the list of installed packages
)

var errTooLarge = errors.New("file larger than such files are")

// read reads a file of bounded size. Names are absolute, as people write them.
func read(fsys fs.FS, name string, limit int64) ([]byte, error) {
	f, err := fsys.Open(inside(name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() { // a pipe would never end
		return nil, fs.ErrInvalid
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		return nil, errTooLarge
	}
	return data, err
}

func exists(fsys fs.FS, name string) bool {
	_, err := fs.Stat(fsys, inside(name))
	return err == nil
}

// inside is the name as fs.FS wants it.
func inside(name string) string {
	if name = strings.TrimPrefix(path.Clean("/"+name), "/"); name != "" {
		return name
	}
	return "."
}

// maxLinks is how many symbolic links are followed one after another: as many as Linux does within one name.
const maxLinks = 40

// resolve follows the symbolic links that the last part of a name leads through.
func resolve(fsys fs.FS, name string) string {
	for range maxLinks {
		to, err := fs.ReadLink(fsys, inside(name))
		if err != nil {
			break
		}
		if !path.IsAbs(to) {
			to = path.Join(path.Dir(name), to)
		}
		name = path.Clean(to)
	}
	return name
}

// parseINI reads sections of keys and values, as desktop entries, lists of associations and Mozilla's files have them.
// The first of several values of a key counts.
func parseINI(text string) map[string]map[string]string {
	sections := map[string]map[string]string{}
	section := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		if line[0] == '[' && line[len(line)-1] == ']' {
			section = line[1 : len(line)-1]
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok {
			continue
		}
		if sections[section] == nil {
			sections[section] = map[string]string{}
		}
		if key = strings.TrimSpace(key); sections[section][key] == "" {
			sections[section][key] = strings.TrimSpace(value)
		}
	}
	return sections
}

// mozillaVersion reads application.ini, and update-settings.ini where it is there too: together they tell the version
// and whether it is an Extended Support Release.
func mozillaVersion(application, settings []byte) (found, bool) {
	app := parseINI(string(application))["App"]
	version := versionIn(app["Version"])
	if version == "" || !strings.EqualFold(app["Name"], "Firefox") {
		return found{}, false
	}
	if strings.Contains(app["SourceRepository"], "mozilla-esr") || strings.HasSuffix(app["RemotingName"], "-esr") ||
		strings.Contains(string(settings), "firefox-mozilla-esr") {
		return found{name: firefoxESR, version: strings.TrimSuffix(version, "esr") + "esr"}, true
	}
	return found{name: firefox, version: version}, true
}

// mozillaIn looks for those files in a folder.
func mozillaIn(fsys fs.FS, folder string) (found, bool) {
	application, err := read(fsys, path.Join(folder, "application.ini"), maxEntry)
	if err != nil {
		return found{}, false
	}
	settings, _ := read(fsys, path.Join(folder, "update-settings.ini"), maxEntry) // often not there
	return mozillaVersion(application, settings)
}

// parseMetainfo reads the newest release in an application's AppStream description; releases stand newest first.
func parseMetainfo(in io.Reader) string {
	dec := xml.NewDecoder(in)
	for {
		token, err := dec.RawToken()
		if err != nil {
			return ""
		}
		start, ok := token.(xml.StartElement)
		if !ok || start.Name.Local != "release" {
			continue
		}
		for _, a := range start.Attr {
			if a.Name.Local == "version" {
				return versionIn(a.Value)
			}
		}
	}
}
