package main

import (
	"bufio"
	"bytes"
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
	seed := flag.Uint64("seed", 1, "of what is random")
	flag.Parse()
	if err := run(*n, *seed); err != nil {
		log.Fatal(err)
	}
}

// file has callers of every kind, so that every way in is walked. The key is
// "open sesame".
const file = `callers:
  - {name: gate, keys: ["sha256:41ef4bb0b23661e66301aac36066912dac037827b4ae63a7b1165a5aa93ed4eb"]}
tokens:
  - {name: idp, issuer: me, audience: mayfly, keys: ['{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}']}
sources:
  - {name: signed, deviceId: .id, measurements: .m, signature: {secrets: [s], header: X-Sig, timestamp: X-Time, signed: "{timestamp}.{body}"}}
  - {from: soracom, signature: {scheme: soracom, secrets: [s]}}
  - {from: actility, signature: {scheme: actility, secrets: [s]}}
`

func run(n int, seed uint64) error {
	p, err := process.Start(file, "AUTH=keys", "REQUEST_TIMEOUT=5s")
	if err != nil {
		return err
	}
	documented := map[int]bool{200: true, 204: true, 400: true, 431: true, 301: true, 307: true, 404: true, 405: true,
		408: true, 417: true, 501: true, 505: true}
	for _, row := range function.Rows() {
		documented[row.Status] = true
	}
	delete(documented, http.StatusInternalServerError) // documented, as a bug
	seeds := requests()
	counts := map[int]int{}
	var bad []string
	var mu sync.Mutex
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(seed, uint64(worker)))
			for range n / 8 {
				text := mutate(r, seeds[r.IntN(len(seeds))])
				status, err := send(p.Addr, text)
				mu.Lock()
				counts[status]++
				if len(bad) < 10 && (err != nil || status != 0 && !documented[status]) {
					bad = append(bad, fmt.Sprintf("%d %v to %.600q", status, err, text))
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	time.Sleep(6 * time.Second) // for what is under way to end
	_, most := p.Memory()
	goroutines, err := p.Dump()
	_ = p.Stop()
	fmt.Printf("%d requests, seed %d; statuses (0: hung up on): %v\n%d goroutines afterwards, %d MiB at the most\n", n,
		seed, counts, goroutines, most)
	if err != nil {
		return err
	}
	for _, line := range bad {
		fmt.Fprintln(os.Stderr, line)
	}
	if len(bad) > 0 || goroutines > 60 {
		return fmt.Errorf("%d bad answers, %d goroutines", len(bad), goroutines)
	}
	return nil
}

// requests are the samples of all sources, and one of each way to show a key.
func requests() [][]byte {
	var all [][]byte
	add := func(method, target, headers, body string) {
		all = append(all, fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %d\r\n\r\n%s", method,
			target, headers, len(body), body))
	}
	const json = "Content-Type: application/json\r\n"
	const body = `{"device":{"deviceId":"dev-1","modelId":"dtmi:a:b;1"},"measurements":{"n":[1,2.5,{"a":null}]},"timestamp":"2026-01-01T00:00:00Z","properties":{"a":"b"}}`
	for _, key := range []string{
		"X-Api-Key: open sesame\r\n", "Authorization: Bearer open sesame\r\n", "Authorization: Basic " +
			base64.StdEncoding.EncodeToString([]byte("x:open sesame")) + "\r\n",
		"Authorization: Bearer eyJhbGciOiJFZERTQSIsImtpZCI6ImsifQ.eyJpc3MiOiJtZSIsImF1ZCI6Im1heWZseSJ9.AAAA\r\n", "",
	} {
		add("POST", "/api/telemetry", key+json, body)
		add("POST", "/api/telemetry", key+json, "["+body+","+body+"]")
		add("POST", "/api/devices/dev-1/telemetry?timestamp=1700000000&code=x", key+json, `{"n":1}`)
	}
	add("POST", "/api/signed", "X-Time: 1700000000\r\nX-Sig: 00ff\r\n", `{"id":"d","m":{"n":1}}`)
	add("POST", "/api/actility?LrnDevEui=A&LrnFPort=1&LrnInfos=x&AS_ID=y&Time=2026-01-01T00:00:00Z&Token="+strings.Repeat("ab", 32), "", `<?xml version="1.0"?><DevEUI_uplink><DevEUI>A</DevEUI><FPort>1</FPort></DevEUI_uplink>`)
	t := transform.New()
	for _, name := range t.SourceNames() {
		source, err := t.Source(name)
		if err != nil || source == nil {
			continue
		}
		for _, s := range source.Samples {
			method, target, headers := s.Request.Method, "/api/"+name, "X-Api-Key: open sesame\r\n"
			if method == "" {
				method = "POST"
			}
			separator := "?"
			for k, v := range s.Request.Query {
				target += separator + k + "=" + strings.NewReplacer(" ", "%20", "\"", "%22").Replace(v)
				separator = "&"
			}
			for k, v := range s.Request.Headers {
				headers += k + ": " + v + "\r\n"
			}
			add(method, target, headers, s.Request.Body)
		}
	}
	return all
}

// mutate changes a few bytes, cuts, doubles or nests; the length is set right
// again mostly, so that the body gets as far as its parser.
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
			end := min(at+r.IntN(20), len(text))
			text = append(text[:at], text[end:]...)
		case 3:
			end := min(at+r.IntN(40), len(text))
			text = append(text[:end:end], text[at:]...)
		case 4:
			text = append(text[:at:at], append([]byte(strings.Repeat([]string{"[", "{\"a\":", "(", "9", "%",
				"\x00"}[r.IntN(6)], r.IntN(3000))), text[at:]...)...)
		case 5:
			word := []string{"null", "-1e999", "\xff\xfe", "Content-Encoding: gzip\r\n",
				"Transfer-Encoding: chunked\r\n", "\"\\ud800\"", "../", "X-Arr-Clientcert: AAAA\r\n",
				"Content-Type: application/cbor\r\n"}[r.IntN(9)]
			text = append(text[:at:at], append([]byte(word), text[at:]...)...)
		}
		if len(text) == 0 {
			text = []byte("x")
		}
	}
	if head, body, ok := bytes.Cut(text, []byte("\r\n\r\n")); ok && r.IntN(10) > 0 {
		if i := bytes.Index(head, []byte("Content-Length: ")); i >= 0 {
			rest := head[i+len("Content-Length: "):]
			end := bytes.IndexByte(append(bytes.Clone(rest), '\r'), '\r')
			fixed := append(bytes.Clone(head[:i]), "Content-Length: "+strconv.Itoa(len(body))...)
			head = append(fixed, rest[min(end, len(rest)):]...)
		}
		text = append(append(bytes.Clone(head), "\r\n\r\n"...), body...)
	}
	return text
}

// send writes a request and reads the answer's status; 0 when there is none.
func send(addr string, text []byte) (int, error) {
	conn, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return 0, err // nobody listens any more
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	go func() { // the answer may come before all is written
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
