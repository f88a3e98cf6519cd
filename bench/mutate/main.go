package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"mayfly/bench/process"
	"mayfly/function"
	"mayfly/transform"
)

func main() {
	n := flag.Int("n", 100_000, "requests")
	seed := flag.Uint64("seed", 1, "of the random numbers")
	flag.Parse()
	if err := run(*n, *seed); err != nil {
		log.Fatal(err)
	}
}

const (
	senders       = 8
	settleTime    = 6 * time.Second // in which requests in flight end
	maxGoroutines = 60              // afterwards
	maxBadShown   = 10
)

// file has callers of every kind and sources with every kind of signature. The key is "open sesame".
const file = `callers:
  - {name: gate, keys: ["sha256:41ef4bb0b23661e66301aac36066912dac037827b4ae63a7b1165a5aa93ed4eb"]}
tokens:
  - name: idp
    issuer: me
    audience: mayfly
    keys: ['{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}']
sources:
  - name: signed
    deviceId: .id
    measurements: .m
    signature: {secrets: [s], header: X-Sig, timestamp: X-Time, signed: "{timestamp}.{body}"}
  - {from: soracom, signature: {scheme: soracom, secrets: [s]}}
  - {from: actility, signature: {scheme: actility, secrets: [s]}}
`

func run(n int, seed uint64) error {
	p, err := process.Start(file, "AUTH=keys", "REQUEST_TIMEOUT=5s")
	if err != nil {
		return err
	}
	defer func() { _ = p.Stop() }()
	var result tally
	seeds := requests()
	var wg sync.WaitGroup
	for sender := range senders {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(seed, uint64(sender)))
			for range n / senders {
				text := mutate(r, seeds[r.IntN(len(seeds))])
				status, err := send(p.Addr, text)
				result.add(status, err, text)
			}
		})
	}
	wg.Wait()
	time.Sleep(settleTime)
	_, peak := p.Memory()
	goroutines, err := p.Dump()
	fmt.Printf("%d requests, seed %d; statuses (0: connection closed): %v\n", n, seed, result.statuses)
	fmt.Printf("%d goroutines afterwards, peak memory %d MiB\n", goroutines, peak)
	if err != nil {
		return err
	}
	for _, line := range result.bad {
		fmt.Fprintln(os.Stderr, line)
	}
	if len(result.bad) > 0 || goroutines > maxGoroutines {
		return fmt.Errorf("%d bad answers, %d goroutines", len(result.bad), goroutines)
	}
	return nil
}

// tally counts statuses and keeps the first bad answers.
type tally struct {
	mu       sync.Mutex
	statuses map[int]int
	bad      []string
}

func (t *tally) add(status int, err error, text []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.statuses == nil {
		t.statuses = map[int]int{}
	}
	t.statuses[status]++
	if len(t.bad) < maxBadShown && (err != nil || status != 0 && !documented[status]) {
		t.bad = append(t.bad, fmt.Sprintf("%d %v to %.600q", status, err, text))
	}
}

// documented are the statuses that may be answered: those of the problem table, of net/http and of sources.
var documented = func() map[int]bool {
	statuses := map[int]bool{200: true, 204: true, 207: true, 400: true, 431: true, 301: true, 307: true,
		404: true, 405: true, 408: true, 417: true, 501: true, 505: true}
	for _, row := range function.Rows() {
		statuses[row.Status] = true
	}
	t := transform.New()
	for _, name := range t.SourceNames() {
		if source, err := t.Source(name); err == nil {
			statuses[source.Answer.FixedStatus()] = true
		}
	}
	delete(statuses, http.StatusInternalServerError) // documented as a bug
	return statuses
}()

// requests are the samples of all sources, and one request for each way to present a key.
func requests() [][]byte {
	var all [][]byte
	add := func(method, target, headers, body string) {
		all = append(all, fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %d\r\n\r\n%s",
			method, target, headers, len(body), body))
	}
	const json = "Content-Type: application/json\r\n"
	const body = `{"device":{"deviceId":"dev-1","modelId":"dtmi:a:b;1"},"measurements":{"n":[1,2.5,{"a":null}]},` +
		`"timestamp":"2026-01-01T00:00:00Z","properties":{"a":"b"}}`
	basic := base64.StdEncoding.EncodeToString([]byte("x:open sesame"))
	const token = "eyJhbGciOiJFZERTQSIsImtpZCI6ImsifQ.eyJpc3MiOiJtZSIsImF1ZCI6Im1heWZseSJ9.AAAA"
	for _, key := range []string{"X-Api-Key: open sesame\r\n", "Authorization: Bearer open sesame\r\n",
		"Authorization: Basic " + basic + "\r\n", "Authorization: Bearer " + token + "\r\n", ""} {
		add("POST", "/api/telemetry", key+json, body)
		add("POST", "/api/telemetry", key+json, "["+body+","+body+"]")
		add("POST", "/api/devices/dev-1/telemetry?timestamp=1700000000&code=x", key+json, `{"n":1}`)
	}
	add("POST", "/api/signed", "X-Time: 1700000000\r\nX-Sig: 00ff\r\n", `{"id":"d","m":{"n":1}}`)
	add("POST", "/api/actility?LrnDevEui=A&LrnFPort=1&LrnInfos=x&AS_ID=y&Time=2026-01-01T00:00:00Z&Token="+
		strings.Repeat("ab", 32), "",
		`<?xml version="1.0"?><DevEUI_uplink><DevEUI>A</DevEUI><FPort>1</FPort></DevEUI_uplink>`)
	addSamples(add)
	return all
}

// addSamples adds the samples of all built-in sources.
func addSamples(add func(method, target, headers, body string)) {
	t := transform.New()
	for _, name := range t.SourceNames() {
		source, err := t.Source(name)
		if err != nil || source == nil {
			continue
		}
		for _, s := range source.Samples {
			target, headers, separator := "/api/"+name, "X-Api-Key: open sesame\r\n", "?"
			for k, v := range s.Request.Query {
				target += separator + k + "=" + strings.NewReplacer(" ", "%20", "\"", "%22").Replace(v)
				separator = "&"
			}
			for k, v := range s.Request.Headers {
				headers += k + ": " + v + "\r\n"
			}
			add(cmp.Or(s.Request.Method, http.MethodPost), target, headers, s.Request.Body)
		}
	}
}

// mutate changes a few bytes, or cuts, doubles or nests. Most of the time it corrects Content-Length, so that the body
// reaches its parser.
func mutate(r *rand.Rand, seed []byte) []byte {
	text := bytes.Clone(seed)
	for range r.IntN(6) {
		at := r.IntN(len(text))
		switch r.IntN(6) {
		case 0:
			text[at] = byte(r.Uint32())
		case 1:
			text[at] ^= 1 << r.IntN(8)
		case 2:
			text = slices.Delete(text, at, min(at+r.IntN(20), len(text)))
		case 3:
			text = slices.Insert(text, at, text[at:min(at+r.IntN(40), len(text))]...)
		case 4:
			text = slices.Insert(text, at, bytes.Repeat([]byte(nesting[r.IntN(len(nesting))]), r.IntN(3000))...)
		case 5:
			text = slices.Insert(text, at, []byte(words[r.IntN(len(words))])...)
		}
		if len(text) == 0 {
			text = []byte("x")
		}
	}
	if r.IntN(10) > 0 {
		text = correctLength(text)
	}
	return text
}

// What mutate inserts.
var (
	nesting = []string{"[", "{\"a\":", "(", "9", "%", "\x00"}
	words   = []string{"null", "-1e999", "\xff\xfe", "Content-Encoding: gzip\r\n", "Transfer-Encoding: chunked\r\n",
		"\"\\ud800\"", "../", "X-Arr-Clientcert: AAAA\r\n", "Content-Type: application/cbor\r\n"}
)

// correctLength sets Content-Length to the length of the body, if both are there.
func correctLength(text []byte) []byte {
	const name = "Content-Length: "
	head, body, ok := bytes.Cut(text, []byte("\r\n\r\n"))
	if !ok {
		return text
	}
	if i := bytes.Index(head, []byte(name)); i >= 0 {
		rest := head[i+len(name):]
		if end := bytes.IndexByte(rest, '\r'); end >= 0 {
			rest = rest[end:]
		} else {
			rest = nil
		}
		head = slices.Concat(head[:i], []byte(name+strconv.Itoa(len(body))), rest)
	}
	return slices.Concat(head, []byte("\r\n\r\n"), body)
}

// send writes a request and returns the status of the answer; 0 when there is none.
func send(addr string, text []byte) (int, error) {
	conn, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return 0, err // it no longer listens
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	go func() { // the answer may come before everything is written
		_, _ = conn.Write(text)
		_ = conn.(*net.TCPConn).CloseWrite()
	}()
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
			return 0, errors.New("no answer in 20 s")
		}
		return 0, nil
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	return res.StatusCode, nil
}
