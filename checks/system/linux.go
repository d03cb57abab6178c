package system

import (
	"errors"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// What Linux says of itself in files: read from any fs.FS, and so tried anywhere.

// linuxRelease reads os-release (man 5 os-release).
func linuxRelease(fsys fs.FS) (release, error) {
	data, err := read(fsys, "etc/os-release")
	if errors.Is(err, fs.ErrNotExist) {
		data, err = read(fsys, "usr/lib/os-release")
	}
	if err != nil {
		return release{}, err
	}
	fields := parseOSRelease(string(data))
	r := release{text: fields["PRETTY_NAME"]}
	if r.text == "" {
		r.text = strings.TrimSpace(fields["NAME"] + " " + fields["VERSION"])
	}
	if r.text == "" {
		return release{}, unreadable("the system does not name itself")
	}
	if fields["ID"] != "" && fields["VERSION_ID"] != "" {
		r.key = fields["ID"] + " " + fields["VERSION_ID"]
	}
	return r, nil
}

// parseOSRelease reads assignments as a shell would, without expanding anything.
func parseOSRelease(text string) map[string]string {
	fields := map[string]string{}
	for line := range strings.Lines(text) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok || strings.HasPrefix(key, "#") {
			continue
		}
		fields[key] = unquote(value)
	}
	return fields
}

func unquote(value string) string {
	if n := len(value); n >= 2 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] {
		quote := value[0]
		value = value[1 : n-1]
		if quote == '\'' {
			return value
		}
	}
	var out strings.Builder
	escaped := false
	for _, r := range value {
		if r == '\\' && !escaped {
			escaped = true
			continue
		}
		out.WriteRune(r)
		escaped = false
	}
	return out.String()
}

// linuxModel reads the processor's name from /proc/cpuinfo. ARM boards give their own name instead.
func linuxModel(fsys fs.FS) (string, error) {
	data, err := read(fsys, "proc/cpuinfo")
	if err != nil {
		return "", err
	}
	board := ""
	for line := range strings.Lines(string(data)) {
		key, value, _ := strings.Cut(line, ":")
		switch strings.TrimSpace(key) {
		case "model name":
			return strings.TrimSpace(value), nil
		case "Model", "Hardware":
			board = strings.TrimSpace(value)
		}
	}
	if board == "" {
		return "", errUnsupported
	}
	return board, nil
}

// withinCgroup lowers the memory of the computer to what this program's container may use of it. Both versions of
// cgroups are looked at: v2 as memory.max, v1 as memory.limit_in_bytes; the tightest of the group and its parents counts
// (Linux Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst).
func withinCgroup(fsys fs.FS, m memory) memory {
	data, err := read(fsys, "proc/self/cgroup")
	if err != nil {
		return m
	}
	for line := range strings.Lines(string(data)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		switch {
		case parts[0] == "0" && parts[1] == "":
			m = tightest(fsys, m, "sys/fs/cgroup", parts[2], "memory.max", "memory.current")
		case strings.Contains(","+parts[1]+",", ",memory,"):
			m = tightest(fsys, m, "sys/fs/cgroup/memory", parts[2], "memory.limit_in_bytes", "memory.usage_in_bytes")
		}
	}
	return m
}

// tightest walks from the group to the root. Inside a container the path may be the host's and not be there: then only
// its visible end, the root, is found.
func tightest(fsys fs.FS, m memory, root, group, limitFile, usedFile string) memory {
	for dir := path.Clean("/" + group); ; dir = path.Dir(dir) {
		at := path.Join(root, dir)
		if limit, ok := number(fsys, path.Join(at, limitFile)); ok && limit > 0 && limit < m.total { // no limit: a huge one
			m.total = limit
			used, _ := number(fsys, path.Join(at, usedFile))
			used -= min(used, reclaimable(fsys, at))
			m.available = min(m.available, limit-min(limit, used))
		}
		if dir == "/" {
			return m
		}
	}
}

// reclaimable is memory that caches files nobody is using: the kernel gives it up before it refuses any.
func reclaimable(fsys fs.FS, dir string) uint64 {
	data, err := read(fsys, path.Join(dir, "memory.stat"))
	if err != nil {
		return 0
	}
	var own, total uint64
	for line := range strings.Lines(string(data)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		n, err := strconv.ParseUint(value, 10, 64)
		switch {
		case err != nil:
		case key == "inactive_file":
			own = n
		case key == "total_inactive_file": // v1: with the groups below
			total = n
		}
	}
	return max(own, total)
}

func number(fsys fs.FS, name string) (uint64, bool) {
	data, err := read(fsys, name)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseUint(strings.TrimSpace(string(data)), 10, 64) // "max" is no number: no limit
	return n, err == nil
}
