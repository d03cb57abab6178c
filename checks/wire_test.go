package checks

import (
	stdjson "encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

// strictly is how reports are read.
func strictly(data []byte, into any) error {
	return json.Unmarshal(data, into, json.RejectUnknownMembers(true))
}

func TestMeasurementRoundTrip(t *testing.T) {
	series := load.Of("", 0.5)
	series.Samples = []float64{0, 0.25, 1}
	witnessed := load.Of("", 1)
	witnessed.By = ByCollector
	for _, c := range []struct {
		m    Measurement
		want string
	}{
		{load.Of("", 0), `{"metric":"a.load","value":0,"unit":"ratio","by":"tool"}`},
		{load.Of("x", 0.5), `{"metric":"a.load","subject":"x","value":0.5,"unit":"ratio","by":"tool"}`},
		{series, `{"metric":"a.load","value":0.5,"unit":"ratio","by":"tool","samples":[0,0.25,1]}`},
		{witnessed, `{"metric":"a.load","value":1,"unit":"ratio","by":"collector"}`},
		{load.True("", false), `{"metric":"a.load","value":0,"unit":"ratio","by":"tool"}`},
		{name.Named("x", "Jabra <40> \u2028"), ""},
		{name.Named("", ""), `{"metric":"a.name","text":"","unit":"text","by":"tool"}`},
		{
			load.Missing("", &Problem{Code: CodeAbsent, Side: SideHire}),
			`{"metric":"a.load","unit":"ratio","by":"tool","missing":{"code":"absent","side":"hire"}}`,
		},
		{
			name.Missing("x", &Problem{Code: CodeTimeout, Detail: "late", Side: SideLine}),
			`{"metric":"a.name","subject":"x","unit":"text","by":"tool","missing":{"code":"timeout","detail":"late","side":"line"}}`,
		},
	} {
		data, err := stdjson.Marshal(c.m)
		if err != nil {
			t.Fatal(err)
		}
		if c.want != "" && string(data) != c.want {
			t.Errorf("got  %s\nwant %s", data, c.want)
		}
		again, err := json.Marshal(c.m)
		if err != nil {
			t.Fatal(err)
		}
		var std, experiment, crossed Measurement
		for into, read := range map[*Measurement]error{
			&std: stdjson.Unmarshal(data, &std), &experiment: strictly(data, &experiment), &crossed: strictly(again, &crossed),
		} {
			if read != nil || !reflect.DeepEqual(*into, c.m) {
				t.Errorf("%s came back as %+v, %v", data, *into, read)
			}
		}
	}
}

func TestMissingHidesTheRest(t *testing.T) {
	m := load.Missing("", &Problem{Code: CodeAbsent, Side: SideHire})
	m.Value, m.Text, m.Samples, m.Within, m.AtLeast = 3, "three", []float64{3}, 3, true
	data, err := stdjson.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if text := string(data); strings.Contains(text, "3") || strings.Contains(text, "three") || strings.Contains(text, "least") {
		t.Errorf("%s shows a value that was not measured", text)
	}
}

func TestMeasurementRefused(t *testing.T) {
	for _, c := range []struct {
		name, data string
		strictOnly bool
	}{
		{name: "nothing", data: `{"metric":"a.load","unit":"ratio","by":"tool"}`},
		{name: "null", data: `{"metric":"a.load","value":null,"unit":"ratio","by":"tool"}`},
		{name: "value and text", data: `{"metric":"a.load","value":1,"text":"one","unit":"ratio","by":"tool"}`},
		{name: "value and missing", data: `{"metric":"a.load","value":1,"unit":"ratio","by":"tool","missing":{"code":"absent","side":"hire"}}`},
		{name: "text and missing", data: `{"metric":"a.name","text":"x","unit":"text","by":"tool","missing":{"code":"absent","side":"hire"}}`},
		{name: "text for a number", data: `{"metric":"a.load","text":"1","unit":"ratio","by":"tool"}`},
		{name: "number for a text", data: `{"metric":"a.name","value":1,"unit":"text","by":"tool"}`},
		{name: "number in quotes", data: `{"metric":"a.load","value":"1","unit":"ratio","by":"tool"}`},
		{name: "too large a number", data: `{"metric":"a.load","value":1e999,"unit":"ratio","by":"tool"}`},
		{name: "no number", data: `{"metric":"a.load","value":NaN,"unit":"ratio","by":"tool"}`},
		{name: "list", data: `[]`},
		{name: "key twice", data: `{"metric":"a.load","value":1,"value":2,"unit":"ratio","by":"tool"}`},
		{name: "unknown key", data: `{"metric":"a.load","value":1,"unit":"ratio","by":"tool","pass":true}`, strictOnly: true},
		{name: "unknown key inside", data: `{"metric":"a.load","unit":"ratio","by":"tool","missing":{"code":"absent","side":"hire","who":"me"}}`, strictOnly: true},
		{name: "interval of a text", data: `{"metric":"a.name","text":"x","within":1,"unit":"text","by":"tool"}`},
		{name: "bound of nothing", data: `{"metric":"a.load","at_least":true,"unit":"ratio","by":"tool","missing":{"code":"absent","side":"hire"}}`},
		{name: "interval turned round", data: `{"metric":"a.load","value":1,"within":-1,"unit":"ratio","by":"tool"}`},
		{name: "key in another case", data: `{"metric":"a.load","Value":1,"unit":"ratio","by":"tool"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var m Measurement
			if err := strictly([]byte(c.data), &m); err == nil {
				t.Errorf("read as %+v", m)
			}
			if err := stdjson.Unmarshal([]byte(c.data), &m); (err == nil) != c.strictOnly {
				t.Errorf("encoding/json: %v", err)
			}
		})
	}
}

func TestNotANumberIsNotWritten(t *testing.T) {
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if data, err := stdjson.Marshal(load.Of("", v)); err == nil {
			t.Errorf("%v was written as %s", v, data)
		}
	}
}

func TestRound(t *testing.T) {
	for _, c := range []struct {
		value    float64
		decimals int
		want     float64
	}{
		{0, 2, 0},
		{1.005, 2, 1}, // the double lies under 1.005
		{1.006, 2, 1.01},
		{2.5, 0, 2}, // half to even
		{-0.4, 0, 0},
		{94213337.6, 0, 94213338},
		{0.0213377, 4, 0.0213},
		{math.MaxFloat64, 0, math.MaxFloat64},
		{math.SmallestNonzeroFloat64, 9, 0},
	} {
		got, err := Round(c.value, c.decimals)
		if err != nil || got != c.want || math.Signbit(got) != math.Signbit(c.want) {
			t.Errorf("Round(%v, %d) = %v, %v, want %v", c.value, c.decimals, got, err, c.want)
		}
	}
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if got, err := Round(v, 2); err == nil {
			t.Errorf("Round(%v) = %v", v, got)
		}
	}
}

func FuzzMeasurement(f *testing.F) {
	f.Add([]byte(`{"metric":"a.load","value":0,"unit":"ratio","by":"tool"}`))
	f.Add([]byte(`{"metric":"a.load","subject":"x","value":1e-9,"unit":"s","by":"collector","samples":[1,2.5]}`))
	f.Add([]byte(`{"metric":"a.name","text":"","unit":"text","by":"tool"}`))
	f.Add([]byte(`{"metric":"a.load","unit":"ratio","by":"tool","samples":[1],"missing":{"code":"absent","detail":"x","side":"hire"}}`))
	f.Add([]byte(`{"metric":"a.load","value":1,"text":"one","unit":"ratio"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var m Measurement
		if strictly(data, &m) != nil {
			return
		}
		var std Measurement
		if err := stdjson.Unmarshal(data, &std); err != nil || !reflect.DeepEqual(std, m) {
			t.Errorf("%q: two readers differ: %+v and %+v, %v", data, m, std, err)
		}
		out, err := stdjson.Marshal(m)
		if err != nil {
			t.Fatalf("%q cannot be written again: %v", data, err)
		}
		var again Measurement
		if err := strictly(out, &again); err != nil {
			t.Fatalf("%q was written as %s and is refused: %v", data, out, err)
		}
		if m.Missing != nil || len(m.Samples) == 0 {
			m.Samples = nil // not kept beside a reason; and empty is the same as none
		}
		if !reflect.DeepEqual(again, m) {
			t.Errorf("%q came back as %+v, was %+v", data, again, m)
		}
	})
}
