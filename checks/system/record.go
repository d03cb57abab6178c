package system

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// A recorder writes the raw facts that parsers are given into a folder, for fixtures: files/, commands/, links.txt and
// registry.txt. What names the hire, the computer or a network is redacted. What else runs is never recorded.
type recorder struct {
	folder string
	redact func([]byte) []byte
	mu     sync.Mutex
	seen   map[string]bool
}

func newRecorder(folder string, private []string) *recorder {
	return &recorder{folder: folder, redact: redactor(private), seen: map[string]bool{}}
}

// Hardware addresses, universal identifiers, servers that a folder lies on, and lines whose key says that the value is one
// of its kind.
var (
	servers     = regexp.MustCompile(` - (nfs4?|cifs|smb3|fuse\.\S+) \S+`)
	addresses   = regexp.MustCompile(`(?i)\b[0-9a-f]{2}([:-][0-9a-f]{2}){5}\b`)
	identifiers = regexp.MustCompile(`(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`)
	longHex     = regexp.MustCompile(`(?i)\b[0-9a-f]{24,}\b`) // also CRYPT-LUKS2-<32 digits>
	unique      = regexp.MustCompile(`(?im)^(.*(?:serial|uuid|udid|ssid|hostname|host_name|computer_?name|machine_?id|user_?name|owner)[^:=\n]*[:=][ \t]*).*?(,?)$`)
)

const redacted = "REDACTED"

// redactor takes names and identifiers out of texts. Names of fewer than three letters would take half of any text along.
func redactor(private []string) func([]byte) []byte {
	var names []string
	for _, name := range private {
		if name = strings.TrimSpace(name); len(name) > 2 && name != "root" {
			names = append(names, regexp.QuoteMeta(name))
		}
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(len(b), len(a)) }) // a longer one holds a shorter one
	return func(data []byte) []byte {
		data = unique.ReplaceAll(data, []byte(`${1}"`+redacted+`"${2}`))
		data = servers.ReplaceAll(data, []byte(" - $1 "+redacted))
		for _, ids := range []*regexp.Regexp{addresses, identifiers, longHex} {
			data = ids.ReplaceAll(data, []byte(redacted))
		}
		if len(names) > 0 {
			data = regexp.MustCompile(`(?i)`+strings.Join(names, "|")).ReplaceAll(data, []byte(redacted))
		}
		return data
	}
}

// keep writes one fact down, once. A recording that cannot be written fails no run: what is missing in it shows.
func (r *recorder) keep(name string, data []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen[name] {
		return
	}
	r.seen[name] = true
	file := filepath.Join(r.folder, filepath.FromSlash(string(r.redact([]byte(path.Clean("/"+name))))))
	if os.MkdirAll(filepath.Dir(file), 0o700) == nil {
		_ = os.WriteFile(file, r.redact(data), 0o600)
	}
}

// add appends a line to a list.
func (r *recorder) add(name, line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen[name+"\n"+line] {
		return
	}
	r.seen[name+"\n"+line] = true
	if os.MkdirAll(r.folder, 0o700) != nil {
		return
	}
	f, err := os.OpenFile(filepath.Join(r.folder, name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	defer f.Close()
	_, _ = f.Write(r.redact([]byte(line + "\n")))
}

// recordedFiles are those that are read.
type recordedFiles struct {
	fs.FS
	to *recorder
}

func (r *recorder) around(files fs.FS) fs.FS { return recordedFiles{files, r} }

func (f recordedFiles) Open(name string) (fs.File, error) {
	if data, err := read(f.FS, name); err == nil {
		f.to.keep("files/"+name, data)
	}
	return f.FS.Open(name)
}

func (f recordedFiles) ReadLink(name string) (string, error) {
	target, err := fs.ReadLink(f.FS, name)
	if err == nil {
		f.to.add("links.txt", name+" -> "+target)
	}
	return target, err
}

func (f recordedFiles) Lstat(name string) (fs.FileInfo, error) { return fs.Lstat(f.FS, name) }

// unsafeName are the characters that a file's name cannot have on every system.
var unsafeName = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

func (r *recorder) runs(run runner) runner {
	return func(ctx context.Context, program string, args ...string) ([]byte, error) {
		told, err := run(ctx, program, args...)
		name := strings.Join(append([]string{path.Base(program)}, args...), " ")
		r.keep("commands/"+unsafeName.ReplaceAllString(name, "_")+".txt", told)
		return told, err
	}
}

// recordedRegistry are the values that are asked for, those that are not there too.
type recordedRegistry struct {
	registry
	to *recorder
}

func (r *recorder) asks(of registry) registry { return recordedRegistry{of, r} }

func (r recordedRegistry) keys(path string) []string {
	names := r.registry.keys(path)
	r.to.add("registry.txt", fmt.Sprintf("[%s] %q", path, names))
	return names
}

func (r recordedRegistry) text(path, name string) string {
	value := r.registry.text(path, name)
	r.to.add("registry.txt", fmt.Sprintf("[%s] %q %q", path, name, value))
	return value
}

func (r recordedRegistry) number(path, name string) (uint64, bool) {
	value, ok := r.registry.number(path, name)
	r.to.add("registry.txt", fmt.Sprintf("[%s] %q %d %v", path, name, value, ok))
	return value, ok
}
