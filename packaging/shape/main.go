// Command shape prints what in the code is larger than the house allows, and fails when there is anything.
//
//	shape FOLDER...
//
// It counts lines of functions and files, and the cyclomatic complexity of functions (McCabe 1976: one more than the
// decisions). Tests are not counted: a table may be long.
package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// What is over a limit fails.
const (
	mostLines     = 40 // of a function
	mostBranches  = 15
	mostFileLines = 400
)

func main() {
	found, err := survey(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "shape:", err)
		os.Exit(2)
	}
	if !report(os.Stdout, found) {
		os.Exit(1)
	}
}

// An excess is one thing that is larger than allowed.
type excess struct {
	at   string // file:line
	what string
	over float64 // times what is allowed
}

// survey looks through the Go files under the folders.
func survey(folders []string) ([]excess, error) {
	var all []excess
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() && (d.Name() == "testdata" || d.Name() == "tools") {
				return filepath.SkipDir
			}
			if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return nil
			}
			src, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			found, err := inspect(path, src)
			all = append(all, found...)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// inspect judges one file.
func inspect(path string, src []byte) ([]excess, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	if ast.IsGenerated(file) {
		return nil, nil
	}
	var found []excess
	if n := strings.Count(string(src), "\n"); n > mostFileLines {
		found = append(found, excess{path + ":1", fmt.Sprintf("file has %d lines, at most %d", n, mostFileLines), float64(n) / mostFileLines})
	}
	for _, decl := range file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok || f.Body == nil {
			continue
		}
		at := fmt.Sprintf("%s:%d", path, set.Position(f.Pos()).Line)
		if n := set.Position(f.End()).Line - set.Position(f.Pos()).Line + 1; n > mostLines {
			found = append(found, excess{at, fmt.Sprintf("%s has %d lines, at most %d", f.Name.Name, n, mostLines), float64(n) / mostLines})
		}
		if n := complexity(f); n > mostBranches {
			found = append(found, excess{at, fmt.Sprintf("%s has complexity %d, at most %d", f.Name.Name, n, mostBranches), float64(n) / mostBranches})
		}
	}
	return found, nil
}

// complexity counts function literals with the function they stand in.
func complexity(f *ast.FuncDecl) int {
	n := 1
	ast.Inspect(f, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.IfStmt, *ast.ForStmt, *ast.RangeStmt:
			n++
		case *ast.CaseClause:
			if node.List != nil { // not the default
				n++
			}
		case *ast.CommClause:
			if node.Comm != nil {
				n++
			}
		case *ast.BinaryExpr:
			if node.Op == token.LAND || node.Op == token.LOR {
				n++
			}
		}
		return true
	})
	return n
}

// report prints the worst first and says whether there is nothing to print.
func report(w io.Writer, found []excess) bool {
	slices.SortStableFunc(found, func(a, b excess) int { return cmp.Compare(b.over, a.over) })
	for _, e := range found {
		fmt.Fprintf(w, "%s: too large: %s\n", e.at, e.what)
	}
	return len(found) == 0
}
