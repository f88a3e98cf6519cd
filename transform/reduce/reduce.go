package reduce

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"mayfly/transform/message"
)

// What becomes of a reading that does not go by itself; see [Reducer.Apply].
const (
	Joined    = 0  // it is in the message of another reading
	Unchanged = -1 // it is left out
)

// Describe says for people what [Reducer.Apply] returns for a message.
func Describe(stands int) string {
	switch stands {
	case Joined:
		return "is in another message"
	case Unchanged:
		return "left out: nothing has changed"
	}
	return fmt.Sprintf("stands for %d readings", stands)
}

// reading is a message whose body was read.
type reading struct {
	at   int
	body map[string]any
}

// Apply reduces the readings of a request, in place. For each message it returns how many readings it stands for now,
// or [Joined], or [Unchanged]. The message that stands for several is that of the last of them, by time.
func (r *Reducer) Apply(messages []*message.Message) []int {
	stand := make([]int, len(messages))
	groups := map[group][]reading{}
	kept := map[device]map[string]any{} // the last readings that are not left out
	for i, m := range messages {
		stand[i] = 1
		body, err := decode(m.Body)
		if err != nil {
			continue // it goes as it is
		}
		of := deviceOf(m)
		if before, has := kept[of]; has && !r.changed(before, body) {
			stand[i] = Unchanged
			continue
		}
		kept[of] = body
		if r.windows {
			g := group{of, r.windowOf(m)}
			groups[g] = append(groups[g], reading{i, body})
		}
	}
	for _, list := range groups {
		r.join(messages, list, stand)
	}
	return stand
}

// device is what the readings of a message that is made of several have in common.
type device struct{ id, gateway, model, fleet, component string }

func deviceOf(m *message.Message) device {
	return device{m.DeviceID, m.GatewayID, m.ModelID, m.Fleet, m.Component}
}

// group is a device in a window.
type group struct {
	device
	window int64
}

// windowOf returns the number of the window that a reading is in. Those without a time have one of their own.
func (r *Reducer) windowOf(m *message.Message) int64 {
	if r.window == 0 || m.Time.IsZero() {
		return 0
	}
	return windowOf(m.Time, r.window) + 1
}

func windowOf(t time.Time, window time.Duration) int64 {
	at, of := t.UnixMilli(), window.Milliseconds()
	n := at / of
	if at%of < 0 { // before 1970
		n--
	}
	return n
}

// changed tells whether a member has changed as it has to. A reading that has none of the members is not judged.
func (r *Reducer) changed(before, now map[string]any) bool {
	if len(r.only) == 0 {
		return true
	}
	judged := false
	for _, c := range r.only {
		value := get(now, c.path)
		if value == nil {
			continue
		}
		judged = true
		was := get(before, c.path)
		a, numberNow := decimalOf(value)
		b, numberThen := decimalOf(was)
		if numberNow && numberThen {
			if a.differs(b, c.Least) {
				return true
			}
		} else if !reflect.DeepEqual(value, was) {
			return true
		}
	}
	return !judged
}

// join makes one message of readings.
func (r *Reducer) join(messages []*message.Message, list []reading, stand []int) {
	slices.SortStableFunc(list, func(a, b reading) int {
		return messages[a.at].Time.Compare(messages[b.at].Time)
	})
	body := map[string]any{}
	if !r.drop {
		for _, one := range list {
			merge(body, one.body)
		}
	}
	for _, f := range r.fields {
		if !f.Plain || r.drop {
			remove(body, f.path)
		}
	}
	for _, f := range r.fields {
		values := make([]any, 0, len(list))
		for _, one := range list {
			if value := get(one.body, f.path); value != nil {
				values = append(values, value)
			}
		}
		if len(values) > 0 {
			f.put(body, values)
		}
	}
	text, err := message.Marshal(body)
	if err != nil {
		return
	}
	last := list[len(list)-1].at
	id := messageID(messages, list)
	for _, one := range list {
		stand[one.at] = Joined
	}
	stand[last] = len(list)
	messages[last].Body, messages[last].MessageID = text, id
}

// put sets what the functions make of the values of a member, of which there is at least one.
func (f *field) put(body map[string]any, values []any) {
	s := summarize(values)
	for _, function := range f.List {
		value, ok := s.value(function)
		if !ok {
			continue
		}
		path := f.path
		if !f.Plain {
			path = slices.Clone(f.path)
			path[len(path)-1] += "_" + string(function)
		}
		set(body, path, value)
	}
}

// messageID gives the message of several readings an id where all of them have one: the same when they come again.
func messageID(messages []*message.Message, list []reading) string {
	if len(list) == 1 {
		return messages[list[0].at].MessageID
	}
	hash := sha256.New()
	for _, one := range list {
		id := messages[one.at].MessageID
		if id == "" {
			return ""
		}
		_, _ = hash.Write([]byte(id + "\x00"))
	}
	return "r-" + hex.EncodeToString(hash.Sum(nil)[:16])
}

func decode(text []byte) (map[string]any, error) {
	var body map[string]any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	err := d.Decode(&body)
	return body, err
}

// merge puts the members of an object over those of another one.
func merge(into, from map[string]any) {
	for name, value := range from {
		inner, ok := value.(map[string]any)
		there, has := into[name].(map[string]any)
		switch {
		case ok && has:
			merge(there, inner)
		case ok:
			fresh := map[string]any{}
			merge(fresh, inner)
			into[name] = fresh
		case value != nil || into[name] == nil:
			into[name] = value
		}
	}
}

// get returns a member; nil where there is none.
func get(body map[string]any, path []string) any {
	for _, step := range path[:len(path)-1] {
		inner, ok := body[step].(map[string]any)
		if !ok {
			return nil
		}
		body = inner
	}
	return body[path[len(path)-1]]
}

// set sets a member, and makes the objects that it is in.
func set(body map[string]any, path []string, value any) {
	for _, step := range path[:len(path)-1] {
		inner, ok := body[step].(map[string]any)
		if !ok {
			inner = map[string]any{}
			body[step] = inner
		}
		body = inner
	}
	body[path[len(path)-1]] = value
}

func remove(body map[string]any, path []string) {
	for _, step := range path[:len(path)-1] {
		inner, ok := body[step].(map[string]any)
		if !ok {
			return
		}
		body = inner
	}
	delete(body, path[len(path)-1])
}

// summary is what there is to say of values.
type summary struct {
	min, max, last any // as they are written
	numbers        []decimal
	count          int
}

// summarize sums values up, the last one last. What is not a number only counts, and may be the last.
func summarize(values []any) summary {
	s := summary{}
	var least, most decimal
	for _, value := range values {
		if value == nil {
			continue
		}
		s.count++
		s.last = value
		d, ok := decimalOf(value)
		if !ok {
			continue
		}
		if len(s.numbers) == 0 || d.less(least) {
			least, s.min = d, value
		}
		if len(s.numbers) == 0 || most.less(d) {
			most, s.max = d, value
		}
		s.numbers = append(s.numbers, d)
	}
	return s
}

// value returns what a function makes of the values; false where it makes nothing, as of texts.
func (s *summary) value(f Function) (any, bool) {
	switch f {
	case Count:
		return s.count, true
	case Last:
		return s.last, s.count > 0
	case Avg:
		if len(s.numbers) > 0 {
			return mean(s.numbers), true
		}
	case Min:
		return s.min, len(s.numbers) > 0
	case Max:
		return s.max, len(s.numbers) > 0
	}
	return nil, false
}

// Summary sums a list up: of numbers it gives an object with min, max, avg, last and count, of objects one with such an
// object for each member that has numbers. Null for what is not a list, and for a list without numbers.
func Summary(in any) any {
	list, ok := in.([]any)
	if !ok || len(list) == 0 {
		return nil
	}
	columns := map[string][]any{}
	for _, element := range list {
		object, ok := element.(map[string]any)
		if !ok {
			return ofNumbers(list)
		}
		for name, value := range object {
			columns[name] = append(columns[name], value)
		}
	}
	out := map[string]any{}
	for name, values := range columns {
		if sums := ofNumbers(values); sums != nil {
			out[name] = sums
		}
	}
	return out
}

func ofNumbers(values []any) any {
	numbers := make([]any, 0, len(values))
	for _, value := range values {
		if _, ok := decimalOf(value); ok {
			numbers = append(numbers, value)
		}
	}
	if len(numbers) == 0 {
		return nil
	}
	s := summarize(numbers)
	out := make(map[string]any, len(functions))
	for _, name := range functions {
		out[name], _ = s.value(Function(name))
	}
	return out
}

// Windows splits a list into lists of the elements whose times are in one window of some seconds, counted from 1970, in
// the order of the windows. times has the time of each element; those without one are a list of their own, the last.
// It returns nil where the lengths or the seconds are wrong.
func Windows(list []any, times []any, seconds float64, zone message.Zone) []any {
	window := time.Duration(seconds * float64(time.Second))
	if len(list) != len(times) || window < time.Millisecond || window > 100*365*24*time.Hour {
		return nil
	}
	of := map[int64][]any{}
	var without []any
	for i, element := range list {
		text, _ := message.ScalarText(times[i])
		t, err := message.ParseTime(text, zone)
		if err != nil {
			without = append(without, element)
			continue
		}
		n := windowOf(t, window)
		of[n] = append(of[n], element)
	}
	out := make([]any, 0, len(of)+1)
	for _, n := range slices.SortedFunc(maps.Keys(of), cmp.Compare[int64]) {
		out = append(out, of[n])
	}
	if len(without) > 0 {
		out = append(out, without)
	}
	return out
}
