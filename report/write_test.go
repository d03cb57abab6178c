package report

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"deskready/checks"
)

// catalogue has a metric of each unit that policies are written in.
func catalogue() []checks.Metric {
	return []checks.Metric{
		{ID: "line.down", Unit: checks.BitsPerSecond}, {ID: "line.rtt", Unit: checks.Seconds},
		{ID: "line.kind", Unit: checks.Text, Values: []string{"wired", "wifi", "cellular", "unknown"}},
		{ID: "line.mos", Unit: checks.MOS}, {ID: "line.rpm", Unit: checks.PerMinute}, {ID: "line.signal", Unit: checks.DBm},
		{ID: "pc.memory", Unit: checks.Bytes}, {ID: "pc.busy", Unit: checks.Ratio}, {ID: "pc.cores", Unit: checks.Count},
		{ID: "pc.support", Unit: checks.Days}, {ID: "sound.level", Unit: checks.DBov}, {ID: "sound.floor", Unit: checks.DBFS},
		{ID: "sound.snr", Unit: checks.Decibel}, {ID: "sound.headset", Unit: checks.Truth}, {ID: "sound.width", Unit: checks.Hertz},
		{ID: "web.age", Unit: checks.Days}, {ID: "web.version", Unit: checks.Text}, {ID: "web.frames", Unit: checks.PerSecond},
		{ID: "path.endpoint", Unit: checks.Truth},
	}
}

func example(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// short is a rule on one line.
func short(r Rule) string {
	out := r.Metric
	if r.Subject != "" {
		out += "(" + r.Subject + ")"
	}
	bound := func(name string, b Bound) {
		if b.IsZero() {
			return
		}
		out += " " + name
		if b.Min != nil {
			out += fmt.Sprint(" >=", *b.Min)
		}
		if b.Max != nil {
			out += fmt.Sprint(" <=", *b.Max)
		}
		if b.OneOf != nil {
			out += fmt.Sprint(" in", b.OneOf)
		}
		if b.NoneOf != nil {
			out += fmt.Sprint(" not", b.NoneOf)
		}
	}
	bound("require", r.Require)
	bound("prefer", r.Prefer)
	out += " " + string(r.Unit)
	if r.Group != "" {
		out += " group " + r.Group
	}
	if r.Witness {
		out += " witness"
	}
	return out
}

func shorts(p Policy) []string {
	out := make([]string, len(p.Rules))
	for i, r := range p.Rules {
		out[i] = short(r)
	}
	return out
}

func TestParsePolicy(t *testing.T) {
	p, err := ParsePolicy(example(t), catalogue())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"line.down require >=1e+07 prefer >=2.5e+07 bit/s", "line.down require >=5e+06 bit/s witness",
		"line.rtt require <=0.15 prefer <=0.1 s", "line.kind require not[cellular] prefer in[wired wifi] text",
		"pc.memory require >=6e+09 B", "pc.busy prefer <=0.85 ratio", "sound.level prefer >=-28 <=-16 dBov",
		"sound.headset require >=1 <=1 truth", "web.age require <=60 days group browser",
		"web.version require not[1.*] text group browser", "path.endpoint(turn.example.com:3478/*) require >=1 <=1 truth",
	}
	if got := shorts(p); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if p.Name != "example" || p.Title != "An example" || p.Version != Version || p.Rules[0].Why != "Pages load." {
		t.Errorf("%+v", p)
	}
}

func TestOverlays(t *testing.T) {
	for _, c := range []struct {
		name   string
		roles  []string
		has    []string
		hasNot []string
		waived []string
		order  []string
	}{
		{"none", nil, []string{"line.rtt require <=0.15 prefer <=0.1 s"}, []string{"sound.snr require >=20 dB"}, nil, nil},
		{"waive", []string{"deaf"}, nil, []string{"sound.headset require >=1 <=1 truth", "sound.level prefer >=-28 <=-16 dBov"}, []string{"deaf sound.level", "deaf sound.headset"}, []string{"deaf"}},
		{"replace and add", []string{"strict"}, []string{"line.rtt require <=0.1 s", "sound.headset prefer >=1 <=1 truth", "sound.snr require >=20 dB"}, []string{"sound.headset require >=1 <=1 truth"}, nil, []string{"strict"}},
		{"one of two rules for a metric", []string{"strict"}, []string{"line.down require >=1e+07 prefer >=2.5e+07 bit/s", "line.down require >=8e+06 bit/s witness"}, []string{"line.down require >=5e+06 bit/s witness"}, nil, []string{"strict"}},
		{"the later wins", []string{"strict", "lax"}, []string{"line.rtt require <=0.3 s"}, []string{"sound.snr require >=20 dB"}, []string{"lax sound.snr"}, []string{"strict", "lax"}},
		{"the later wins, the other way", []string{"lax", "strict"}, []string{"line.rtt require <=0.1 s"}, nil, []string{"lax sound.snr"}, []string{"lax", "strict"}},
		{"what is waived stays waived", []string{"deaf", "strict"}, nil, []string{"sound.headset prefer >=1 <=1 truth"}, []string{"deaf sound.level", "deaf sound.headset"}, []string{"deaf", "strict"}},
		{"nothing to waive", []string{"lax"}, []string{"line.rtt require <=0.3 s"}, nil, nil, []string{"lax"}},
		{"named twice", []string{"lax", "lax"}, []string{"line.rtt require <=0.3 s"}, nil, nil, []string{"lax"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := ParsePolicy(example(t), catalogue(), c.roles...)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range c.has {
				if !slices.Contains(shorts(p), r) {
					t.Errorf("lacks %q:\n%s", r, strings.Join(shorts(p), "\n"))
				}
			}
			for _, r := range c.hasNot {
				if slices.Contains(shorts(p), r) {
					t.Errorf("still has %q", r)
				}
			}
			var waived []string
			for _, w := range p.Waived {
				waived = append(waived, w.Role+" "+w.Metric)
				if w.Reason == "" {
					t.Errorf("%s is waived without a reason", w.Metric)
				}
			}
			if !slices.Equal(waived, c.waived) || !slices.Equal(p.Roles, c.order) {
				t.Errorf("roles %v waived %v, want %v and %v", p.Roles, waived, c.order, c.waived)
			}
		})
	}
}

const top = "version: 1\nname: a\nrules:\n" // three lines: the first rule is in line 4

// TestLint holds each complaint: its line, and words that tell what to do.
func TestLint(t *testing.T) {
	for _, c := range []struct {
		name, yaml string
		want       []string
	}{
		{"empty", "", []string{"line 1: the file is empty"}},
		{"only a comment", "# nothing\n", []string{"line 1: the file is empty"}},
		{"a text", "hello", []string{"line 1: here should be some lines of `key: value`"}},
		{"a list", "- a\n", []string{"line 1: here should be some lines of `key: value`"}},
		{"not YAML", "version: 1\nname: [a\n", []string{"cannot be read as YAML"}},
		{"a tab", "version: 1\nrules:\n\t- metric: x\n", []string{"line 3: this cannot be read as YAML", "indent with spaces"}},
		{"binary", "\x00\x01\x02", []string{"cannot be read as YAML"}},
		{"two documents", top + "- metric: line.rtt\n  require: {max: 1 s}\n---\nversion: 1\n", []string{"line 6: a second document"}},
		{"no version", "name: a\nrules: [{metric: line.rtt, require: {max: 1 s}}]\n", []string{"line 1: the version is missing: write `version: 1`"}},
		{"version in words", "version: one\nname: a\nrules: [{metric: line.rtt, require: {max: 1 s}}]\n", []string{"line 1: version is a whole number: 1"}},
		{"version 0", "version: 0\nname: a\nrules: [{metric: line.rtt, require: {max: 1 s}}]\n", []string{"line 1: version is a whole number: 1"}},
		{"no name", "version: 1\nrules: [{metric: line.rtt, require: {max: 1 s}}]\n", []string{`line 1: name "": lower-case`}},
		{"bad name", "version: 1\nname: Voice Agents!\nrules: [{metric: line.rtt, require: {max: 1 s}}]\n", []string{`line 2: name "Voice Agents!": lower-case`}},
		{"no rules", "version: 1\nname: a\n", []string{"the policy has no rules"}},
		{"rules without any", "version: 1\nname: a\nrules:\n", []string{`line 3: nothing is given for "rules"`}},
		{"rules are no list", "version: 1\nname: a\nrules: {metric: line.rtt}\n", []string{"line 3: here should be a list"}},
		{"unknown key", "version: 1\nname: a\nrulez: []\nrules: [{metric: line.rtt, require: {max: 1 s}}]\n", []string{`line 3: unknown key "rulez"; known are version, name`}},
		{"key twice", "version: 1\nname: a\nname: b\nrules: [{metric: line.rtt, require: {max: 1 s}}]\n", []string{`line 3: "name" is already given in line 2`}},
		{"sources are no list", "version: 1\nname: a\nsources: {a: b}\nrules: [{metric: line.rtt, require: {max: 1 s}}]\n", []string{"line 3: here should be a list"}},

		{"unknown key of a rule", top + "- metric: line.rtt\n  reqire: {max: 1 s}\n", []string{`line 5: unknown key "reqire"; known are metric`}},
		{"key of a rule twice", top + "- metric: line.rtt\n  require: {max: 1 s}\n  require: {max: 2 s}\n", []string{`line 6: "require" is already given in line 5`}},
		{"rule is a text", top + "- line.rtt\n", []string{"line 4: here should be some lines of `key: value`"}},
		{"no metric", top + "- require: {max: 1 s}\n", []string{`line 4: unknown metric ""`}},
		{"unknown metric", top + "- metric: line.rrt\n  require: {max: 1 s}\n", []string{`line 4: unknown metric "line.rrt"; line measures line.down, line.rtt`}},
		{"unknown check", top + "- metric: camera.frames\n  require: {max: 1 s}\n", []string{`unknown metric "camera.frames"; the checks are line, pc, sound, web, path`}},
		{"no bound", top + "- metric: line.rtt\n", []string{"line 4: line.rtt: neither require nor prefer says anything"}},
		{"empty bound", top + "- metric: line.rtt\n  require: {}\n", []string{"line 5: the bound is empty: give min, max"}},
		{"bound of nothing", top + "- metric: line.rtt\n  require:\n  prefer: {max: 1 s}\n", []string{`line 5: nothing is given for "require"`}},
		{"half a bound", top + "- metric: line.rtt\n  require: {min: , max: 1 s}\n", []string{`line 5: nothing is given for "min"`}},
		{"bound is a number", top + "- metric: line.rtt\n  require: 100 ms\n", []string{"line 5: here should be some lines of `key: value`"}},
		{"unknown key of a bound", top + "- metric: line.rtt\n  require:\n    max: 1 s\n    maximum: 2 s\n", []string{`line 7: unknown key "maximum"; known are min, max`}},
		{"key of a bound twice", top + "- metric: line.rtt\n  require:\n    max: 1 s\n    max: 2 s\n", []string{`line 7: "max" is already given in line 6`}},
		{"twice the same rule", top + "- {metric: line.rtt, require: {max: 1 s}}\n- {metric: line.rtt, prefer: {max: 1 s}}\n", []string{"line 5: there is a rule for line.rtt already in line 4"}},
		{"waived without an overlay", top + "- metric: line.rtt\n  waive: no\n", []string{"line 4: waive belongs into an overlay"}},
		{"witness in words", top + "- metric: line.rtt\n  witness: maybe\n  require: {max: 1 s}\n", []string{`line 5: "maybe": here should be true or false`}},

		{"no unit", top + "- metric: line.rtt\n  require: {max: 100}\n", []string{`line 5: line.rtt: "100" has the wrong unit: write it like "10 min" or "10 ms" or "10 s"`}},
		{"wrong unit", top + "- metric: line.down\n  require:\n    min: 10 MB\n", []string{`line 6: line.down: "10 MB" has the wrong unit`, `"10 Mbit/s"`}},
		{"a text for a number", top + "- metric: line.down\n  require: {min: fast}\n", []string{`line 5: line.down: "fast" is no number with a unit: write it like`}},
		{"decimal comma", top + "- metric: line.down\n  require: {min: \"2,5 Mbit/s\"}\n", []string{`"2,5 Mbit/s" is no number with a unit`}},
		{"list for a number", top + "- metric: line.down\n  require: {min: [1]}\n", []string{"line 5: here should be a single text or number"}},
		{"too large a number", top + "- metric: line.down\n  require: {min: " + strings.Repeat("9", 400) + " bit/s}\n", []string{"line 5: line.down: "}},
		{"min above max", top + "- metric: line.rtt\n  require: {min: 2 s, max: 1 s}\n", []string{"line 4: line.rtt: min 2 is above max 1: nothing can keep that"}},
		{"below nothing", top + "- metric: pc.memory\n  require: {max: -1 GB}\n", []string{"line 4: pc.memory: values in B lie between 0 and"}},
		{"more than all", top + "- metric: pc.busy\n  require: {min: 120 %}\n", []string{"line 4: pc.busy: values in ratio lie between 0 and 1"}},
		{"per cent forgotten", top + "- metric: pc.busy\n  require: {max: 85}\n", []string{"line 4: pc.busy: max 85 is above 1 (100 %)"}},
		{"no such MOS", top + "- metric: line.mos\n  require: {min: 5}\n", []string{"line 4: line.mos: values in MOS lie between 1 and 4.5"}},
		{"preferred is laxer", top + "- metric: line.rtt\n  require: {max: 100 ms}\n  prefer: {max: 200 ms}\n", []string{"line 4: line.rtt: what is preferred is laxer"}},

		{"number for a text", top + "- metric: line.kind\n  require: {min: 1}\n", []string{"line 5: line.kind: min and max go with numbers", "use one_of"}},
		{"text for a number's metric", top + "- metric: line.rtt\n  require: {one_of: [fast]}\n", []string{"line 4: line.rtt: one_of and none_of go with texts, and the unit is s"}},
		{"outside the vocabulary", top + "- metric: line.kind\n  require: {one_of: [ethernet]}\n", []string{`line 5: line.kind is never "ethernet"; it is one of wired, wifi, cellular, unknown`}},
		{"outside the vocabulary, none of", top + "- metric: line.kind\n  require: {none_of: [sat*]}\n", []string{`line.kind is never "sat*"`}},
		{"texts are no list", top + "- metric: line.kind\n  require: {one_of: wired}\n", []string{"line 5: here should be a list"}},
		{"empty list", top + "- metric: line.kind\n  require: {one_of: []}\n", []string{"line 5: the list is empty"}},
		{"empty text", top + "- metric: line.kind\n  require: {one_of: [wired, \"\"]}\n", []string{"line 5: an empty text in the list"}},
		{"no pattern", top + "- metric: web.version\n  require: {none_of: [\"1[\"]}\n", []string{`line 4: web.version: "1[" is no pattern`}},
		{"subject is no pattern", top + "- metric: web.age\n  subject: \"[\"\n  require: {max: 1 day}\n", []string{`line 4: web.age: subject "[" is no pattern`}},
		{"is for a number", top + "- metric: line.rtt\n  require: {is: true}\n", []string{"line 5: line.rtt: `is` goes with truths, and the unit is s"}},
		{"is in words", top + "- metric: sound.headset\n  require: {is: perhaps}\n", []string{`line 5: "perhaps": here should be true or false`}},
		{"is and more", top + "- metric: sound.headset\n  require: {is: true, min: 0}\n", []string{"line 5: `is` stands alone"}},

		{"overlay waives what is not there", top + "- {metric: line.rtt, require: {max: 1 s}}\noverlays:\n  deaf:\n  - metric: sound.snr\n    waive: because\n", []string{"line 7: overlay deaf waives a rule for sound.snr that the policy does not have"}},
		{"overlay waives and bounds", top + "- {metric: line.rtt, require: {max: 1 s}}\noverlays:\n  far:\n  - {metric: line.rtt, waive: far, require: {max: 2 s}}\n", []string{"line 7: line.rtt: a rule is waived or has bounds, not both"}},
		{"overlay is wrong, and not asked for", top + "- {metric: line.rtt, require: {max: 1 s}}\noverlays:\n  far:\n  - {metric: line.rtt, require: {max: 2 m}}\n", []string{`line 7: line.rtt: "2 m" has the wrong unit`}},
		{"overlay twice", top + "- {metric: line.rtt, require: {max: 1 s}}\noverlays:\n  far: [{metric: line.rtt, require: {max: 2 s}}]\n  far: [{metric: line.rtt, require: {max: 3 s}}]\n", []string{`line 7: "far" is already given in line 6`}},
		{"bad name of an overlay", top + "- {metric: line.rtt, require: {max: 1 s}}\noverlays:\n  Far Away: [{metric: line.rtt, require: {max: 2 s}}]\n", []string{`line 6: overlay "Far Away": lower-case`}},
		{"overlays are a list", top + "- {metric: line.rtt, require: {max: 1 s}}\noverlays: [far]\n", []string{"line 5: here should be some lines of `key: value`"}},
		{"many overlays", top + "- {metric: line.rtt, require: {max: 1 s}}\noverlays:\n" + manyOverlays(), []string{"line 6: 200 keys in one place, 100 allowed"}},

		{"reference", top + "- &rule {metric: line.rtt, require: {max: 1 s}}\n- *rule\n", []string{"line 5: *rule: a policy is written out, without references"}},
		{"merge", top + "- &rule {metric: line.rtt, require: {max: 1 s}}\n- {<<: *rule, why: x}\n", []string{`line 5: unknown key "<<"`}},
		{"key is a list", top + "- {[metric]: line.rtt}\n", []string{"line 4: here should be a key"}},
		{
			"all at once, by line", "version: 1\nname: A\nrules:\n- {metric: x.y}\n- metric: line.rtt\n  require: {max: 5}\n",
			[]string{"line 2: name", "\nline 4: unknown metric", "\nline 6: line.rtt"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ParsePolicy([]byte(c.yaml), catalogue())
			if err == nil {
				t.Fatal("was read")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got  %v\nwant %s", err, want)
				}
			}
			var lint *LintError
			if !errors.As(err, &lint) || lint.Line < 1 {
				t.Errorf("%v has no line", err)
			}
			for _, jargon := range []string{"report.", "unmarshal", "!!", "yaml:", "struct", "nil"} {
				if strings.Contains(err.Error(), jargon) {
					t.Errorf("%v speaks of %q, which is nothing to who writes policies", err, jargon)
				}
			}
		})
	}
}

func manyOverlays() string {
	var out strings.Builder
	for i := range 200 {
		fmt.Fprintf(&out, "  o%d: [{metric: line.rtt, require: {max: 2 s}}]\n", i)
	}
	return out.String()
}

func TestWrongVersionGoesFirst(t *testing.T) {
	_, err := ParsePolicy([]byte("version: 2\nname: a\nshape: new\n"), catalogue())
	var wrong *VersionError
	if !errors.As(err, &wrong) || wrong.Got != 2 {
		t.Errorf("%v, want the version named: another version may know other keys", err)
	}
}

func TestUnknownRole(t *testing.T) {
	_, err := ParsePolicy(example(t), catalogue(), "manager")
	if err == nil || !strings.Contains(err.Error(), `no overlay "manager"; it has deaf, strict, lax`) {
		t.Errorf("%v", err)
	}
}

func TestNothingLeft(t *testing.T) {
	data := top + "- {metric: line.rtt, require: {max: 1 s}}\noverlays:\n  none: [{metric: line.rtt, waive: all}]\n"
	if _, err := ParsePolicy([]byte(data), catalogue(), "none"); err == nil || !strings.Contains(err.Error(), "no rule is left") {
		t.Errorf("%v", err)
	}
}

func TestQuantity(t *testing.T) {
	for _, c := range []struct {
		text string
		unit checks.Unit
		want float64
	}{
		{"10 Mbit/s", checks.BitsPerSecond, 1e7}, {"10Mbps", checks.BitsPerSecond, 1e7}, {"0.5 Gbit/s", checks.BitsPerSecond, 5e8},
		{"120 ms", checks.Seconds, 0.12}, {"0.3 s", checks.Seconds, 0.3}, {"2 min", checks.Seconds, 120},
		{"8 GB", checks.Bytes, 8e9}, {"8 GiB", checks.Bytes, 8 << 30}, {"85 %", checks.Ratio, 0.85}, {"0.1 %", checks.Ratio, 0.001}, {"0.85", checks.Ratio, 0.85},
		{"-50 dBFS", checks.DBFS, -50}, {"+3 dB", checks.Decibel, 3}, {"-28 dBov", checks.DBov, -28}, {"-67 dBm", checks.DBm, -67},
		{"60 days", checks.Days, 60}, {"1 day", checks.Days, 1}, {"4", checks.Count, 4}, {"3.5", checks.MOS, 3.5},
		{"1000 1/min", checks.PerMinute, 1000}, {"15 1/s", checks.PerSecond, 15}, {"4.2 kHz", checks.Hertz, 4200}, {"0", checks.Truth, 0},
	} {
		if got, err := quantity(c.text, c.unit); err != nil || got != c.want {
			t.Errorf("%q is %v, %v; want %v", c.text, got, err, c.want)
		}
	}
	for _, text := range []string{"", " ", "ms", "1e3 ms", "0x10 ms", "1 000 ms", "--1 ms", ".5 s", "5. s", "NaN s", "Inf s", "1 MS", "1 s s"} {
		if got, err := quantity(text, checks.Seconds); err == nil {
			t.Errorf("%q was read as %v", text, got)
		}
	}
}

// TestBombs holds that a file made to be large, deep or slow is refused soon.
func TestBombs(t *testing.T) {
	laughs := "version: 1\nname: a\nsources: &a [x, x, x, x, x, x, x, x, x, x]\n"
	for i := range 20 {
		laughs += fmt.Sprintf("s%d: &a%d [*a%s, *a%[3]s, *a%[3]s, *a%[3]s, *a%[3]s, *a%[3]s, *a%[3]s, *a%[3]s]\n", i, i, map[bool]string{true: fmt.Sprint(i - 1)}[i > 0])
	}
	rules := strings.Repeat("- {metric: line.rtt, require: {max: 1 s}}\n", 2000)
	for name, data := range map[string]string{
		"laughs":        laughs,
		"huge":          strings.Repeat("# a\n", 1<<20),
		"deep":          top + strings.Repeat("[", 100_000),
		"deep, closed":  top + strings.Repeat("[", 50_000) + strings.Repeat("]", 50_000),
		"many rules":    top + rules,
		"many keys":     "version: 1\n" + strings.Repeat("a: b\n", 40_000),
		"many waivers":  top + "- {metric: pc.cores, require: {min: 1}}\noverlays:\n  a:\n" + strings.Repeat("  - {metric: a, waive: b}\n", 9000),
		"rules by name": "version: 1\nname: a\nrules: &r\n" + rules + "overlays:\n" + strings.Repeat("  x: *r\n", 10_000),
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			if _, err := ParsePolicy([]byte(data), catalogue()); err == nil {
				t.Error("was read")
			}
			if took := time.Since(began); took > 6*time.Second { // three times what it may take, under the race detector
				t.Errorf("took %v", took)
			}
		})
	}
}

func FuzzParsePolicy(f *testing.F) {
	f.Add(example(f), "deaf")
	f.Add([]byte(top+"- {metric: line.rtt, require: {max: 100 ms}}\n"), "")
	f.Add([]byte(top+"- &a {metric: line.kind, require: {one_of: [w*]}}\n- *a\n"), "")
	f.Add([]byte("version: 1\nname: [\n"), "x")
	f.Add(asking("retry: {pass: 2, of: 3, checks: [line]}\nendpoints:\n  - {profile: amazon-connect, regions: [us-east-1]}\n"), "")
	f.Add(asking("programs:\n  - {name: Zoom, category: softphone, processes: [zoom*]}\n"), "")
	f.Add(asking("overlays:\n  b:\n    endpoints: [{host: a.example.com, port: 1, proto: tcp}]\n    rules: []\n  c: []\n"), "b")
	f.Fuzz(func(t *testing.T, data []byte, role string) {
		var roles []string
		if role != "" {
			roles = append(roles, role)
		}
		p, err := ParsePolicy(data, catalogue(), roles...)
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without words")
			}
			return
		}
		again, err := ParsePolicy(data, catalogue(), roles...)
		if err != nil || fmt.Sprint(shorts(p)) != fmt.Sprint(shorts(again)) {
			t.Fatalf("read twice: %v and %v, %v", shorts(p), shorts(again), err)
		}
		compiled, err := p.Compile()
		if err != nil {
			return // too large
		}
		back, err := DecodePolicy(compiled)
		if err != nil || fmt.Sprint(shorts(p)) != fmt.Sprint(shorts(back)) {
			t.Fatalf("what was read is refused: %v\n%s", err, compiled)
		}
	})
}
