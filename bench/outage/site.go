package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"mayfly/bench/process"
	"mayfly/emulator"
)

// envServer makes this program the server of a queue: its folder.
const envServer = "OUTAGE_SERVER"

// site is all that runs beside the senders.
type site struct {
	o         *options
	dir       string
	azure     *emulator.Emulator
	queue     string // as QUEUE names it
	instances []*instance
	processes []*instance // those, and the server of the queue if there is one
	up        time.Time   // when the hub came back
}

func newSite(o *options) (*site, error) {
	dir, err := os.MkdirTemp("", "mayfly-outage")
	if err != nil {
		return nil, err
	}
	s := &site{o: o, dir: dir}
	if err := s.start(); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

func (s *site) start() error {
	for _, program := range []string{"bootstrap", "mayfly"} {
		if err := process.Build(filepath.Join(s.dir, program), "./cmd/"+program); err != nil {
			return err
		}
	}
	var err error
	if s.azure, err = newAzure(s.o); err != nil {
		return err
	}
	azure, err := process.Environment(s.azure, s.dir)
	if err != nil {
		return err
	}
	if err := s.startQueue(); err != nil {
		return err
	}
	for range s.o.instances {
		address, port, err := freePort()
		if err != nil {
			return err
		}
		i := &instance{address: address, exe: filepath.Join(s.dir, "bootstrap"), env: append([]string{
			"HOST=127.0.0.1", "PORT=" + port, "AUTH=none", "QUEUE=" + s.queue, "DURABLE=" + s.o.mode,
		}, azure...)}
		s.instances, s.processes = append(s.instances, i), append(s.processes, i)
		if err := i.start(); err != nil {
			return err
		}
	}
	return nil
}

func (s *site) startQueue() error {
	switch s.o.queue {
	case "file":
		s.queue = "file:" + filepath.Join(s.dir, "queue")
		return nil
	case "nats":
	default:
		return fmt.Errorf("-queue has no %q", s.o.queue)
	}
	address, port, err := freePort()
	if err != nil {
		return err
	}
	monitor, monitorPort, err := freePort()
	if err != nil {
		return err
	}
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	i := &instance{address: address, exe: exe, env: []string{
		envServer + "=" + filepath.Join(s.dir, "stream"), "PORT=" + port, "MONITOR=" + monitorPort,
	}}
	s.processes = append(s.processes, i)
	s.queue = fmt.Sprintf("nats://%s/OUTAGE?lease=5s&monitor=http://%s", address, monitor)
	return i.start()
}

func freePort() (address, port string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", "", err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String(), strconv.Itoa(l.Addr().(*net.TCPAddr).Port), nil
}

func (s *site) urls() (urls []string) {
	for _, i := range s.instances {
		urls = append(urls, "http://"+i.address)
	}
	return urls
}

// deadLetters gives the message ids of the dead letters.
func (s *site) deadLetters() (ids []string, err error) {
	out, err := exec.Command(filepath.Join(s.dir, "mayfly"), "dead-letters", "list", "--json", s.queue).Output()
	if err != nil {
		return nil, fmt.Errorf("dead-letters: %w", err)
	}
	var list []struct {
		MessageID string `json:"messageId"`
	}
	if err := json.Unmarshal(out, &list); err != nil {
		return nil, fmt.Errorf("dead-letters: %w", err)
	}
	for i := range list {
		ids = append(ids, list[i].MessageID)
	}
	return ids, nil
}

func (s *site) stop() {
	for _, i := range s.processes {
		i.kill()
	}
	if s.azure != nil {
		_ = s.azure.Close()
	}
	_ = os.RemoveAll(s.dir)
}

// instance is a process that is killed and started again at one address.
type instance struct {
	address, exe string
	env          []string
	child        *process.Child
}

// start starts the process and waits until it listens.
func (i *instance) start() (err error) {
	cmd := exec.Command(i.exe)
	cmd.Env = append(i.env, "PATH="+os.Getenv("PATH"))
	i.child, _, err = process.Run(cmd)
	return err
}

func (i *instance) kill() {
	if i.child != nil {
		_ = i.child.Stop()
	}
}

func (i *instance) restart() error {
	i.kill()
	return i.start()
}

// beServer is a server of JetStream that syncs, until it is killed.
func beServer() {
	port, _ := strconv.Atoi(os.Getenv("PORT"))
	monitor, _ := strconv.Atoi(os.Getenv("MONITOR"))
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: port, HTTPHost: "127.0.0.1", HTTPPort: monitor, JetStream: true,
		StoreDir: os.Getenv(envServer), SyncAlways: true, NoLog: true, NoSigs: true,
	})
	if err != nil {
		panic(err)
	}
	s.Start()
	if s.ReadyForConnections(10 * time.Second) {
		fmt.Printf("{\"address\":%q}\n", s.Addr().String())
		select {}
	}
	panic("the server of the queue does not listen")
}
