package host

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
)

// A request with two lengths is the last of its connection, and so is one that HTTP/1.0
// may have another length for. What follows it is not answered.
func TestFraming(t *testing.T) {
	t.Parallel()
	const (
		start   = "POST / HTTP/1.1\r\nHost: x\r\n"
		length  = start + "Content-Length: 2\r\n\r\nab"
		chunks  = "\r\n2\r\nab\r\n0\r\n\r\n"
		chunked = start + "Transfer-Encoding: chunked\r\n" + chunks
		both    = "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n" + chunks
		none    = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
	)
	for name, tt := range map[string]struct {
		requests []string
		want     int // answers
	}{
		"with a length":  {[]string{length, length, length}, 3},
		"chunked":        {[]string{chunked, chunked, chunked}, 3},
		"without a body": {[]string{none, none, none}, 3},
		"by turns":       {[]string{length, chunked, none, length, chunked, length}, 6},
		"both":           {[]string{start + both, length}, 1},
		"both, the other order": {
			[]string{start + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n" + chunks, length}, 1,
		},
		"both, in other letters": {
			[]string{start + "transfer-encoding: Chunked\r\ncONTENT-lENGTH: 5\r\n" + chunks, length}, 1,
		},
		"both, bare line feeds": {
			[]string{"POST / HTTP/1.1\nHost: x\nContent-Length:5\nTransfer-Encoding: chunked\n" + chunks, length}, 1,
		},
		"both, after others": {[]string{length, chunked, start + both, length}, 3},
		"a length in a body": {
			[]string{start + "Content-Length: 19\r\n\r\n\ncontent-length: 7\n", length, length}, 3,
		},
		"chunked after such a body": {
			[]string{start + "Content-Length: 19\r\n\r\n\ncontent-length: 7\n", chunked, length}, 2,
		},
		"almost that name": {
			[]string{start + "Content-Lengths: 2\r\nTransfer-Encoding: chunked\r\n" + chunks, chunked}, 2,
		},
		"HTTP/1.0 that is chunked": {
			[]string{"POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n", none}, 1,
		},
		"two lengths that differ": {
			[]string{start + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc", none}, 1,
		},
		"a coding that is not known": {[]string{start + "Transfer-Encoding: gzip, chunked\r\n" + chunks, none}, 1},
		"a line break before a colon": {
			[]string{start + "Transfer-Encoding : chunked\r\nContent-Length: 2\r\n" + chunks, none}, 1,
		},
	} {
		for _, bytewise := range []bool{false, true} {
			t.Run(name+map[bool]string{true: ", byte by byte"}[bytewise], func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					client := serveOnPipe(t, func(_ http.ResponseWriter, r *http.Request) {
						_, _ = io.Copy(io.Discard, r.Body)
					})
					go func() {
						for _, raw := range tt.requests {
							for part := raw; part != ""; {
								n := len(part)
								if bytewise {
									n = 1
								}
								if _, err := io.WriteString(client, part[:n]); err != nil {
									return
								}
								part = part[n:]
							}
							synctest.Wait()
						}
						_ = client.Close()
					}()
					answers := bufio.NewReader(client)
					got, closed := 0, false
					for {
						res, err := http.ReadResponse(answers, nil)
						if err != nil {
							break
						}
						_, _ = io.Copy(io.Discard, res.Body)
						closed = res.Close
						got++
					}
					if got != tt.want || closed != (tt.want < len(tt.requests)) {
						t.Errorf("%d answers, closed: %v, want %d", got, closed, tt.want)
					}
				})
			})
		}
	}
}

// Over TLS nobody can look at the bytes: each chunked request is the last.
func TestFramingOverTLS(t *testing.T) {
	t.Parallel()
	chunked, _ := http.ReadRequest(bufio.NewReader(strings.NewReader(
		"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")))
	length, _ := http.ReadRequest(bufio.NewReader(strings.NewReader(
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab")))
	f := &framing{}
	if f.closeAfter(length) || !f.closeAfter(chunked) {
		t.Error("a chunked request is not the last, or another one is")
	}
}
