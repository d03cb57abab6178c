package strict

import (
	"errors"
	"strings"
	"testing"
)

type document struct {
	Name  string   `json:"name"`
	Inner *inner   `json:"inner,omitzero"`
	List  []string `json:"list,omitzero"`
}

type inner struct {
	Count int `json:"count"`
}

func TestDecode(t *testing.T) {
	for _, c := range []struct {
		name, data string
		large      bool
		ok         bool
	}{
		{name: "plain", data: `{"name":"a","inner":{"count":1}}`, ok: true},
		{name: "white space", data: " {\n\"name\": \"a\"}\n", ok: true},
		{name: "empty", data: ``},
		{name: "truncated", data: `{"name":"a"`},
		{name: "twice", data: `{"name":"a","name":"b"}`},
		{name: "twice, inside", data: `{"name":"a","inner":{"count":1,"count":2}}`},
		{name: "twice, by an escape", data: `{"name":"a","n\u0061me":"b"}`},
		{name: "unknown", data: `{"name":"a","more":1}`},
		{name: "wrong case", data: `{"Name":"a"}`},
		{name: "more after it", data: `{"name":"a"} {}`},
		{name: "no UTF-8", data: "{\"name\":\"\xff\"}"},
		{name: "number for text", data: `{"name":1}`},
		{name: "deep", data: `{"list":` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + `}`, large: true},
		{name: "many", data: `{"list":[` + strings.Repeat(`"",`, 200) + `""]}`, large: true},
		{name: "long", data: `{"name":"` + strings.Repeat("a", 2000) + `"}`, large: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var d document
			err := Decode([]byte(c.data), &d, Limits{Bytes: 1500, Depth: 8, Values: 100})
			if (err == nil) != c.ok {
				t.Fatalf("error %v, want ok %t", err, c.ok)
			}
			if errors.Is(err, ErrTooLarge) != c.large {
				t.Errorf("error %v, want over the limit: %t", err, c.large)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"name":"a","inner":{"count":1},"list":["x"]}`))
	f.Add([]byte(`{"name":"a","name":"b"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var d document
		if Decode(data, &d, Default) != nil {
			return
		}
		if strings.Count(string(data), `"name"`) > 1+strings.Count(d.Name+strings.Join(d.List, ""), `name`) {
			t.Errorf("accepted %q with a key given twice", data)
		}
	})
}
