package report

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestProgramsOfAPolicy(t *testing.T) {
	source := asking(`programs:
  - {name: Zoom, category: softphone, processes: [zoom, "zoom.us"]}
  - {name: OBS, category: recorder}
overlays:
  a:
    programs:
      - {name: Slack, category: softphone}
  b:
    programs:
      - {name: slack, category: other, processes: [slack*]}
      - {name: obs, category: other}
`)
	for _, c := range []struct {
		roles []string
		want  []string
	}{
		{nil, []string{"Zoom softphone [zoom zoom.us]", "OBS recorder [obs]"}},
		{[]string{"a"}, []string{"Zoom softphone [zoom zoom.us]", "OBS recorder [obs]", "Slack softphone [slack]"}},
		{[]string{"a", "b"}, []string{"Zoom softphone [zoom zoom.us]", "OBS recorder [obs]", "Slack softphone [slack]"}},
		{[]string{"b"}, []string{"Zoom softphone [zoom zoom.us]", "OBS recorder [obs]", "slack other [slack*]"}},
	} {
		p, err := ParsePolicy(source, catalogue(), c.roles...)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, o := range p.Programs {
			got = append(got, fmt.Sprintf("%s %s %v", o.Name, o.Category, o.Processes))
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("with %v: %q, want %q", c.roles, got, c.want)
		}
		back, err := DecodePolicy(compiledBytes(t, p))
		if err != nil || !reflect.DeepEqual(back, p) {
			t.Errorf("came back as %+v, %v", back, err)
		}
	}
}

func TestLintPrograms(t *testing.T) {
	many := "programs:\n"
	for i := range mostPrograms + 1 {
		many += fmt.Sprintf("  - {name: program%d, category: other}\n", i)
	}
	for _, c := range []struct{ name, more, want string }{
		{"no list", "programs: zoom\n", "line 5: here should be a list"},
		{"no mapping", "programs:\n  - zoom\n", "line 6: here should be some lines of"},
		{"no name", "programs:\n  - {category: game}\n", "line 6: a program has a name"},
		{"long name", "programs:\n  - {name: " + strings.Repeat("n", 41) + ", category: game}\n", "line 6: a program has a name, of at most 40 letters"},
		{"category", "programs:\n  - {name: Zoom, category: phone}\n", `line 6: Zoom: no category is called "phone"; they are softphone, remote_control`},
		{"all", "programs:\n  - {name: All, category: other, processes: ['*']}\n", `line 6: All: "*" would be found nearly everywhere`},
		{"pattern", "programs:\n  - {name: Zoom, category: other, processes: ['zo[om']}\n", `line 6: Zoom: "zo[om" is no pattern`},
		{"path", "programs:\n  - {name: Zoom, category: other, processes: [/opt/zoom]}\n", `a process is named without its folder`},
		{"exe", "programs:\n  - {name: Zoom, category: other, processes: [Zoom.exe]}\n", `leave out .exe`},
		{"twice", "programs:\n  - {name: Zoom, category: other}\n  - {name: zoom, category: game}\n", "line 7: zoom is already in the list"},
		{"too many", many, "with this there are 201 programs, 200 allowed"},
		{"in an overlay", "overlays:\n  b:\n    programs:\n      - {name: Zoom, category: phone}\n", "line 8: Zoom: no category"},
		{"unknown key", "programs:\n  - {name: Zoom, category: other, publisher: z}\n", `line 6: unknown key "publisher"; known are name, category, processes`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ParsePolicy(asking(c.more), catalogue())
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

func TestDecodeRefusesBadPrograms(t *testing.T) {
	for name, list := range map[string]string{
		"no processes": `{"name":"a","category":"game","processes":[]}`,
		"everything":   `{"name":"a","category":"game","processes":["?*"]}`,
		"category":     `{"name":"a","category":"none","processes":["aa"]}`,
		"name":         `{"name":"a\u001b","category":"game","processes":["aa"]}`,
		"twice":        `{"name":"a","category":"game","processes":["aa"]},{"name":"A","category":"game","processes":["aa"]}`,
		"too many":     strings.Repeat(`{"name":"a","category":"game","processes":["aa"]},`, mostPrograms) + `{"name":"a","category":"game","processes":["aa"]}`,
	} {
		if _, err := DecodePolicy([]byte(`{"version":1,"name":"a","rules":[],"programs":[` + list + `]}`)); err == nil {
			t.Errorf("%s: read", name)
		}
	}
}
