package report

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// asking is a policy with one rule and more lines below, of which the first is line 5.
func asking(more string) []byte {
	return []byte("version: 1\nname: a\nrules:\n  - {metric: line.rtt, require: {max: 1 s}}\n" + more)
}

func hosts(p Policy) []string {
	list := make([]string, len(p.Endpoints))
	for i, e := range p.Endpoints {
		list[i] = fmt.Sprintf("%s:%d/%s", e.Host, e.Port, e.Proto)
	}
	return list
}

func TestEndpointsOfAPolicy(t *testing.T) {
	source := asking(`endpoints:
  - {profile: amazon-connect, regions: [eu-west-2, us-west-2]}
  - {host: Turn.example.com, port: 3478, proto: udp, region: home}
  - {host: 192.0.2.7, port: 443, proto: tls}
  - profile: amazon-chime
overlays:
  berlin:
    endpoints:
      - {profile: amazon-connect, regions: [eu-central-1, eu-west-2]}
    rules:
      - {metric: line.rtt, require: {max: 2 s}}
  strict:
    - {metric: line.rtt, require: {max: 100 ms}}
`)
	p, err := ParsePolicy(source, catalogue())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"TurnNlb-8d79b4466d82ad0e.elb.us-west-2.amazonaws.com:3478/stun", "TurnNlb-dbc4ebb71307fda2.elb.us-west-2.amazonaws.com:3478/stun",
		"TurnNlb-1dc64a459ead57ea.elb.eu-west-2.amazonaws.com:3478/stun", "participant.connect.us-west-2.amazonaws.com:443/tls",
		"participant.connect.eu-west-2.amazonaws.com:443/tls", "Turn.example.com:3478/udp", "192.0.2.7:443/tls",
		"nearest-media-region.l.chime.aws:443/https",
	}
	if got := hosts(p); !slices.Equal(got, want) {
		t.Errorf("%q,\nwant %q", got, want)
	}
	if e := p.Endpoints[0]; e.Profile != "amazon-connect" || e.Region != "us-west-2" {
		t.Errorf("%+v", e)
	}
	if e := p.Endpoints[5]; e.Profile != "" || e.Region != "home" {
		t.Errorf("%+v", e)
	}
	p, err = ParsePolicy(source, catalogue(), "berlin", "strict")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, "TurnNlb-ea5316ebe2759cbc.elb.eu-central-1.amazonaws.com:3478/stun", "participant.connect.eu-central-1.amazonaws.com:443/tls")
	if got := hosts(p); !slices.Equal(got, want) || *p.Rules[0].Require.Max != 0.1 {
		t.Errorf("with the overlays %q,\nwant %q; %v", got, want, p.Rules[0].Require)
	}
	back, err := DecodePolicy(compiledBytes(t, p))
	if err != nil || !reflect.DeepEqual(back, p) {
		t.Errorf("came back as %+v, %v", back, err)
	}
}

func TestLintEndpoints(t *testing.T) {
	many := "endpoints:\n"
	for i := range mostEndpoints + 1 {
		many += fmt.Sprintf("  - {host: a%d.example.com, port: 1, proto: tcp}\n", i)
	}
	for _, c := range []struct{ name, more, want string }{
		{"no list", "endpoints: amazon-connect\n", "line 5: here should be a list"},
		{"no mapping", "endpoints:\n  - amazon-connect\n", "line 6: here should be some lines of"},
		{"unknown profile", "endpoints:\n  - profile: amazon\n", `line 6: no profile is called "amazon"; there are amazon-chime, amazon-connect, genesys-cloud`},
		{"unknown region", "endpoints:\n  - {profile: amazon-connect, regions: [mars]}\n", `line 6: amazon-connect has no region "mars"; it has us-west-2`},
		{"no regions", "endpoints:\n  - {profile: twilio-voice, regions: [eu]}\n", `line 6: twilio-voice has no region "eu"; it has none`},
		{"nothing to try", "endpoints:\n  - profile: zoom\n", "line 6: the sources of zoom name no host that can be tried"},
		{"profile and host", "endpoints:\n  - {profile: twilio-voice, host: a.example.com}\n", "line 6: an endpoint is a profile, or host"},
		{"regions of a host", "endpoints:\n  - {host: a.example.com, port: 1, proto: tcp, regions: [eu]}\n", "line 6: regions go with a profile"},
		{"no host", "endpoints:\n  - {port: 1, proto: tcp}\n", "line 6: an endpoint names its host"},
		{"wildcard", "endpoints:\n  - {host: '*.example.com', port: 1, proto: tcp}\n", `line 6: "*.example.com" is no host that can be tried`},
		{"address of many", "endpoints:\n  - {host: 192.0.2.0/24, port: 1, proto: tcp}\n", "is no host that can be tried"},
		{"URL", "endpoints:\n  - {host: 'https://a.example.com/', port: 1, proto: tcp}\n", "is no host that can be tried"},
		{"this computer", "endpoints:\n  - {host: localhost, port: 1, proto: tcp}\n", "is no host that can be tried"},
		{"no port", "endpoints:\n  - {host: a.example.com, proto: tcp}\n", "line 6: a.example.com: the port is from 1 to 65535"},
		{"odd port", "endpoints:\n  - {host: a.example.com, port: 10-20, proto: udp}\n", "line 6: port is a whole number"},
		{"odd way", "endpoints:\n  - {host: a.example.com, port: 1, proto: icmp}\n", `line 6: a.example.com: "icmp" is no way to try it`},
		{"twice", "endpoints:\n  - {host: a.example.com, port: 1, proto: tcp}\n  - {host: A.example.com, port: 1, proto: tcp}\n", "line 7: this is already in the list"},
		{"too many", many, fmt.Sprintf("line %d: with this there are 65 endpoints, 64 allowed", 5+mostEndpoints+1)},
		{"in an overlay", "overlays:\n  b:\n    endpoints:\n      - profile: none\n", `line 8: no profile is called "none"`},
		{"unknown key in an overlay", "overlays:\n  b:\n    rulez: []\n", `line 7: unknown key "rulez"; known are rules, endpoints, programs`},

		{"retry with nothing", "retry: {}\n", "line 5: retry says nothing"},
		{"no number", "retry: {pass: two, of: 3, checks: [line]}\n", "line 5: pass is a whole number"},
		{"more than there are", "retry: {pass: 4, of: 3, checks: [line]}\n", "line 5: retry: 4 of 3 attempts"},
		{"none to pass", "retry: {pass: 0, of: 3, checks: [line]}\n", "line 5: retry: 0 of 3 attempts"},
		{"too often", "retry: {pass: 2, of: 6, checks: [line]}\n", "line 5: retry: 2 of 6 attempts"},
		{"no checks", "retry: {pass: 2, of: 3}\n", "line 5: retry names no checks"},
		{"unknown check", "retry: {pass: 2, of: 3, checks: [line, lines]}\n", `line 5: retry: no check is called "lines"; the checks are line, pc`},
		{"named twice", "retry: {pass: 2, of: 3, checks: [line, line]}\n", "line 5: retry names line twice"},
		{"unknown key", "retry: {pass: 2, from: 3, checks: [line]}\n", `line 5: unknown key "from"; known are pass, of, checks`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ParsePolicy(asking(c.more), catalogue())
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

func TestTooManyWithAnOverlay(t *testing.T) {
	list := func(prefix string, n int) string {
		out := ""
		for i := range n {
			out += fmt.Sprintf("      - {host: %s%d.example.com, port: 1, proto: tcp}\n", prefix, i)
		}
		return out
	}
	source := asking("endpoints:\n" + list("a", 60) + "overlays:\n  b:\n    endpoints:\n" + list("b", 5))
	if _, err := ParsePolicy(source, catalogue()); err != nil {
		t.Error(err)
	}
	if _, err := ParsePolicy(source, catalogue(), "b"); err == nil || !strings.Contains(err.Error(), "with b there are 65 endpoints, 64 allowed") {
		t.Errorf("%v", err)
	}
}

func TestRetryOfAPolicy(t *testing.T) {
	p, err := ParsePolicy(asking("retry: {pass: 2, of: 3, checks: [line, web]}\n"), catalogue())
	if err != nil || !reflect.DeepEqual(p.Retry, twoOfThree()) {
		t.Fatalf("%+v, %v", p.Retry, err)
	}
	back, err := DecodePolicy(compiledBytes(t, p))
	if err != nil || !reflect.DeepEqual(back, p) {
		t.Errorf("came back as %+v, %v", back, err)
	}
}

func TestDecodeRefusesBadRetryAndEndpoints(t *testing.T) {
	for name, more := range map[string]string{
		"retry":              `"retry":{"pass":3,"of":2,"checks":["a"]}`,
		"retry of nothing":   `"retry":{"pass":1,"of":2,"checks":[]}`,
		"retry for ever":     `"retry":{"pass":1,"of":1000000,"checks":["a"]}`,
		"host":               `"endpoints":[{"host":"a b","port":1,"proto":"tcp"}]`,
		"port":               `"endpoints":[{"host":"a.example.com","port":70000,"proto":"tcp"}]`,
		"proto":              `"endpoints":[{"host":"a.example.com","port":7,"proto":""}]`,
		"too many endpoints": `"endpoints":[` + strings.Repeat(`{"host":"a.example.com","port":7,"proto":"tcp"},`, mostEndpoints) + `{"host":"a.example.com","port":7,"proto":"tcp"}]`,
	} {
		if _, err := DecodePolicy([]byte(`{"version":1,"name":"a","rules":[],` + more + `}`)); err == nil {
			t.Errorf("%s: read", name)
		}
	}
}

// What is shipped can be read, is dated, and names its sources.
func TestProfiles(t *testing.T) {
	list, err := Profiles()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range list {
		names = append(names, p.Name)
		if len(p.Endpoints)+len(p.Elsewhere) == 0 || len(p.Sources) == 0 || p.Title == "" {
			t.Errorf("%+v", p)
		}
		for _, e := range p.Endpoints {
			if err := e.sane(); err != nil || e.Profile != p.Name {
				t.Errorf("%s: %+v, %v", p.Name, e, err)
			}
		}
		if len(p.Endpoints) > mostEndpoints {
			t.Errorf("%s: %d endpoints", p.Name, len(p.Endpoints))
		}
	}
	want := []string{"amazon-chime", "amazon-connect", "genesys-cloud", "microsoft-teams", "ringcentral", "talkdesk", "twilio-voice", "zoom"}
	if !slices.Equal(names, want) {
		t.Errorf("%v, want %v", names, want)
	}
}

func TestParseProfileRefuses(t *testing.T) {
	const good = "name: a\ntitle: A\nread: 2026-11-21\nsources: [x]\nendpoints: [{host: a.example.com, port: 1, proto: tcp}]\n"
	if p, err := parseProfile([]byte(good)); err != nil || p.Endpoints[0].Profile != "a" {
		t.Fatalf("%+v, %v", p, err)
	}
	for old, bad := range map[string]string{
		"name: a\n": "", "2026-11-21": "yesterday", "[x]": "[]", "sources": "source", "title: A\n": "", "a.example.com": "'*.example.com'",
		"endpoints": "rules", "{host: a.example.com, port: 1, proto: tcp}": "{profile: b}", "port: 1": "port: one",
	} {
		if _, err := parseProfile([]byte(strings.Replace(good, old, bad, 1))); err == nil {
			t.Errorf("%q for %q was read", bad, old)
		}
	}
}
