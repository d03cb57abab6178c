package main

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"deskready/checks/all"
)

const module = "deskready"

// law says what each room may import of ours; the longest matching pattern counts. Imports go down only.
var law = map[string][]string{
	"cmd/deskready":    {"checks", "checks/*", "report", "report/*"},
	"checks":           {},
	"checks/*":         {"checks", "checks/office"},
	"checks/all":       {"checks", "checks/*"},
	"checks/office":    {"checks"},
	"checks/words":     {},
	"checks/checktest": {"checks", "checks/office", "checks/words"},
	"report":           {"checks", "report/strict"},
	"report/strict":    {},
	"report/seal":      {"report/strict"},
	"report/policies":  {"checks", "report"},
	"report/verify":    {"checks", "report", "report/seal", "report/strict"},
	"report/render":    {"checks", "checks/words", "report"},
	"report/guide":     {"checks", "checks/words", "report", "report/cause", "report/render", "report/verify"},
	"report/collector": {"checks", "checks/words", "report", "report/render", "report/seal", "report/strict", "report/verify"},
}

// rooms that the law does not bind: programs for tests, for generating and for packaging.
var apart = regexp.MustCompile(`^(checks/lab|packaging)(/|$)|^(checks|report)/[a-z]+/(.*/)?[a-z]+test$|^checks/[a-z]+/releases$|/gen(/|$)`)

// source is one Go file of the product, tests left out.
type source struct {
	room string // its folder
	name string
	file *ast.File
}

func sources(t *testing.T) []source {
	t.Helper()
	var list []source
	fset := token.NewFileSet()
	err := filepath.WalkDir("../..", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && d.Name() != "../.." && strings.HasPrefix(d.Name(), ".") && d.Name() != "..":
			return fs.SkipDir
		case d.IsDir(), !strings.HasSuffix(name, ".go"), strings.HasSuffix(name, "_test.go"):
			return nil
		}
		f, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel("../..", name)
		if err != nil {
			return err
		}
		room := path.Dir(filepath.ToSlash(rel))
		if !apart.MatchString(room) {
			list = append(list, source{room, filepath.ToSlash(rel), f})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 20 {
		t.Fatalf("only %d files found: the law would hold for nothing", len(list))
	}
	return list
}

func allowed(t *testing.T, room string) []string {
	t.Helper()
	if a, ok := law[room]; ok {
		return a
	}
	for pattern, a := range law {
		if ok, _ := path.Match(pattern, room); ok {
			return a
		}
	}
	t.Errorf("the law does not know the room %s", room)
	return nil
}

func TestImportsGoDown(t *testing.T) {
	for _, s := range sources(t) {
		may := allowed(t, s.room)
		for _, i := range s.file.Imports {
			name, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			ours, ok := strings.CutPrefix(name, module+"/")
			if !ok {
				continue
			}
			if !slices.ContainsFunc(may, func(p string) bool { ok, _ := path.Match(p, ours); return ok }) {
				t.Errorf("%s: %s may not import %s", s.name, s.room, ours)
			}
		}
	}
}

// TestEveryCheckIsListed finds a check that was written and forgotten in checks/all.
func TestEveryCheckIsListed(t *testing.T) {
	var listed []string
	for _, c := range all.All(all.Options{}) {
		listed = append(listed, c.Name)
	}
	entries, err := os.ReadDir("../../checks")
	if err != nil {
		t.Fatal(err)
	}
	notChecks := []string{"all", "words", "office", "checktest", "lab"}
	for _, e := range entries {
		if e.IsDir() && !slices.Contains(notChecks, e.Name()) && e.Name() != "testdata" && !slices.Contains(listed, e.Name()) {
			t.Errorf("checks/%s is not in checks/all", e.Name())
		}
	}
}

// TestTextsAreNobodyElses finds a key that two sources have: the last one read would silently speak for both.
func TestTextsAreNobodyElses(t *testing.T) {
	owner := map[string]int{}
	for i, source := range (&world{}).sources(all.All(all.Options{})) {
		data, err := fs.ReadFile(source, "en.json")
		if err != nil {
			t.Fatal(err)
		}
		var texts map[string]string
		if err := json.Unmarshal(data, &texts); err != nil {
			t.Fatal(err)
		}
		for key := range texts {
			if first, taken := owner[key]; taken {
				t.Errorf("%q is in the words of source %d and of source %d", key, first, i)
			}
			owner[key] = i
		}
	}
}

// TestWorldIsTouchedInMain keeps the environment, the standard streams and the process's end in main.go.
func TestWorldIsTouchedInMain(t *testing.T) {
	forbidden := map[string][]string{
		"os":   {"Stdin", "Stdout", "Stderr", "Args", "Exit", "Getenv", "LookupEnv", "Environ"},
		"http": {"DefaultClient", "Get", "Post", "PostForm", "Head", "DefaultTransport"},
	}
	// speedtest-go replaces http.DefaultClient's transport when it is imported: who imports it puts it back.
	except := map[string]string{"checks/bandwidth": "DefaultClient"}
	for _, s := range sources(t) {
		if s.name == "cmd/deskready/main.go" {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			pkg, ok := sel.X.(*ast.Ident)
			if ok && pkg.Obj == nil && slices.Contains(forbidden[pkg.Name], sel.Sel.Name) && except[s.room] != sel.Sel.Name {
				t.Errorf("%s names %s.%s, which is main.go's alone", s.name, pkg.Name, sel.Sel.Name)
			}
			return true
		})
	}
}

func TestNoInitAndNoNamesThatSayNothing(t *testing.T) {
	empty := regexp.MustCompile(`(^|/)(util|utils|common|helper|helpers|misc|shared|types|base|manager)(/|\.go$|$)`)
	for _, s := range sources(t) {
		if empty.MatchString(s.name) {
			t.Errorf("%s: a name that says nothing", s.name)
		}
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s has an init function: what runs before main cannot be tested or left out", s.name)
			}
		}
	}
}

func TestTopLevel(t *testing.T) {
	may := regexp.MustCompile(`^(\..*|cmd|checks|report|packaging|go\.mod|go\.sum|Makefile|README\.md|LICENSE|bin|dist)$`)
	entries, err := os.ReadDir("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !may.MatchString(e.Name()) {
			t.Errorf("%s does not belong on the top level", e.Name())
		}
	}
}

// TestPins holds versions that must not move by accident, each for the reason given in go.mod or here.
func TestPins(t *testing.T) {
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for _, pin := range []string{
		"github.com/shoenig/go-m1cpu v0.2.4", // older ones crash every cgo build on Apple M5 before main
		"modernc.org/libc v1.77.1",           // must be the one that modernc.org/sqlite v1.60.1 pins
		"modernc.org/sqlite v1.60.1",
	} {
		if !strings.Contains(string(mod), pin) {
			t.Errorf("go.mod lacks %s", pin)
		}
	}
	for _, line := range strings.Split(string(mod), "\n") {
		direct := strings.Contains(line, " v") && strings.HasPrefix(line, "\t") && !strings.Contains(line, "// indirect")
		if direct && !strings.Contains(line, "//") {
			t.Errorf("go.mod does not say why: %s", strings.TrimSpace(line))
		}
	}
}
