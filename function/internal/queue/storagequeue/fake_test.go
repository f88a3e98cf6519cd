package storagequeue_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// fakeAzure imitates Azure Queue Storage by the documentation of its REST interface, as far as package storagequeue
// uses it, with a clock of its own.
type fakeAzure struct {
	url    string
	start  time.Time
	passed atomic.Int64 // nanoseconds, by the tests: no time passes by itself

	mu     sync.Mutex
	queues map[string][]*fakeMessage
	calls  map[string]int // by method
	refuse func(r *http.Request) (status int, code string)
	auth   func(r *http.Request) bool // nil: the key of the account "acc" is "key"
	next   int
}

type fakeMessage struct {
	id, text, receipt string
	inserted, visible time.Time
	count             int
}

func startFake(t *testing.T, queues ...string) *fakeAzure {
	t.Helper()
	f := &fakeAzure{
		start: time.Now(), queues: map[string][]*fakeMessage{}, calls: map[string]int{}, auth: signedByKey,
	}
	for _, name := range queues {
		f.queues[name] = nil
	}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	f.url = server.URL + "/acc"
	return f
}

func (f *fakeAzure) now() time.Time { return f.start.Add(time.Duration(f.passed.Load())) }

// signedByKey checks a signature of Shared Key, by another way than the package makes it.
func signedByKey(r *http.Request) bool {
	length := r.Header.Get("Content-Length")
	if length == "0" {
		length = ""
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\n\n\n%s\n\n%s\n\n\n\n\n\n\nx-ms-date:%s\nx-ms-version:%s\n/acc%s",
		r.Method, length, r.Header.Get("Content-Type"), r.Header.Get("X-Ms-Date"), r.Header.Get("X-Ms-Version"),
		r.URL.Path)
	for _, name := range []string{
		"comp", "messagettl", "numofmessages", "peekonly", "popreceipt", "visibilitytimeout",
	} {
		if r.URL.Query().Has(name) {
			b.WriteString("\n" + name + ":" + r.URL.Query().Get(name))
		}
	}
	mac := hmac.New(sha256.New, []byte("key"))
	mac.Write(b.Bytes())
	return r.Header.Get("Authorization") == "SharedKey acc:"+base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func (f *fakeAzure) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if r.ContentLength > 0 {
		r.Header.Set("Content-Length", strconv.FormatInt(r.ContentLength, 10))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls[r.Method]++
	fail := func(status int, code string) {
		w.Header().Set("X-Ms-Error-Code", code)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "<Error><Code>"+code+"</Code><Message>SECRET</Message></Error>")
	}
	if f.refuse != nil {
		if status, code := f.refuse(r); status != 0 {
			fail(status, code)
			return
		}
	}
	if !f.auth(r) {
		fail(http.StatusForbidden, "AuthenticationFailed")
		return
	}
	path := strings.Split(strings.TrimPrefix(r.URL.Path, "/acc/"), "/")
	name := path[0]
	messages, exists := f.queues[name]
	query := r.URL.Query()
	switch {
	case len(path) == 1 && r.Method == http.MethodPut:
		f.queues[name] = messages
		w.WriteHeader(http.StatusCreated)
	case !exists:
		fail(http.StatusNotFound, "QueueNotFound")
	case len(path) == 1 && query.Get("comp") == "metadata":
		w.Header().Set("X-Ms-Approximate-Messages-Count", strconv.Itoa(len(messages)))
	case len(path) == 2 && r.Method == http.MethodPost:
		f.put(w, fail, name, body, query.Get("visibilitytimeout"))
	case len(path) == 2 && r.Method == http.MethodGet:
		f.get(w, name, query.Get("numofmessages"), query.Get("visibilitytimeout"), query.Get("peekonly") == "true")
	case len(path) == 3:
		f.change(w, fail, name, path[2], query.Get("popreceipt"), query.Get("visibilitytimeout"), r.Method)
	default:
		fail(http.StatusBadRequest, "InvalidUri")
	}
}

func (f *fakeAzure) put(w http.ResponseWriter, fail func(int, string), name string, body []byte, after string) {
	var in struct {
		XMLName xml.Name `xml:"QueueMessage"`
		Text    string   `xml:"MessageText"`
	}
	if err := xml.Unmarshal(body, &in); err != nil {
		fail(http.StatusBadRequest, "InvalidXmlDocument")
		return
	}
	if len(in.Text) > 64<<10 {
		fail(http.StatusBadRequest, "RequestBodyTooLarge")
		return
	}
	f.next++
	seconds, _ := strconv.Atoi(after)
	f.queues[name] = append(f.queues[name], &fakeMessage{
		id: "id-" + strconv.Itoa(f.next), text: in.Text, inserted: f.now(),
		visible: f.now().Add(time.Duration(seconds) * time.Second),
	})
	w.WriteHeader(http.StatusCreated)
}

func (f *fakeAzure) get(w http.ResponseWriter, name, count, lease string, peek bool) {
	n, _ := strconv.Atoi(count)
	seconds, _ := strconv.Atoi(lease)
	now := f.now()
	_, _ = io.WriteString(w, "\ufeff<?xml version=\"1.0\" encoding=\"utf-8\"?><QueueMessagesList>")
	for _, m := range f.queues[name] {
		if n == 0 {
			break
		}
		if m.visible.After(now) {
			continue
		}
		n--
		if !peek {
			f.next++
			m.count++
			m.receipt, m.visible = fmt.Sprintf("receipt/%d+=", f.next), now.Add(time.Duration(seconds)*time.Second)
		}
		fmt.Fprintf(w, "<QueueMessage><MessageId>%s</MessageId><InsertionTime>%s</InsertionTime><DequeueCount>%d"+
			"</DequeueCount><MessageText>%s</MessageText><PopReceipt>%s</PopReceipt></QueueMessage>",
			m.id, m.inserted.UTC().Format(http.TimeFormat), m.count, m.text, m.receipt)
	}
	_, _ = io.WriteString(w, "</QueueMessagesList>")
}

func (f *fakeAzure) change(
	w http.ResponseWriter, fail func(int, string), name, id, receipt, after, method string,
) {
	at := slices.IndexFunc(f.queues[name], func(m *fakeMessage) bool { return m.id == id })
	if at < 0 {
		fail(http.StatusNotFound, "MessageNotFound")
		return
	}
	m := f.queues[name][at]
	if m.receipt != receipt {
		fail(http.StatusBadRequest, "PopReceiptMismatch")
		return
	}
	if method == http.MethodDelete {
		f.queues[name] = slices.Delete(f.queues[name], at, at+1)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	seconds, err := strconv.Atoi(after)
	if err != nil || seconds < 0 || seconds > 7*24*3600 {
		fail(http.StatusBadRequest, "OutOfRangeQueryParameterValue")
		return
	}
	f.next++
	m.receipt, m.visible = fmt.Sprintf("receipt/%d+=", f.next), f.now().Add(time.Duration(seconds)*time.Second)
	w.Header().Set("X-Ms-Popreceipt", m.receipt)
	w.WriteHeader(http.StatusNoContent)
}
