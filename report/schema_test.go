package report

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"deskready/checks"
)

// documents are one of each kind with every key filled in, and one with the least.
func documents() map[string][]any {
	number, text, yes := 0.5, "a", true
	digest := Digest([]byte("a"))
	bound := Bound{Min: &number, Max: &number, OneOf: []string{"a"}, NoneOf: []string{"b"}}
	problem := &checks.Problem{Code: "timeout", Detail: "a", Side: "line"}
	at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	ref := PolicyRef{Name: "voice", Digest: digest, Compiled: []byte("{}")}
	full := Report{
		Version: Version, Verdict: Ready, State: "pending", Policy: ref, Invite: &InviteRef{ID: "i", For: "a", Sealed: []byte("{}")},
		Run: "r", Tool: Tool{Version: "1", Commit: "c", OS: "o", Arch: "a"}, Began: at, Seconds: 1, Machine: map[string]string{"a": "b"},
		Results: []checks.Result{{Check: "call", Attempt: 2, Seconds: 1, Measurements: []checks.Measurement{
			{Metric: "call.mos", Subject: "a", Value: 0, Unit: checks.MOS, By: checks.ByTool, Within: 0.1, AtLeast: true, Samples: []float64{1}},
			{Metric: "call.path", Text: "", Unit: checks.Text, By: checks.ByCollector},
			{Metric: "call.mos", Unit: checks.MOS, By: checks.ByTool, Missing: problem},
			{Metric: "call.path", Unit: checks.Text, By: checks.ByTool, Missing: problem},
		}}},
		Findings: []Finding{{
			Metric: "call.mos", Subject: "a", Outcome: Pass, Unit: checks.MOS, Measured: &number, Text: &text, Require: bound, Prefer: bound,
			Within: 0.1, AtLeast: true, Margin: &number, By: "tool", Group: "g", Why: "w", Remedy: "r", Missing: problem,
			Witnessed: &Figure{Value: &number, Within: 0.1, AtLeast: true},
			Attempts: []Try{
				{Attempt: 1, Outcome: Fail, Measured: &number, Within: 0.1, AtLeast: true, By: "tool", Missing: problem},
				{Attempt: 2, Outcome: Pass, Text: &text, By: "collector", Witnessed: &Figure{Text: &text}},
			},
		}},
		Consent: []Consent{{Check: "audio", Granted: true}}, Confirmed: &Confirmed{Name: "a", At: at, TextDigest: digest, Lang: "en"},
		Nonce: "n", Audience: "https://a.example", Attempt: 1, Previous: digest, Offline: true, Key: "k", Witness: []byte("{}"), Assurance: A1,
		Files: &Files{Report: "a", Draft: "b", Receipt: "c", HTML: "d"}, Delivered: &yes,
	}
	least := Report{
		Version: Version, Verdict: Undecided, Policy: PolicyRef{Name: "voice", Digest: digest}, Run: "r", Began: at,
		Results: []checks.Result{}, Findings: []Finding{},
	}
	return map[string][]any{
		"report": {full, least},
		"policy": {
			Policy{
				Version: Version, Name: "voice", Title: "t", Roles: []string{"a"},
				Rules:     []Rule{{Metric: "call.mos", Subject: "a", Unit: checks.MOS, Require: bound, Prefer: bound, Group: "g", Witness: true, Why: "w"}},
				Waived:    []Waiver{{Metric: "call.mos", Subject: "a", Role: "a", Reason: "r"}},
				Retry:     Retry{Pass: 2, Of: 3, Checks: []string{"call"}},
				Endpoints: []Endpoint{{Profile: "p", Host: "turn.example.com", Port: 3478, Proto: "stun", Region: "eu"}},
				Programs:  []Program{{Name: "Zoom", Category: "softphone", Processes: []string{"zoom*"}}},
			},
			Policy{Version: Version, Name: "voice", Rules: []Rule{}},
		},
		"invite": {Invite{
			Version: Version, ID: "i", For: "a", Employer: "e", Policy: ref, Collector: "https://a.example", Key: "k", Pin: digest,
			Token: "t", Nonce: "n", Issued: at, Expires: at, Keep: 365,
		}, Invite{
			Version: Version, ID: "i", For: "a", Employer: "e", Policy: ref, Collector: "https://a.example", Key: "k", Token: "t", Nonce: "n",
			Issued: at, Expires: at,
		}},
		"receipt": {Receipt{
			Verifier: Verifier{ID: "v"}, Created: at, Properties: []string{"P"}, Invite: "i", Run: "r", Verdict: Ready, Assurance: A1, Payload: digest,
		}},
	}
}

func compiled(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	data, ok := Schema(name)
	if !ok {
		t.Fatalf("there is no schema for %s", name)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(name, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func parsed(t *testing.T, document any) any {
	t.Helper()
	data, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Real documents are valid; with an unknown key, in any of their objects, they are not; nor with anything else there
// than what is there.
func TestDocumentsKeepTheirSchema(t *testing.T) {
	if _, ok := Schema("../report"); ok {
		t.Error("there is a schema for a path")
	}
	open := map[string]bool{"/machine": true}
	for _, name := range Schemas() {
		s := compiled(t, name)
		for _, document := range documents()[name] {
			if err := s.Validate(parsed(t, document)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			tree := parsed(t, document)
			visit("", tree, func(path string, object map[string]any) {
				if open[path] {
					return
				}
				object["unknown"] = "x"
				if s.Validate(tree) == nil {
					t.Errorf("%s: an unknown key in %s is valid", name, path)
				}
				delete(object, "unknown")
				for _, key := range slices.Sorted(maps.Keys(object)) {
					was := object[key]
					object[key] = nil
					if s.Validate(tree) == nil {
						t.Errorf("%s: null at %s/%s is valid", name, path, key)
					}
					object[key] = was
				}
			})
			if err := s.Validate(tree); err != nil {
				t.Errorf("%s, put back: %v", name, err)
			}
		}
	}
}

func visit(path string, v any, f func(path string, object map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		f(path, v)
		for _, key := range slices.Sorted(maps.Keys(v)) {
			visit(path+"/"+key, v[key], f)
		}
	case []any:
		for i, e := range v {
			visit(fmt.Sprint(path, "/", i), e, f)
		}
	}
}

// What the decoder refuses, the schema refuses too.
func TestSchemaRefuses(t *testing.T) {
	for _, c := range []struct{ name, path, key, value string }{
		{"report", "", "verdict", `"maybe"`},
		{"report", "", "version", `2`},
		{"report", "/policy", "digest", `"sha256:00"`},
		{"report", "", "began", `"yesterday"`},
		{"report", "/findings/0", "outcome", `"good"`},
		{"report", "/results/0/measurements/0", "text", `"both"`},
		{"report", "/results/0/measurements/0", "unit", `"text"`},
		{"report", "/results/0/measurements/1", "unit", `"s"`},
		{"report", "/results/0/measurements/0", "by", `"Collector"`},
		{"policy", "", "name", `"Voice Agent"`},
		{"policy", "/rules/0/require", "min", `"10 ms"`},
		{"policy", "/retry", "pass", `0`},
		{"policy", "/retry", "checks", `[]`},
		{"policy", "/endpoints/0", "port", `65536`},
		{"policy", "/endpoints/0", "proto", `"icmp"`},
		{"policy", "/programs/0", "category", `"phone"`},
		{"policy", "/programs/0", "processes", `[]`},
		{"report", "/findings/0/attempts/0", "outcome", `"good"`},
		{"report", "/findings/0/witnessed", "text", `"both"`},
		{"invite", "", "collector", `"ready.example.com"`},
		{"invite", "", "keep", `-1`},
		{"invite", "", "keep", `3651`},
		{"invite", "", "keep", `1.5`},
		{"invite", "", "keep", `"365"`},
		{"receipt", "", "deskready_assurance", `"A9"`},
	} {
		s := compiled(t, c.name)
		tree := parsed(t, documents()[c.name][0])
		visit("", tree, func(path string, object map[string]any) {
			if path != c.path {
				return
			}
			value, err := jsonschema.UnmarshalJSON(strings.NewReader(c.value))
			if err != nil {
				t.Fatal(err)
			}
			object[c.key] = value
			if s.Validate(tree) == nil {
				t.Errorf("%s%s/%s: %s is valid", c.name, c.path, c.key, c.value)
			}
		})
	}
}

// Every key of the structs is in the schema, every key of the schema is in the structs, and what is always written is
// required.
func TestSchemasAndStructsAgree(t *testing.T) {
	for name, of := range map[string]reflect.Type{
		"report": reflect.TypeFor[Report](), "policy": reflect.TypeFor[Policy](),
		"invite": reflect.TypeFor[Invite](), "receipt": reflect.TypeFor[Receipt](),
	} {
		data, _ := Schema(name)
		var root map[string]any
		if err := json.Unmarshal(data, &root); err != nil {
			t.Fatal(err)
		}
		a := agreement{t: t, root: root}
		a.hold(name, of, root)
	}
}

type agreement struct {
	t    *testing.T
	root map[string]any
}

func (a agreement) hold(path string, of reflect.Type, schema map[string]any) {
	a.t.Helper()
	if ref, ok := schema["$ref"].(string); ok {
		defs := a.root["$defs"].(map[string]any)
		schema = defs[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
	}
	for of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	switch {
	case of == reflect.TypeFor[checks.Measurement]():
		a.keys(path, schema, measurementKeys(a.t), []string{"metric", "unit", "by"})
	case of == reflect.TypeFor[time.Time]():
		a.kind(path, schema, "string")
	case of.Kind() == reflect.Struct:
		a.object(path, of, schema)
	case of.Kind() == reflect.Map:
		a.kind(path, schema, "object")
	case of == reflect.TypeFor[[]byte]():
		a.kind(path, schema, "string")
	case of.Kind() == reflect.Slice:
		a.kind(path, schema, "array")
		if items, ok := schema["items"].(map[string]any); ok {
			a.hold(path+"[]", of.Elem(), items)
		} else {
			a.t.Errorf("%s: a list of anything", path)
		}
	case schema["const"] != nil: // a version; or a truth that is left out where it is none
		if is := reflect.TypeOf(schema["const"]).Kind(); is != of.Kind() && (is != reflect.Float64 || of.Kind() != reflect.Int) {
			a.t.Errorf("%s: the schema says %v, the struct %s", path, schema["const"], of.Kind())
		}
	case of.Kind() == reflect.Int:
		a.kind(path, schema, "integer")
	default:
		a.kind(path, schema, map[reflect.Kind]string{
			reflect.String: "string", reflect.Float64: "number", reflect.Bool: "boolean",
		}[of.Kind()])
	}
}

func (a agreement) object(path string, of reflect.Type, schema map[string]any) {
	a.t.Helper()
	var all, required []string
	properties, _ := schema["properties"].(map[string]any)
	for i := range of.NumField() {
		name, options, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
		if name == "" || name == "-" {
			a.t.Errorf("%s: field %s has no name in JSON", path, of.Field(i).Name)
		}
		all = append(all, name)
		if !strings.Contains(options, "omit") {
			required = append(required, name)
		}
		if property, ok := properties[name].(map[string]any); ok {
			a.hold(path+"."+name, of.Field(i).Type, property)
		}
	}
	// Stricter than the struct: an invite is of no use without its policy.
	if strings.HasPrefix(path, "invite") && of == reflect.TypeFor[PolicyRef]() {
		required = append(required, "compiled")
	}
	a.keys(path, schema, all, required)
}

func (a agreement) keys(path string, schema map[string]any, all, required []string) {
	a.t.Helper()
	a.kind(path, schema, "object")
	if schema["additionalProperties"] != false {
		a.t.Errorf("%s: the schema lets unknown keys in", path)
	}
	properties, _ := schema["properties"].(map[string]any)
	if got := slices.Sorted(maps.Keys(properties)); !slices.Equal(got, sorted(all)) {
		a.t.Errorf("%s: the schema has %v, the struct %v", path, got, sorted(all))
	}
	var listed []string
	for _, name := range schema["required"].([]any) {
		listed = append(listed, name.(string))
	}
	if !slices.Equal(sorted(listed), sorted(required)) {
		a.t.Errorf("%s: the schema requires %v, always written are %v", path, sorted(listed), sorted(required))
	}
}

func (a agreement) kind(path string, schema map[string]any, want string) {
	a.t.Helper()
	if schema["type"] != want {
		a.t.Errorf("%s: the schema says %v, the struct %s", path, schema["type"], want)
	}
}

func sorted(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return list
}

// measurementKeys are all that a measurement can be written with.
func measurementKeys(t *testing.T) []string {
	t.Helper()
	keys := map[string]bool{}
	for _, m := range documents()["report"][0].(Report).Results[0].Measurements {
		for key := range parsed(t, m).(map[string]any) {
			keys[key] = true
		}
	}
	return slices.Collect(maps.Keys(keys))
}
