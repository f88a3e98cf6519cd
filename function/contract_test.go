package function_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/tools/txtar"

	"mayfly/function"
	"mayfly/function/internal/accepted"
)

// contract is a document, with what tests look up in it.
type contract struct {
	mu       sync.Mutex
	schemas  *jsonschema.Compiler
	Paths    map[string]map[string]contractOperation `json:"paths"`
	Security []map[string][]string                   `json:"security"`
	Shared   struct {
		Responses map[string]contractResponse                `json:"responses"`
		Schemes   map[string]struct{ Type, In, Name string } `json:"securitySchemes"`
		Schemas   map[string]struct {
			Properties map[string]any `json:"properties"`
		} `json:"schemas"`
	} `json:"components"`
}

type contractOperation struct {
	ID        string                      `json:"operationId"`
	Responses map[string]contractResponse `json:"responses"`
	Security  *[]map[string][]string      `json:"security"`
}

type contractResponse struct {
	Ref     string                             `json:"$ref"`
	Headers map[string]struct{ Required bool } `json:"headers"`
	Content map[string]struct {
		Schema json.RawMessage `json:"schema"`
	} `json:"content"`
}

func readContract(t *testing.T, text []byte) *contract {
	t.Helper()
	d := &contract{schemas: jsonschema.NewCompiler()}
	if err := json.Unmarshal(text, d); err != nil {
		t.Fatal(err)
	}
	whole, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.schemas.AddResource("contract.json", whole); err != nil {
		t.Fatal(err)
	}
	return d
}

// contractOf makes the document of the variables and the file of a transcript.
func contractOf(t *testing.T, script *txtar.Archive) *contract {
	t.Helper()
	vars := []string{"AUTH=none", "ID_SCOPE=0ne1", "GROUP_KEY=" + goodKey}
	dir := t.TempDir()
	for _, f := range script.Files {
		switch f.Name {
		case "setup":
			for line := range strings.Lines(string(f.Data)) {
				if text, ok := strings.CutPrefix(strings.TrimSpace(line), "env "); ok {
					vars = append(vars, text)
				}
			}
		case "mayfly.yaml", "codec.js", "model.json", "assets.csv":
			if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o600); err != nil {
				t.Fatal(err)
			}
			if f.Name == "mayfly.yaml" {
				vars = append(vars, "CONFIG="+filepath.Join(dir, f.Name))
			}
		}
	}
	return readContract(t, contractText(t, vars))
}

// contractText makes the document of a configuration.
func contractText(t *testing.T, vars []string) []byte {
	t.Helper()
	config, err := function.LoadConfig(vars)
	if err != nil {
		t.Fatal(err)
	}
	text, err := function.Contract(config)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// operation finds the operation of a request; path is that of the document, and empty where
// it has none.
func (d *contract) operation(method, target string) (path string, o contractOperation, found bool) {
	target, _, _ = strings.Cut(target, "?")
	segments := strings.Split(target, "/")
	best := 0
	for p := range d.Paths {
		parts := strings.Split(p, "/")
		below := len(parts) == 3 && parts[1] == "api" // sources take paths below theirs
		if len(parts) > len(segments) || len(parts) < len(segments) && !below {
			continue
		}
		same := true
		for i, part := range parts {
			same = same && (part == segments[i] || strings.HasPrefix(part, "{"))
		}
		if same && len(parts) > best {
			path, best = p, len(parts)
		}
	}
	o, found = d.Paths[path][strings.ToLower(method)]
	return path, o, found
}

// response finds what a document says of an answer, and where.
func (d *contract) response(path, method string, o contractOperation, status int) (r contractResponse, at string) {
	for _, name := range []string{strconv.Itoa(status), strconv.Itoa(status/100) + "XX"} {
		r, found := o.Responses[name]
		if !found {
			continue
		}
		if name, ok := strings.CutPrefix(r.Ref, "#/components/responses/"); ok {
			return d.Shared.Responses[name], "#/components/responses/" + name
		}
		return r, "#/paths/" + pointer(path) + "/" + strings.ToLower(method) + "/responses/" + name
	}
	return r, ""
}

func pointer(name string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(name) }

// Every answer of every transcript is one that the contract of its configuration documents:
// its status, its media type, its headers, and its body.
func TestTranscriptsKeepTheContract(t *testing.T) {
	t.Parallel()
	files, _ := filepath.Glob("testdata/exchange/*.txt")
	if len(files) < 50 {
		t.Fatal("no transcripts")
	}
	plain := sync.OnceValue(func() *contract { return contractOf(t, &txtar.Archive{}) }) // most have this one
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			script, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			d := plain()
			if configured(script) {
				d = contractOf(t, script)
			}
			var request string
			for _, f := range script.Files {
				switch {
				case strings.HasPrefix(f.Name, "request"):
					request = string(f.Data)
				case strings.HasPrefix(f.Name, "response"):
					d.holds(t, f.Name, request, string(f.Data))
				}
			}
		})
	}
}

// configured tells whether a transcript has another document than a service without a file.
func configured(script *txtar.Archive) bool {
	for _, f := range script.Files {
		if f.Name == "mayfly.yaml" {
			return true
		}
		for line := range strings.Lines(string(f.Data)) {
			name, _, _ := strings.Cut(strings.TrimPrefix(line, "env "), "=")
			if f.Name == "setup" && strings.HasPrefix(line, "env ") && name != "HUB_HINT" && name != "REQUEST_TIMEOUT" {
				return true
			}
		}
	}
	return false
}

// holds checks an answer of a transcript.
func (d *contract) holds(t *testing.T, name, request, answer string) {
	t.Helper()
	line, _, _ := strings.Cut(request, "\n")
	method, target, _ := strings.Cut(strings.TrimSpace(line), " ")
	head, body, _ := strings.Cut(answer, "\n\n")
	lines := strings.Split(strings.TrimSpace(head), "\n")
	status, _ := strconv.Atoi(strings.Fields(lines[1])[0])
	header := http.Header{}
	for _, line := range lines[2:] {
		key, value, _ := strings.Cut(line, ": ")
		header.Set(key, value)
	}
	path, o, found := d.operation(method, target)
	if !found && path != "" && status == http.StatusMethodNotAllowed {
		for other := range d.Paths[path] {
			method, o, found = other, d.Paths[path][other], true
		}
	}
	if !found {
		if strings.Contains(body, "unsupported-host") { // as the Functions host reads it
			return
		}
		if status/100 != 4 {
			t.Errorf("%s: %s %s is not in the contract", name, method, target)
		}
		d.validate(t, name, "#/components/schemas/Problem", body)
		return
	}
	r, at := d.response(path, method, o, status)
	if at == "" {
		t.Errorf("%s: %s of %s is not answered %d", name, method, path, status)
		return
	}
	for key, h := range r.Headers {
		if h.Required && header.Get(key) == "" {
			t.Errorf("%s: %s promises the header %s", name, at, key)
		}
	}
	if _, told := r.Headers["Retry-After"]; header.Get("Retry-After") != "" && !told {
		t.Errorf("%s: %s does not tell of Retry-After", name, at)
	}
	media, _, _ := strings.Cut(header.Get("Content-Type"), ";")
	if media == "" || strings.EqualFold(method, http.MethodHead) {
		return
	}
	if _, told := r.Content[media]; !told {
		t.Errorf("%s: %s does not tell of %s", name, at, media)
		return
	}
	if !strings.HasSuffix(media, "json") {
		return
	}
	d.validate(t, name, at+"/content/"+pointer(media)+"/schema", body)
}

// validate checks a body, of whose members the document has to know all.
func (d *contract) validate(t *testing.T, name, at, body string) {
	t.Helper()
	d.mu.Lock()
	schema, err := d.schemas.Compile("contract.json" + at)
	d.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(body))
	if err != nil {
		t.Fatalf("%s: %v in %s", name, err, body)
	}
	if err := schema.Validate(value); err != nil {
		t.Errorf("%s: %v\n%s", name, err, body)
	}
}

// The schemas of answers have the members that the answers can have, and no others.
func TestContractHasTheMembersOfAnswers(t *testing.T) {
	t.Parallel()
	d := contractOf(t, &txtar.Archive{})
	for name, of := range map[string]reflect.Type{
		"Problem": reflect.TypeFor[function.Problem](), "Result": reflect.TypeFor[function.Result](),
	} {
		described := d.Shared.Schemas[name].Properties
		for _, field := range reflect.VisibleFields(of) {
			member, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if member == "" || member == "-" {
				continue
			}
			if described[member] == nil {
				t.Errorf("%s does not describe %s", name, member)
			}
			delete(described, member)
		}
		for member := range described {
			t.Errorf("%s describes %s, which no answer has", name, member)
		}
	}
}

// The members of an answer that stored something are those of the schema.
func TestContractHasTheMembersOfAccepted(t *testing.T) {
	t.Parallel()
	d := contractOf(t, &txtar.Archive{})
	all := accepted.Answer{Notes: []string{"n"}, Results: []function.Result{{Status: 200}}, Commands: []byte("[]")}
	fields := reflect.ValueOf(&all).Elem()
	for i := range fields.NumField() {
		if field := fields.Field(i); field.Kind() == reflect.Int {
			field.SetInt(1)
		} else if field.IsZero() {
			t.Fatalf("the test knows no value of %s", fields.Type().Field(i).Name)
		}
	}
	var members map[string]any
	if err := json.Unmarshal(all.Text(), &members); err != nil {
		t.Fatal(err)
	}
	described := d.Shared.Schemas["Accepted"].Properties
	for member := range members {
		if described[member] == nil {
			t.Errorf("Accepted does not describe %s", member)
		}
	}
	if len(members) != len(described) {
		t.Errorf("Accepted describes %d members, the answer has %d", len(described), len(members))
	}
}
