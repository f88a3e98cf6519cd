package reduce_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"mayfly/internal/settings"
	"mayfly/transform/message"
	"mayfly/transform/reduce"
)

// reducer makes a reducer of its YAML.
func reducer(t testing.TB, text string) (*reduce.Reducer, message.Faults) {
	t.Helper()
	var spec reduce.Spec
	if err := settings.Read([]byte(text), &spec, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	return reduce.New(&spec)
}

// readings makes messages of lines: device, seconds, body.
func readings(lines ...string) []*message.Message {
	var all []*message.Message
	for _, line := range lines {
		parts := strings.SplitN(line, " ", 3)
		m := &message.Message{DeviceID: parts[0], Body: []byte(parts[2])}
		var seconds int
		if _, err := fmt.Sscan(parts[1], &seconds); err == nil {
			m.Time = time.Unix(1_800_000_000+int64(seconds), 0).UTC()
		}
		all = append(all, m)
	}
	return all
}

// TestApply: which messages are left of the readings of a request, and what is in them.
func TestApply(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, spec string
		in         []string
		want       []string // what is left; a message that is not has its number
	}{
		{"one message per device", "fields: {t: [min, max, avg, last, count]}",
			[]string{`a 0 {"t":21.50}`, `a 10 {"t":20}`, `b 10 {"t":1}`, `a 90 {"t":22.1}`},
			[]string{"0", "0", `b 1 {"t_avg":1,"t_count":1,"t_last":1,"t_max":1,"t_min":1}`,
				`a 3 {"t_avg":21.2,"t_count":3,"t_last":22.1,"t_max":22.1,"t_min":20}`}},
		{"one message per window", "window: 1m\nfields: {t: avg}",
			[]string{`a 0 {"t":1}`, `a 59 {"t":2}`, `a 60 {"t":3}`, `a - {"t":9}`},
			[]string{"0", `a 2 {"t":1.5}`, `a 1 {"t":3}`, `a 1 {"t":9}`}},
		{"out of order", "fields: {t: last}", []string{`a 20 {"t":2}`, `a 10 {"t":1}`}, []string{`a 2 {"t":2}`, "0"}},
		{"the others keep their last values", "fields: {t: max}",
			[]string{`a 0 {"t":1,"door":"open","e":{"x":1,"y":2}}`, `a 1 {"t":0,"e":{"x":3}}`},
			[]string{"0", `a 2 {"door":"open","e":{"x":3,"y":2},"t":1}`}},
		{"or are dropped", "fields: {t: max}\nothers: drop", []string{`a 0 {"t":1,"door":"open"}`, `a 1 {"t":0}`},
			[]string{"0", `a 2 {"t":1}`}},
		{"a member of an object", "fields: {e.t: [avg]}", []string{`a 0 {"e":{"t":1}}`, `a 1 {"e":{"t":2,"u":1}}`},
			[]string{"0", `a 2 {"e":{"t_avg":1.5,"u":1}}`}},
		{"what is not a number", "fields: {s: [min, last, count]}", []string{`a 0 {"s":"x"}`, `a 1 {"s":"y"}`},
			[]string{"0", `a 2 {"s_count":2,"s_last":"y"}`}},
		{"digits stay",
			"fields: {t: [min, max, last]}", []string{`a 0 {"t":1.50}`, `a 1 {"t":12345678901234567890.10}`},
			[]string{"0", `a 2 {"t_last":12345678901234567890.10,"t_max":12345678901234567890.10,"t_min":1.50}`}},
		{"a mean without an error of rounding",
			"fields: {t: avg}", []string{`a 0 {"t":0.1}`, `a 1 {"t":0.2}`, `a 2 {"t":0.4}`},
			[]string{"0", "0", `a 3 {"t":0.2333}`}},
		{"a number with a large exponent",
			"fields: {t: [max, count]}", []string{`a 0 {"t":1e999999999}`, `a 1 {"t":2}`},
			[]string{"0", `a 2 {"t_count":2,"t_max":2}`}},
		{"a window alone", "window: 1h", []string{`a 0 {"t":1}`, `a 1 {"u":2}`}, []string{"0", `a 2 {"t":1,"u":2}`}},
		{"what has not changed is left out", "only: {t: 0.5}",
			[]string{`a 0 {"t":20}`, `b 0 {"t":20}`, `a 1 {"t":20.3}`, `a 2 {"t":20.5}`, `a 3 {"t":20.1}`,
				`a 4 {"t":20.0}`},
			[]string{`a 1 {"t":20}`, `b 1 {"t":20}`, "-1", `a 1 {"t":20.5}`, "-1", `a 1 {"t":20.0}`}},
		{"any change", "only: {door: changed}",
			[]string{`a 0 {"door":"open"}`, `a 1 {"door":"open"}`, `a 2 {"other":1}`, `a 3 {"door":"shut"}`},
			[]string{`a 1 {"door":"open"}`, "-1", `a 1 {"other":1}`, `a 1 {"door":"shut"}`}},
		{"left out before it is put together", "only: {t: 1}\nfields: {t: count}",
			[]string{`a 0 {"t":1}`, `a 1 {"t":1}`, `a 2 {"t":2}`}, []string{"0", "-1", `a 2 {"t":2}`}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r, faults := reducer(t, tc.spec)
			if len(faults) > 0 {
				t.Fatal(faults)
			}
			messages := readings(tc.in...)
			stand := r.Apply(messages)
			for i, m := range messages {
				got := fmt.Sprint(stand[i])
				if stand[i] > 0 {
					got = fmt.Sprintf("%s %d %s", m.DeviceID, stand[i], m.Body)
				}
				if got != tc.want[i] {
					t.Errorf("%d: %s, want %s", i, got, tc.want[i])
				}
			}
		})
	}
}

// A message of several readings has the same id when they come again, where each of them has one.
func TestMessageID(t *testing.T) {
	t.Parallel()
	r, _ := reducer(t, "fields: {t: avg}")
	id := func(ids ...string) string {
		var all []*message.Message
		for _, id := range ids {
			all = append(all, &message.Message{DeviceID: "a", MessageID: id, Body: []byte(`{"t":1}`)})
		}
		r.Apply(all)
		return all[len(all)-1].MessageID
	}
	if a, b := id("x", "y"), id("x", "y"); a != b || !message.ValidMessageID(a) || a == id("x", "z") {
		t.Errorf("%s %s %s", a, b, id("x", "z"))
	}
	if id("x", "") != "" || id("", "x") != "" || id("x") != "x" {
		t.Error("an id is made up")
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"window: 1ms":                    "window: must be from 1s to 24h",
		"window: 48h":                    "window: must be from 1s to 24h",
		"fields: {a..b: min}":            `fields: "a..b" is not a member`,
		"only: {'': 1}":                  `only: "" is not a member`,
		"window: 1m\nothers: first":      `others: "first" is not known`,
		"only: {t: 1}\nothers: drop":     "others: is for members that are put together",
		"window: 1m\nfields: {t: [min]}": "",
	} {
		r, faults := reducer(t, text)
		got := faults.Error()
		if !strings.HasPrefix(got, want) || (got == "") != (want == "") || (r == nil) != (want != "") {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	for _, text := range []string{
		"fields: {t: median}", "fields: {t: []}", "only: {t: maybe}", "only: {t: -1}", "only: {t: [1]}",
	} {
		if err := settings.Read([]byte(text), &reduce.Spec{}, yaml.Strict()); err == nil {
			t.Errorf("%s is read", text)
		}
	}
	if r, faults := reducer(t, "{}"); r != nil || len(faults) > 0 {
		t.Error("nothing is something")
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`[1.50,3,2]`:                `{"avg":2.16667,"count":3,"last":2,"max":3,"min":1.50}`,
		`[{"t":1,"s":"x"},{"t":3}]`: `{"t":{"avg":2,"count":2,"last":3,"max":3,"min":1}}`,
		`[null,1]`:                  `{"avg":1,"count":1,"last":1,"max":1,"min":1}`,
		`["a"]`:                     "null", `[]`: "null", `{"t":1}`: "null",
	} {
		var value any
		d := json.NewDecoder(strings.NewReader(in))
		d.UseNumber()
		if err := d.Decode(&value); err != nil {
			t.Fatal(err)
		}
		if got, _ := message.Marshal(reduce.Summary(value)); string(got) != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

// However readings are reduced, each of them is in one message, or left out.
func TestNothingIsLost(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		spec := []string{"window: 10s\nfields: {t: [min, max]}", "fields: {t: avg}", "only: {t: 2}",
			"window: 5s\nonly: {t: 1}"}[random.IntN(4)]
		r, _ := reducer(t, spec)
		var lines []string
		for range random.IntN(40) {
			lines = append(lines, fmt.Sprintf(`d%d %d {"t":%d}`, random.IntN(3), random.IntN(60), random.IntN(9)))
		}
		all, joined := 0, 0
		for _, n := range r.Apply(readings(lines...)) {
			switch {
			case n > 0:
				all += n
			case n == reduce.Unchanged:
				all++
			default:
				joined++
			}
		}
		if all != len(lines) {
			t.Fatalf("%s: %d of %d readings, %d joined", spec, all, len(lines), joined)
		}
	}
}

// BenchmarkApply reduces a hundred readings of a gateway.
func BenchmarkApply(b *testing.B) {
	r, _ := reducer(b, "window: 1m\nfields: {temperature: [min, max, avg], humidity: avg}")
	lines := make([]string, 100)
	for i := range lines {
		lines[i] = fmt.Sprintf(`gateway-1 %d {"temperature":%d.%02d,"humidity":%d,"battery":3.6}`, i, 20+i%3, i, 40+i%7)
	}
	before, after := 0, 0
	b.ReportAllocs()
	for b.Loop() {
		messages := readings(lines...)
		before, after = 0, 0
		stand := r.Apply(messages)
		for i, m := range messages {
			before += len(lines[i])
			if stand[i] > 0 {
				after += len(m.Body)
			}
		}
	}
	b.ReportMetric(float64(before), "B-before")
	b.ReportMetric(float64(after), "B-after")
}
