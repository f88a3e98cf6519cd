package sqs_test

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// fakeSQS imitates Amazon SQS by the documentation of its query protocol, as far as package sqs uses it: standard and
// FIFO queues with groups, deduplication, leases, receive counts and redrive. It is strict where SQS is.
type fakeSQS struct {
	url    string
	start  time.Time
	passed atomic.Int64 // nanoseconds, by the tests: no time passes by itself

	mu     sync.Mutex
	queues map[string]*fakeQueue
	calls  map[string]int // by action
	// refuse answers a call instead of the queue; it may be nil, and returns 0 for no answer.
	refuse func(action string, input url.Values) (status int, body string)
	// failEntry fails one entry of a batch by its body or receipt.
	failEntry func(action, value string) (code string, senderFault bool)
	// received is called after each look for messages; it may be nil.
	received func()
	next     int
}

type fakeQueue struct {
	name     string
	dead     string
	receives int
	messages []*fakeMessage
	ids      map[string]time.Time // deduplication
}

type fakeMessage struct {
	id, body, group string
	sent, visible   time.Time
	receipt         string
	received        int
}

func startFake(t *testing.T) *fakeSQS {
	t.Helper()
	f := &fakeSQS{start: time.Now(), queues: map[string]*fakeQueue{}, calls: map[string]int{}}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	f.url = server.URL
	return f
}

// create makes a queue with a queue of dead letters, and gives its URL.
func (f *fakeSQS) create(name string) string {
	dead := strings.TrimSuffix(name, ".fifo") + "-dead"
	if strings.HasSuffix(name, ".fifo") {
		dead += ".fifo"
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queues[name] = &fakeQueue{name: name, dead: dead, receives: 1000, ids: map[string]time.Time{}}
	f.queues[dead] = &fakeQueue{name: dead, ids: map[string]time.Time{}}
	return f.url + "/123456789012/" + name
}

func (f *fakeSQS) now() time.Time { return f.start.Add(time.Duration(f.passed.Load())) }

func (f *fakeSQS) count(action string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[action]
}

var signature = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=AKID/\d{8}/[a-z0-9-]+/sqs/aws4_request, ` +
	`SignedHeaders=.*host.*, Signature=[0-9a-f]{64}$`)

func (f *fakeSQS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	input, err := url.ParseQuery(string(body))
	if err != nil || r.Method != http.MethodPost {
		fault(w, "InvalidParameterValue", "the form")
		return
	}
	action := input.Get("Action")
	f.mu.Lock()
	f.calls[action]++
	refuse := f.refuse
	f.mu.Unlock()
	if refuse != nil {
		if status, text := refuse(action, input); status != 0 {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, text)
			return
		}
	}
	if !signature.MatchString(r.Header.Get("Authorization")) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, errorXML("InvalidClientTokenId", "The security token is invalid: TOKEN"))
		return
	}
	name := input.Get("QueueUrl")
	f.mu.Lock()
	q := f.queues[name[strings.LastIndexByte(name, '/')+1:]]
	f.mu.Unlock()
	if q == nil {
		fault(w, "AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")
		return
	}
	var b bytes.Buffer
	switch action {
	case "SendMessageBatch", "DeleteMessageBatch", "ChangeMessageVisibilityBatch":
		if code := f.batch(&b, q, action, input); code != "" {
			fault(w, code, "")
			return
		}
	case "ReceiveMessage":
		f.receive(r, &b, q, input)
	case "GetQueueAttributes":
		f.attributes(&b, q)
	default:
		fault(w, "InvalidAction", "The action is not valid for this endpoint.")
		return
	}
	fmt.Fprintf(w, `<?xml version="1.0"?><%[1]sResponse `+namespace+`><%[1]sResult>%[2]s</%[1]sResult>`+
		`<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></%[1]sResponse>`, action, b.String())
}

const namespace = `xmlns="http://queue.amazonaws.com/doc/2012-11-05/"`

func fault(w http.ResponseWriter, code, message string) {
	w.WriteHeader(http.StatusBadRequest)
	_, _ = io.WriteString(w, errorXML(code, message))
}

func errorXML(code, message string) string {
	return `<?xml version="1.0"?><ErrorResponse ` + namespace + `><Error><Type>Sender</Type><Code>` + code + `</Code>` +
		`<Message>` + message + `</Message><Detail/></Error><RequestId>1</RequestId></ErrorResponse>`
}

// batch does what is asked for each entry; code is why none was.
func (f *fakeSQS) batch(b *bytes.Buffer, q *fakeQueue, action string, input url.Values) (code string) {
	type entry struct{ id, body, receipt, group, dedup, visibility string }
	var entries []entry
	size := 0
	for n := 1; input.Has(fmt.Sprintf("%sRequestEntry.%d.Id", action, n)); n++ {
		get := func(member string) string { return input.Get(fmt.Sprintf("%sRequestEntry.%d.%s", action, n, member)) }
		entries = append(entries, entry{
			get("Id"), get("MessageBody"), get("ReceiptHandle"), get("MessageGroupId"), get("MessageDeduplicationId"),
			get("VisibilityTimeout"),
		})
		size += len(get("MessageBody"))
	}
	switch {
	case len(entries) == 0:
		return "AWS.SimpleQueueService.EmptyBatchRequest"
	case len(entries) > 10:
		return "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"
	case size > 256<<10:
		return "AWS.SimpleQueueService.BatchRequestTooLong"
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range entries {
		code, sender := "", true
		if f.failEntry != nil {
			code, sender = f.failEntry(action, e.body+e.receipt)
		}
		if code == "" {
			switch action {
			case "SendMessageBatch":
				code = f.send(q, e.body, e.group, e.dedup)
			case "DeleteMessageBatch":
				q.messages = slices.DeleteFunc(q.messages, func(m *fakeMessage) bool { return m.receipt == e.receipt })
			default:
				code = f.change(q, e.receipt, e.visibility)
			}
		}
		if code == "" {
			fmt.Fprintf(b, "<%[1]sResultEntry><Id>%[2]s</Id></%[1]sResultEntry>", action, e.id)
		} else {
			fmt.Fprintf(b, "<BatchResultErrorEntry><Id>%s</Id><SenderFault>%v</SenderFault><Code>%s</Code>"+
				"<Message>no</Message></BatchResultErrorEntry>", e.id, sender, code)
		}
	}
	return ""
}

var tokenRule = regexp.MustCompile(`^[!-~]{1,128}$`)

func (f *fakeSQS) send(q *fakeQueue, body, group, dedup string) (code string) {
	for _, r := range body {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == '\ufffe' || r == '\uffff' {
			return "InvalidMessageContents"
		}
	}
	if strings.HasSuffix(q.name, ".fifo") != (group != "") || group != "" && !tokenRule.MatchString(group) ||
		(dedup == "") != (group == "") || dedup != "" && !tokenRule.MatchString(dedup) {
		return "InvalidParameterValue"
	}
	now := f.now()
	if dedup != "" {
		if before, seen := q.ids[dedup]; seen && now.Sub(before) < 5*time.Minute {
			return ""
		}
		q.ids[dedup] = now
	}
	f.next++
	q.messages = append(q.messages, &fakeMessage{
		id: "message-" + strconv.Itoa(f.next), body: body, group: group, sent: now, visible: now,
	})
	return ""
}

func (f *fakeSQS) change(q *fakeQueue, receipt, visibility string) (code string) {
	seconds, err := strconv.Atoi(visibility)
	if err != nil || seconds < 0 || seconds > 43200 {
		return "InvalidParameterValue"
	}
	now := f.now()
	for _, m := range q.messages {
		if m.receipt == receipt && receipt != "" {
			if !m.visible.After(now) {
				return "AWS.SimpleQueueService.MessageNotInflight"
			}
			m.visible = now.Add(time.Duration(seconds) * time.Second)
			return ""
		}
	}
	return "ReceiptHandleIsInvalid"
}

func (f *fakeSQS) receive(r *http.Request, b *bytes.Buffer, q *fakeQueue, input url.Values) {
	n, _ := strconv.Atoi(input.Get("MaxNumberOfMessages"))
	wait, _ := strconv.Atoi(input.Get("WaitTimeSeconds"))
	lease, _ := strconv.Atoi(input.Get("VisibilityTimeout"))
	for end := time.Now().Add(time.Duration(wait) * time.Second / 20); ; { // tests are in a hurry
		f.mu.Lock()
		if r.Context().Err() == nil {
			f.take(b, q, n, time.Duration(lease)*time.Second)
		}
		if f.received != nil {
			f.received()
		}
		f.mu.Unlock()
		if b.Len() > 0 || !time.Now().Before(end) {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// take leases messages: of a group only while none of it is leased by an earlier call.
func (f *fakeSQS) take(b *bytes.Buffer, q *fakeQueue, n int, lease time.Duration) {
	now := f.now()
	locked := map[string]bool{}
	for _, m := range q.messages {
		if m.group != "" && m.visible.After(now) {
			locked[m.group] = true
		}
	}
	for _, m := range slices.Clone(q.messages) {
		if n == 0 {
			return
		}
		if m.visible.After(now) || locked[m.group] {
			continue
		}
		if m.received++; q.receives > 0 && m.received > q.receives {
			q.messages = slices.DeleteFunc(q.messages, func(other *fakeMessage) bool { return other == m })
			f.queues[q.dead].messages = append(f.queues[q.dead].messages, m)
			continue
		}
		n--
		f.next++
		m.receipt, m.visible = fmt.Sprintf("receipt/%d+=", f.next), now.Add(lease)
		fmt.Fprintf(b, "<Message><MessageId>%s</MessageId><ReceiptHandle>%s</ReceiptHandle><Body>", m.id, m.receipt)
		_ = xml.EscapeText(b, []byte(m.body))
		fmt.Fprintf(b, "</Body><Attribute><Name>ApproximateReceiveCount</Name><Value>%d</Value></Attribute><Attribute>"+
			"<Name>SentTimestamp</Name><Value>%d</Value></Attribute></Message>", m.received, m.sent.UnixMilli())
	}
}

func (f *fakeSQS) attributes(b *bytes.Buffer, q *fakeQueue) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	leased := 0
	for _, m := range q.messages {
		if m.visible.After(now) {
			leased++
		}
	}
	list := map[string]string{
		"ApproximateNumberOfMessages":           strconv.Itoa(len(q.messages) - leased),
		"ApproximateNumberOfMessagesNotVisible": strconv.Itoa(leased),
		"ApproximateNumberOfMessagesDelayed":    "0",
	}
	if q.dead != "" {
		list["RedrivePolicy"] = fmt.Sprintf(`{"deadLetterTargetArn":"arn:aws:sqs:eu-central-1:123456789012:%s",`+
			`"maxReceiveCount":%d}`, q.dead, q.receives)
	}
	for name, value := range list {
		b.WriteString("<Attribute><Name>" + name + "</Name><Value>")
		_ = xml.EscapeText(b, []byte(value))
		b.WriteString("</Value></Attribute>")
	}
}
