package main_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"mayfly/emulator"
	"mayfly/internal/hosttest"
)

// sqsCall makes a call to goaws, and returns the texts of one element of its answer.
func sqsCall(t *testing.T, at, queue, element string, form url.Values) (texts []string) {
	t.Helper()
	form.Set("QueueUrl", at+"/"+hosttest.GoawsAccount+"/"+queue)
	res, err := http.PostForm(at, form)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	for d := xml.NewDecoder(res.Body); ; {
		token, err := d.Token()
		if err != nil {
			return texts
		}
		if begin, ok := token.(xml.StartElement); ok && begin.Name.Local == element {
			var text string
			if err := d.DecodeElement(&text, &begin); err != nil {
				t.Fatal(err)
			}
			texts = append(texts, text)
		}
	}
}

func post(t *testing.T, client *http.Client, url, body string, want int) string {
	t.Helper()
	res, err := client.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != want {
		t.Fatalf("%s: %d %s, %v, want %d", url, res.StatusCode, answer, err, want)
	}
	return string(answer)
}

// On Lambda a message is accepted into SQS, and delivered when Lambda calls with it. Of a batch one bad record is a
// dead letter and the others are delivered; while the hub is down all of a device's come again, in their order.
func TestQueueOnLambda(t *testing.T) {
	t.Parallel()
	goaws := hosttest.StartGoaws(t, "mayfly")
	azure := emulator.Start(t, emulator.Config{AssignAtOnce: true})
	azure.Provision("known", emulator.DefaultHub)
	api := hosttest.StartRuntimeAPI(t)
	cmd := exec.CommandContext(t.Context(), bootstrap(t))
	cmd.Env = environment(t, azure, "QUEUE=sqs:"+goaws+"/"+hosttest.GoawsAccount+"/mayfly", "DURABLE=always",
		"AWS_ACCESS_KEY_ID=AKID", "AWS_SECRET_ACCESS_KEY=SECRET", "QUEUE_SIGNING_KEY=0123456789abcdef")
	process := api.Start(t, cmd)
	client := hosttest.Fronts()[0].Client(api.Invoker())

	for n := range 3 {
		answer := post(t, client, "https://front.example/api/devices/known/telemetry", fmt.Sprintf(`{"n":%d}`, n),
			http.StatusAccepted)
		if !strings.Contains(answer, `"accepted":1`) {
			t.Errorf("answer %s", answer)
		}
	}
	if len(azure.Events()) > 0 {
		t.Fatal("the hub has what waits in the queue")
	}
	bodies := sqsCall(t, goaws, "mayfly", "Body", url.Values{
		"Action": {"ReceiveMessage"}, "MaxNumberOfMessages": {"10"},
	})
	if len(bodies) != 3 {
		t.Fatalf("%d messages in the queue, want 3", len(bodies))
	}
	invoke := func(bodies ...string) string {
		t.Helper()
		var records []map[string]any
		for i, body := range bodies {
			records = append(records, map[string]any{
				"messageId": fmt.Sprint("m", i), "receiptHandle": fmt.Sprint("r", i), "body": body,
				"attributes": map[string]string{"ApproximateReceiveCount": "1"}, "eventSource": "aws:sqs",
			})
		}
		event, err := json.Marshal(map[string]any{"Records": records})
		if err != nil {
			t.Fatal(err)
		}
		answer, isError, err := api.Invoke(t.Context(), event, time.Time{})
		if err != nil || isError {
			t.Fatalf("%s, %v\n%s", answer, err, process.Output())
		}
		return string(answer)
	}

	id, err := azure.AddFault(emulator.Fault{Status: http.StatusServiceUnavailable})
	if err != nil {
		t.Fatal(err)
	}
	const all = `{"batchItemFailures":[{"itemIdentifier":"m0"},{"itemIdentifier":"m1"},{"itemIdentifier":"m2"}]}`
	if got := invoke(bodies...); got != all {
		t.Errorf("hub down: %s, want %s", got, all)
	}
	azure.RemoveFault(id)

	forged := strings.Replace(bodies[1], `"n":1`, `"n":7`, 1)
	if forged == bodies[1] {
		t.Fatalf("no n in %s", bodies[1])
	}
	const none = `{"batchItemFailures":[]}`
	for range 50 { // until the circuit of the hub closes
		if invoke(bodies[0]) == none {
			break
		}
		time.Sleep(200 * time.Millisecond)
	}
	if got := invoke(bodies[1], forged, bodies[2], "not an entry"); got != none {
		t.Errorf("hub up: %s, want %s", got, none)
	}
	events := azure.ExpectEvents(t, 3)
	for n, e := range events {
		if string(e.Body) != fmt.Sprintf(`{"n":%d}`, n) {
			t.Errorf("event %d is %s", n, e.Body)
		}
	}
	dead := sqsCall(t, goaws, "dead", "Body", url.Values{"Action": {"ReceiveMessage"}, "MaxNumberOfMessages": {"10"}})
	if len(dead) != 2 || !strings.Contains(strings.Join(dead, "\n"), `"n":7`) ||
		!strings.Contains(strings.Join(dead, "\n"), "not an entry") {
		t.Errorf("dead letters %q, want the forged entry and the one that is none", dead)
	}
}

// fakeStorage takes messages for queues of Azure, and keeps their texts.
type fakeStorage struct {
	mu    sync.Mutex
	texts map[string][]string // by queue
}

func (f *fakeStorage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Text string `xml:"MessageText"`
	}
	if err := xml.NewDecoder(r.Body).Decode(&in); err != nil || r.Method != http.MethodPost {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	text, _ := base64.StdEncoding.DecodeString(in.Text)
	f.mu.Lock()
	defer f.mu.Unlock()
	queue := strings.Split(r.URL.Path, "/")[2]
	f.texts[queue] = append(f.texts[queue], string(text)+"?"+r.URL.Query().Get("visibilitytimeout"))
	w.WriteHeader(http.StatusCreated)
}

func (f *fakeStorage) take(queue string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	texts := f.texts[queue]
	f.texts[queue] = nil
	return texts
}

// On Functions a message is accepted into a storage queue, and delivered when the host calls with it. No client can do
// what the host does.
func TestQueueOnFunctions(t *testing.T) {
	t.Parallel()
	storage := &fakeStorage{texts: map[string][]string{}}
	server := httptest.NewServer(storage)
	t.Cleanup(server.Close)
	azure := emulator.Start(t, emulator.Config{AssignAtOnce: true})
	azure.Provision("known", emulator.DefaultHub)
	cmd := exec.CommandContext(t.Context(), bootstrap(t))
	cmd.Env = environment(t, azure, "AUTH=", "QUEUE=azure-queue:"+server.URL+"/devstoreaccount1/mayfly",
		"DURABLE=always")
	host := hosttest.StartFunctionsHost(t, "../..", cmd)

	post(t, http.DefaultClient, host.URL()+"/api/devices/known/telemetry", `{"n":1}`, http.StatusAccepted)
	texts := storage.take("mayfly")
	if len(texts) != 1 || len(azure.Events()) > 0 {
		t.Fatalf("%d messages in the queue, %d at the hub, want one in the queue", len(texts), len(azure.Events()))
	}
	text := strings.TrimSuffix(texts[0], "?")

	// A client that says what the host says.
	payload, _ := json.Marshal(map[string]any{
		"Data": map[string]any{"message": text}, "Metadata": map[string]any{"Id": "m", "DequeueCount": "1"},
	})
	for _, path := range []string{"/queue", "/queue/", "//queue"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, host.URL()+path, bytes.NewReader(payload))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("User-Agent", "Azure-Functions-Host/4.0")
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: a client gets %d, want 404", path, res.StatusCode)
		}
	}
	if len(azure.Events()) > 0 {
		t.Fatal("a client has delivered what is in the queue")
	}

	id, err := azure.AddFault(emulator.Fault{Status: http.StatusServiceUnavailable})
	if err != nil {
		t.Fatal(err)
	}
	status, body := host.Queue(t, "queue", text, 3)
	again := storage.take("mayfly")
	if status != http.StatusOK || len(again) != 1 || !strings.HasSuffix(again[0], "?40") {
		t.Errorf("hub down: %d %s, stored again: %q, want it to wait for 40 s", status, body, again)
	}
	azure.RemoveFault(id)

	for range 50 { // until the circuit of the hub closes
		if status, body = host.Queue(t, "queue", text, 1); len(azure.Events()) > 0 {
			break
		}
		time.Sleep(200 * time.Millisecond)
	}
	if events := azure.ExpectEvents(t, 1); status != http.StatusOK || string(events[0].Body) != `{"n":1}` {
		t.Errorf("%d %s, %s", status, body, events[0].Body)
	}
	if status, body = host.Queue(t, "queue", `{"hello":1}`, 1); status != http.StatusOK {
		t.Errorf("poison: %d %s", status, body)
	}
	if dead := storage.take("mayfly-poison"); len(dead) != 1 || !strings.Contains(dead[0], `{"hello":1}`) {
		t.Errorf("dead letters %q", dead)
	}
}

// On the plain server a worker delivers what the hub does not take at once, from a real server's queue.
func TestQueueOnServer(t *testing.T) {
	t.Parallel()
	goaws := hosttest.StartGoaws(t, "mayfly")
	azure := emulator.Start(t, emulator.Config{AssignAtOnce: true})
	azure.Provision("known", emulator.DefaultHub)
	cmd := exec.CommandContext(t.Context(), bootstrap(t))
	cmd.Env = environment(t, azure, "PORT=0", "QUEUE=sqs:"+goaws+"/"+hosttest.GoawsAccount+"/mayfly",
		"AWS_ACCESS_KEY_ID=AKID", "AWS_SECRET_ACCESS_KEY=SECRET")
	at := startServer(t, cmd)

	id, err := azure.AddFault(emulator.Fault{Status: http.StatusServiceUnavailable})
	if err != nil {
		t.Fatal(err)
	}
	const n = 5
	for i := range n {
		post(t, http.DefaultClient, at+"/api/devices/known/telemetry", fmt.Sprintf(`{"n":%d}`, i), http.StatusAccepted)
	}
	azure.RemoveFault(id)
	deadline := time.Now().Add(time.Minute)
	for len(azure.Events()) < n && time.Now().Before(deadline) {
		time.Sleep(50 * time.Millisecond)
	}
	azure.ExpectEvents(t, n)
}
