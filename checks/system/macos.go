package system

import (
	"fmt"
	"strings"

	"howett.net/plist"
)

// parseSystemVersion reads SystemVersion.plist, which says the true version also to programs that were built for an
// older system.
func parseSystemVersion(data []byte) (r release, err error) {
	defer func() {
		if p := recover(); p != nil { // the decoder has panicked on damaged files
			r, err = release{}, unreadable("damaged SystemVersion.plist")
		}
	}()
	var v struct {
		Name    string `plist:"ProductName"`
		Version string `plist:"ProductVersion"`
		Build   string `plist:"ProductBuildVersion"`
	}
	if _, err := plist.Unmarshal(data, &v); err != nil {
		return release{}, unreadable("SystemVersion.plist is no property list")
	}
	major, _, _ := strings.Cut(v.Version, ".")
	if major == "" {
		return release{}, unreadable("no version in SystemVersion.plist")
	}
	r.text = strings.TrimSpace(fmt.Sprintf("%s %s", v.Name, v.Version))
	if v.Build != "" {
		r.text += " (" + v.Build + ")"
	}
	r.key = "macos " + major
	return r, nil
}
