package browser

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"strings"

	"deskready/checks"

	"howett.net/plist"
)

// macOS finds browsers in the folders for applications, and the default in the settings of Launch Services.
type macOS struct {
	fsys fs.FS
	home string
}

func (m macOS) browsers(ctx context.Context) []found {
	folders := []string{"/Applications", "/System/Volumes/Preboot/Cryptexes/App/System/Applications"}
	if m.home != "" {
		folders = append(folders, path.Join(m.home, "Applications"))
	}
	var all []found
	for _, folder := range folders {
		for _, p := range products {
			if p.app == "" || ctx.Err() != nil {
				continue
			}
			if f, ok := m.installed(path.Join(folder, p.app, "Contents"), p); ok {
				all = append(all, f)
			}
		}
	}
	return all
}

func (m macOS) installed(contents string, p product) (found, bool) {
	data, err := read(m.fsys, path.Join(contents, "Info.plist"), maxEntry)
	if err != nil {
		return found{}, false
	}
	bundle, version := parseInfo(data)
	if !strings.EqualFold(bundle, p.bundle) {
		return found{}, false // another application of that name
	}
	if p.mozilla {
		if f, ok := mozillaIn(m.fsys, path.Join(contents, "Resources")); ok {
			return f, true
		}
	}
	return found{p.name, versionIn(version)}, true
}

// parseInfo reads the identifier and the version in an Info.plist, XML or binary.
func parseInfo(data []byte) (bundle, version string) {
	var info struct {
		Bundle  string `plist:"CFBundleIdentifier"`
		Version string `plist:"CFBundleShortVersionString"`
	}
	if !unmarshal(data, &info) {
		return "", ""
	}
	return info.Bundle, info.Version
}

// preferred is the handler of https links. The settings name one only once somebody has chosen: before, it is Safari.
func (m macOS) preferred(context.Context) (string, *checks.Problem) {
	if m.home == "" {
		return "", problem(codeNoDefault)
	}
	data, err := read(m.fsys, path.Join(m.home, "Library/Preferences/com.apple.LaunchServices/com.apple.launchservices.secure.plist"), maxPlist)
	if errors.Is(err, fs.ErrNotExist) {
		return safari, nil
	}
	bundle, ok := parseHandlers(data)
	if err != nil || !ok {
		return "", problem(codeUnknownDefault)
	}
	if bundle == "" {
		return safari, nil
	}
	p, known := productOf(func(p product) bool { return strings.EqualFold(p.bundle, bundle) })
	if !known {
		return "", problem(codeUnknownDefault)
	}
	return p.name, nil
}

// parseHandlers reads the identifier of the application that is set for https links; empty: none is.
func parseHandlers(data []byte) (bundle string, ok bool) {
	var settings struct {
		Handlers []struct {
			Scheme string `plist:"LSHandlerURLScheme"`
			Role   string `plist:"LSHandlerRoleAll"`
		} `plist:"LSHandlers"`
	}
	if !unmarshal(data, &settings) {
		return "", false
	}
	for _, h := range settings.Handlers {
		if strings.EqualFold(h.Scheme, "https") && h.Role != "-" {
			bundle = h.Role
		}
	}
	return bundle, true
}

// unmarshal reads a property list; the decoder has panicked on damaged ones.
func unmarshal(data []byte, into any) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	_, err := plist.Unmarshal(data, into)
	return err == nil
}
