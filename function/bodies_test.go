package function_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"mayfly/function"
	"mayfly/function/internal/platform"
)

const keyAndSignature = `callers: [{name: gate, keys: ["{key k}"]}]
sources: [{name: mine, ` + mapsAll + `, signature: {secrets: [secret], header: X-Sig}}]`

// Senders that announce a body and stop in the middle of it do not shut out whoever
// sends a whole one, whether they come from one address or from many. They are told
// that there is no room, or that they are too slow.
func TestIdleBodiesRefuseNobody(t *testing.T) {
	t.Parallel()
	const room = 16 << 20
	for name, tt := range map[string]struct {
		sockets, sent int
		addresses     bool
	}{
		"18 with 1 MiB, one address":     {18, 1<<20 - 1, false},
		"18 with 1 MiB, 18 addresses":    {18, 1<<20 - 1, true},
		"500 with 64 KiB, one address":   {500, 64 << 10, false},
		"500 with 64 KiB, 500 addresses": {500, 64 << 10, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newBridge(t, keyAndSignature, "TRUSTED_PROXIES=127.0.0.1")
			h.clock = time.Now
			addr := serve(t, function.ServeOptions{Host: platform.Server, Addr: "127.0.0.1:0"}, h.service)
			answers := make(chan string, tt.sockets)
			for i := range tt.sockets {
				conn, err := net.Dial("tcp", addr)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = conn.Close() })
				from := "192.0.2.1"
				if tt.addresses {
					from = fmt.Sprintf("2001:db8:0:%x::1", i)
				}
				go func() { answers <- stopHalfway(conn, from, tt.sent) }()
			}
			// So many have to be cut off before the rest fits.
			for range tt.sockets - room/tt.sent {
				if got := <-answers; got != "503 Service Unavailable" {
					t.Fatal(got)
				}
			}
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			for n := range 20 {
				body := fmt.Sprintf(`{"n":%d,"text":"%s"}`, n, strings.Repeat("x", n*10_000))
				for _, header := range [][2]string{{"X-Sig", sign("secret", body)}, {"X-Api-Key", "k"}} {
					target := "/api/mine"
					if header[0] == "X-Api-Key" {
						target, body = "/api/telemetry", native
					}
					r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+addr+target,
						strings.NewReader(body))
					r.Header.Set("Content-Type", "application/json")
					r.Header.Set("X-Forwarded-For", "198.51.100.7")
					r.Header.Set(header[0], header[1])
					res, err := client.Do(r)
					if err != nil {
						t.Fatal(err)
					}
					text, _ := io.ReadAll(res.Body)
					_ = res.Body.Close()
					if res.StatusCode != http.StatusOK {
						t.Fatalf("%s %d: %d %s", header[0], n, res.StatusCode, text)
					}
				}
			}
		})
	}
}

// stopHalfway sends a part of a body of 1 MiB with a wrong signature, and gives the
// status that comes of it.
func stopHalfway(conn net.Conn, from string, part int) string {
	_, err := fmt.Fprintf(conn, "POST /api/mine HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nX-Sig: 00\r\n"+
		"X-Forwarded-For: %s\r\nContent-Length: %d\r\n\r\n%s", from, 1<<20, strings.Repeat(" ", part))
	if err != nil {
		return err.Error()
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return err.Error()
	}
	_ = res.Body.Close()
	return res.Status
}

// Bodies of senders who have shown no key do not take the room of those who have:
// they have 16 MiB of their own.
func TestUnauthenticatedBodiesHaveALimitOfTheirOwn(t *testing.T) {
	t.Parallel()
	h := newBridge(t, keyAndSignature)
	full, release := make(chan struct{}), make(chan struct{})
	send := func(answer *httptest.ResponseRecorder, headers ...string) {
		body := io.MultiReader(strings.NewReader(strings.Repeat(" ", 1<<20-1)), &stalled{full, release})
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/mine", body)
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		h.service.ServeHTTP(answer, r)
	}
	const senders = 20
	signed, keyed := make(chan int, senders), make(chan int, senders)
	for headers, answers := range map[[2]string]chan int{{"X-Sig", "00"}: signed, {"X-Api-Key", "k"}: keyed} {
		for range senders {
			go func() {
				w := httptest.NewRecorder()
				send(w, "X-Sig", "00", headers[0], headers[1])
				answers <- w.Code
			}()
			<-full
		}
	}
	close(release)
	count := func(answers chan int) map[int]int {
		got := map[int]int{}
		for range senders {
			got[<-answers]++
		}
		return got
	}
	// All that is left when the bodies end is refused for its signature.
	if got := count(keyed); got[http.StatusUnauthorized] != senders {
		t.Error("with a key:", got)
	}
	// Those that end at the same time may meet the bound of what is worked on, too.
	if got := count(signed); got[http.StatusServiceUnavailable] < 4 ||
		got[http.StatusServiceUnavailable]+got[http.StatusUnauthorized] != senders {
		t.Error("without:", got)
	}
}

// stalled is a sender that stops in the middle.
type stalled struct{ full, release chan struct{} }

func (s *stalled) Read([]byte) (int, error) {
	select {
	case s.full <- struct{}{}:
	case <-s.release:
	}
	<-s.release
	return 0, io.EOF
}
