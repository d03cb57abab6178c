//go:build linux

package robot

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
)

// axNode is a node of Accessibility.getFullAXTree. The pinned cdproto refuses property names that it does not know.
type axNode struct {
	ID          string   `json:"nodeId"`
	Ignored     bool     `json:"ignored"`
	Role        axValue  `json:"role"`
	Name        axValue  `json:"name"`
	Description axValue  `json:"description"`
	Children    []string `json:"childIds"`
	Properties  []struct {
		Name  string  `json:"name"`
		Value axValue `json:"value"`
	} `json:"properties"`
}

type axValue struct {
	Value any `json:"value"`
}

func (v axValue) String() string {
	if s, ok := v.Value.(string); ok {
		return s
	}
	b, _ := json.Marshal(v.Value) // it came as JSON
	return strings.Trim(string(b), `"`)
}

// Tree is the page as Chromium tells it to a screen reader: one line a node, its role and its name.
func (b *Browser) Tree(t testing.TB) []string {
	t.Helper()
	c, ok := b.engine.(*chromium)
	if !ok {
		t.Fatal("the accessibility tree is read in Chromium alone")
	}
	var got struct {
		Nodes []axNode `json:"nodes"`
	}
	b.do(t, "accessibility tree", func(ctx context.Context) error {
		err := c.run(ctx, chromedp.ActionFunc(func(ctx context.Context) error {
			return cdp.Execute(ctx, "Accessibility.getFullAXTree", nil, &got)
		}))
		if err == nil && len(got.Nodes) == 0 {
			err = errors.New("it is empty")
		}
		return err
	})
	return axLines(got.Nodes)
}

// axLines goes through the tree from its root down, as a screen reader does.
func axLines(nodes []axNode) []string {
	byID := map[string]axNode{}
	for _, n := range nodes {
		byID[n.ID] = n
	}
	var lines []string
	var walk func(id string, depth int)
	walk = func(id string, depth int) {
		n := byID[id]
		if !n.Ignored && n.Role.String() != "InlineTextBox" {
			lines = append(lines, strings.Repeat("  ", depth)+n.line())
			depth++
		}
		for _, child := range n.Children {
			walk(child, depth)
		}
	}
	walk(nodes[0].ID, 0)
	return lines
}

func (n axNode) line() string {
	line := n.Role.String() + " " + quote(n.Name.String())
	if d := n.Description.String(); d != "null" && d != "" {
		line += " (" + d + ")"
	}
	for _, p := range n.Properties {
		if v := p.Value.String(); v != "null" && v != "" && v != "false" && v != "0" {
			line += " " + p.Name + "=" + v
		}
	}
	return line
}
