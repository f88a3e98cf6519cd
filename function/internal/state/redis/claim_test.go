package redis_test

import (
	"bufio"
	"errors"
	"io"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mayfly/function/internal/state"
	"mayfly/function/internal/state/redis"
)

// lateServer speaks as much of Redis' protocol as a store needs. It takes the first claim, and does not answer it.
type lateServer struct {
	net.Listener
	mu       sync.Mutex
	claimed  bool
	released chan []string // the arguments of the release
}

func (s *lateServer) serve() {
	for {
		conn, err := s.Accept()
		if err != nil {
			return
		}
		go s.talk(conn) // ended by its client
	}
}

func (s *lateServer) talk(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	for in := bufio.NewReader(conn); ; {
		command, err := readCommand(in)
		if err != nil {
			return
		}
		answer := "+OK\r\n"
		switch strings.ToUpper(command[0]) {
		case "HELLO":
			answer = "%2\r\n$7\r\nversion\r\n$5\r\n7.2.0\r\n$5\r\nproto\r\n:3\r\n"
		case "CLUSTER":
			answer = "-ERR This instance has cluster support disabled\r\n"
		case "SET":
			s.mu.Lock()
			late := !s.claimed
			s.claimed = true
			s.mu.Unlock()
			if late {
				continue
			}
		case "EVALSHA":
			s.released <- command
			answer = ":1\r\n"
		}
		if _, err := io.WriteString(conn, answer); err != nil {
			return
		}
	}
}

// readCommand reads an array of strings.
func readCommand(in *bufio.Reader) ([]string, error) {
	number := func() (int, error) {
		line, err := in.ReadString('\n')
		if err != nil {
			return 0, err
		}
		return strconv.Atoi(strings.TrimSpace(line)[1:])
	}
	n, err := number()
	list := make([]string, n)
	for i := range list {
		var size int
		if size, err = number(); err != nil {
			break
		}
		text := make([]byte, size+2)
		if _, err = io.ReadFull(in, text); err != nil {
			break
		}
		list[i] = string(text[:size])
	}
	return list, err
}

// TestClaimWithoutAnswer: a store that is late may have taken a claim whose caller was told that nothing is known. It
// must not keep others from the key until the lease ends.
func TestClaimWithoutAnswer(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	server := &lateServer{Listener: l, released: make(chan []string, 1)}
	go server.serve() // ended by Close
	s, err := redis.Open("redis://"+l.Addr().String(), redis.Options{
		Log: slog.New(slog.DiscardHandler), CallTimeout: 2 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c, err := s.Claim(t.Context(), []string{"k"}, time.Minute)
	if !errors.Is(err, state.ErrDown) {
		t.Fatalf("%+v, %v", c, err)
	}
	select {
	case got := <-server.released:
		if len(got) != 5 || !strings.HasPrefix(got[3], "mayfly:claim:") || got[4] != c.Token {
			t.Errorf("release %q of the claim %q", got, c.Token)
		}
	default:
		t.Errorf("the claim is not released: %v", err)
	}
}
